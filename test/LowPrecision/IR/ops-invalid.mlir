// RUN: tegula-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{3 slots of 4 bits do not fill a container of 8}}
func.func private @a() attributes {a = #lp.layout<n = 1, k = 3, container = 8, planes = <bits = 4, shift = 0, slot = [k3], lane = [], reg = []>>}

// -----

// expected-error@+1 {{the modes of a plane count 16 elements, the tile has 8}}
func.func private @a() attributes {a = #lp.layout<n = 4, k = 2, container = 8, planes = <bits = 4, shift = 0, slot = [k2], lane = [n8], reg = []>>}

// -----

// expected-error@+1 {{element (2, 0) shares its place with another one}}
func.func private @a() attributes {a = #lp.layout<n = 4, k = 2, container = 8, planes = <bits = 4, shift = 0, slot = [k2], lane = [n2], reg = [n2]>>}

// -----

// expected-error@+1 {{two planes hold bit 1}}
func.func private @a() attributes {a = #lp.layout<n = 1, k = 8, container = 8, planes = <bits = 2, shift = 0, slot = [k4], lane = [k2*4], reg = []>, <bits = 1, shift = 1, slot = [k8], lane = [], reg = []>>}

// -----

// expected-error@+1 {{the planes leave out bits of a code}}
func.func private @a() attributes {a = #lp.layout<n = 1, k = 8, container = 8, planes = <bits = 1, shift = 1, slot = [k8], lane = [], reg = []>>}

// -----

// expected-error@+1 {{`bits` must be 1, 2, 4 or 8, found 3}}
func.func private @a() attributes {a = #lp.plane<bits = 3, shift = 0, slot = [k8], lane = [], reg = []>}

// -----

// expected-error@+1 {{`shift` leaves the 8 bits of a code: 5}}
func.func private @a() attributes {a = #lp.plane<bits = 4, shift = 5, slot = [k8], lane = [], reg = []>}

// -----

// expected-error@+2 {{expected a mode such as `k8` or `n4*8`}}
// expected-error@+1 {{failed to parse PlaneAttr parameter 'slot'}}
func.func private @a() attributes {a = #lp.plane<bits = 4, shift = 0, slot = [m8], lane = [], reg = []>}

// -----

// expected-error@+1 {{too many modes, or sizes and strides that are not between 1 and 16384}}
func.func private @a() attributes {a = #lp.plane<bits = 4, shift = 0, slot = [k8], lane = [n4000000000*8], reg = []>}

// -----

// expected-error@+1 {{a tile must have between 1 and 16384 elements, found 4096 x 4096}}
func.func private @a() attributes {a = #lp.layout<n = 4096, k = 4096, container = 8, planes = <bits = 4, shift = 0, slot = [k2], lane = [], reg = []>>}

// -----

// expected-error@+1 {{`zero` must be a code of 4 bits, found 16}}
func.func private @a() attributes {a = #lp.scheme<bits = 4, group = 32, zero = 16>}

// -----

// expected-error@+1 {{`group` must be positive, found 0}}
func.func private @a() attributes {a = #lp.scheme<bits = 4, group = 0, zero = 8>}

// -----

func.func @a(%c: tensor<13xi8>, %s: tensor<3x2xf32>, %z: tensor<3x2xi8>) {
  // expected-error@+1 {{expects 12 bytes of codes for 'tensor<8x3xf32>', found 13}}
  %0 = lp.dequantize %c, %s layout(<n = 1, k = 2, container = 8, planes = <bits = 4, shift = 0, slot = [k2], lane = [], reg = []>>) scheme(<bits = 4, group = 4, zero = 8>) : tensor<13xi8>, tensor<3x2xf32> -> tensor<8x3xf32>
  return
}

// -----

func.func @a(%c: tensor<12xi8>, %s: tensor<2x3xf32>, %z: tensor<3x2xi8>) {
  // expected-error@+1 {{expects scales of shape 3x2, found 'tensor<2x3xf32>'}}
  %0 = lp.dequantize %c, %s layout(<n = 1, k = 2, container = 8, planes = <bits = 4, shift = 0, slot = [k2], lane = [], reg = []>>) scheme(<bits = 4, group = 4, zero = 8>) : tensor<12xi8>, tensor<2x3xf32> -> tensor<8x3xf32>
  return
}

// -----

func.func @a(%c: tensor<12xi8>, %s: tensor<3x2xf32>, %z: tensor<3x1xi8>) {
  // expected-error@+1 {{expects zeros of shape 3x2, found 'tensor<3x1xi8>'}}
  %0 = lp.dequantize %c, %s zeros(%z : tensor<3x1xi8>) layout(<n = 1, k = 2, container = 8, planes = <bits = 4, shift = 0, slot = [k2], lane = [], reg = []>>) scheme(<bits = 4, group = 4, zero = 8>) : tensor<12xi8>, tensor<3x2xf32> -> tensor<8x3xf32>
  return
}

// -----

func.func @a(%c: tensor<12xi8>, %s: tensor<3x2xf32>, %z: tensor<3x2xi8>) {
  // expected-error@+1 {{expects a layout of 2-bit codes, found 4}}
  %0 = lp.dequantize %c, %s layout(<n = 1, k = 2, container = 8, planes = <bits = 4, shift = 0, slot = [k2], lane = [], reg = []>>) scheme(<bits = 2, group = 4, zero = 2>) : tensor<12xi8>, tensor<3x2xf32> -> tensor<8x3xf32>
  return
}

// -----

func.func @a(%c: tensor<?xi8>, %s: tensor<3x2xf32>, %z: tensor<3x2xi8>) {
  // expected-error@+1 {{expects static shapes}}
  %0 = lp.dequantize %c, %s layout(<n = 1, k = 2, container = 8, planes = <bits = 4, shift = 0, slot = [k2], lane = [], reg = []>>) scheme(<bits = 4, group = 4, zero = 8>) : tensor<?xi8>, tensor<3x2xf32> -> tensor<8x3xf32>
  return
}

// -----

func.func @a(%a: i16) {
  // expected-error@+1 {{expects 32-bit integers, found 'i16'}}
  %0 = lp.dot %a, %a, %a : i16
  return
}

// -----

func.func @a(%a: vector<4xi64>) {
  // expected-error@+1 {{expects 32-bit integers, found 'vector<4xi64>'}}
  %0 = lp.dot_bytes %a, %a, %a : vector<4xi64>
  return
}

// -----

func.func @a(%s: tensor<?x16xi32>, %p: tensor<?xi32>, %t: tensor<4xi32>) {
  // expected-error@+1 {{expects 5 starts for 'tensor<24x12xi32>', found 'tensor<4xi32>'}}
  %0 = lp.sum_steps %s, %p, %t block(8) : tensor<?x16xi32>, tensor<?xi32>, tensor<4xi32> -> tensor<24x12xi32>
  return
}

// -----

func.func @a(%s: tensor<30x16xi32>, %p: tensor<29xi32>, %t: tensor<5xi32>) {
  // expected-error@+1 {{expects a position for each step of 'tensor<30x16xi32>', found 'tensor<29xi32>'}}
  %0 = lp.sum_steps %s, %p, %t block(8) : tensor<30x16xi32>, tensor<29xi32>, tensor<5xi32> -> tensor<24x12xi32>
  return
}

// -----

func.func @a(%s: tensor<?x16xi32>, %p: tensor<?xi32>, %t: tensor<?xi32>) {
  // expected-error@+1 {{expects static shapes but for the number of steps}}
  %0 = lp.sum_steps %s, %p, %t block(8) : tensor<?x16xi32>, tensor<?xi32>, tensor<?xi32> -> tensor<24x12xi32>
  return
}

// -----

func.func @a(%s: tensor<?x16xi32>, %p: tensor<?xi32>, %t: tensor<5xi32>) {
  // expected-error@+1 {{expects positive blocks and panels}}
  %0 = lp.sum_steps %s, %p, %t block(0) : tensor<?x16xi32>, tensor<?xi32>, tensor<5xi32> -> tensor<24x12xi32>
  return
}
