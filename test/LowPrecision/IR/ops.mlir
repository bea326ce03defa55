// RUN: tegula-opt %s | tegula-opt | FileCheck %s

// CHECK-LABEL: func @dequantize
// CHECK: lp.dequantize %{{.*}}, %{{.*}} layout(<n = 1, k = 2, container = 8, planes = <bits = 4, shift = 0, slot = [k2], lane = [], reg = []>>) scheme(<bits = 4, group = 4, zero = 8>) : tensor<12xi8>, tensor<3x2xf32> -> tensor<8x3xf32>
// CHECK: lp.dequantize %{{.*}}, %{{.*}} zeros(%{{.*}} : tensor<3x2xi8>) layout
#rows = #lp.layout<n = 1, k = 2, container = 8, planes = <bits = 4, shift = 0, slot = [k2], lane = [], reg = []>>
func.func @dequantize(%c: tensor<12xi8>, %s: tensor<3x2xf32>, %z: tensor<3x2xi8>) -> (tensor<8x3xf32>, tensor<8x3xf32>) {
  %0 = lp.dequantize %c, %s layout(#rows) scheme(<bits = 4, group = 4, zero = 8>) : tensor<12xi8>, tensor<3x2xf32> -> tensor<8x3xf32>
  %1 = lp.dequantize %c, %s zeros(%z : tensor<3x2xi8>) layout(#rows) scheme(<bits = 4, group = 4, zero = 8>) : tensor<12xi8>, tensor<3x2xf32> -> tensor<8x3xf32>
  return %0, %1 : tensor<8x3xf32>, tensor<8x3xf32>
}

// Columns of 4 bits for vectors of 8 lanes; 3 bits as planes of 2 and 1.
// CHECK-LABEL: func private @layouts
// CHECK-SAME: columns = #lp.layout<n = 16, k = 8, container = 32, planes = <bits = 4, shift = 0, slot = [k8], lane = [n8], reg = [n2*8]>>
// CHECK-SAME: planes = #lp.layout<n = 8, k = 16, container = 16, planes = <bits = 2, shift = 0, slot = [k8], lane = [n8], reg = [k2*8]>, <bits = 1, shift = 2, slot = [k16], lane = [n8], reg = []>>
func.func private @layouts() attributes {
  columns = #lp.layout<n = 16, k = 8, container = 32, planes = <bits = 4, shift = 0, slot = [k8], lane = [n8], reg = [n2*8]>>,
  planes = #lp.layout<n = 8, k = 16, container = 16, planes =
    <bits = 2, shift = 0, slot = [k8], lane = [n8], reg = [k2*8]>,
    <bits = 1, shift = 2, slot = [k16], lane = [n8], reg = []>>}

// CHECK-LABEL: func @dot
// CHECK: lp.dot %{{.*}}, %{{.*}}, %{{.*}} : i32
// CHECK: lp.dot %{{.*}}, %{{.*}}, %{{.*}} : vector<8xi32>
func.func @dot(%a: i32, %v: vector<8xi32>) -> (i32, vector<8xi32>) {
  %0 = lp.dot %a, %a, %a : i32
  %1 = lp.dot %v, %v, %v : vector<8xi32>
  return %0, %1 : i32, vector<8xi32>
}

// CHECK-LABEL: func @dot_bytes
// CHECK: lp.dot_bytes %{{.*}}, %{{.*}}, %{{.*}} : i32
// CHECK: lp.dot_bytes %{{.*}}, %{{.*}}, %{{.*}} {narrow} : vector<8xi32>
func.func @dot_bytes(%a: i32, %v: vector<8xi32>) -> (i32, vector<8xi32>) {
  %0 = lp.dot_bytes %a, %a, %a : i32
  %1 = lp.dot_bytes %v, %v, %v {narrow} : vector<8xi32>
  return %0, %1 : i32, vector<8xi32>
}

// Two panels of 16 columns, two blocks of 8 positions each.
// CHECK-LABEL: func @sum_steps
// CHECK: lp.sum_steps %{{.*}}, %{{.*}}, %{{.*}} block(8) : tensor<?x16xi32>, tensor<?xi32>, tensor<5xi32> -> tensor<24x12xi32>
func.func @sum_steps(%s: tensor<?x16xi32>, %p: tensor<?xi32>, %t: tensor<5xi32>) -> tensor<24x12xi32> {
  %0 = lp.sum_steps %s, %p, %t block(8) : tensor<?x16xi32>, tensor<?xi32>, tensor<5xi32> -> tensor<24x12xi32>
  return %0 : tensor<24x12xi32>
}
