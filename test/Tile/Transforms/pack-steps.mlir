// RUN: tegula-opt %s -tegula-tile-pack-steps | FileCheck %s

// CHECK-DAG: #[[COLUMNS:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>

// Five columns in panels of four. In the first panel 255 * (127 + 127) would not
// fit into 16 bits: its second position is two steps, of 63 and of 64.
// CHECK-LABEL: func @columns
// CHECK-DAG: %[[S:.*]] = arith.constant dense_resource<steps> : tensor<5x4xi32>
// CHECK-DAG: %[[P:.*]] = arith.constant dense_resource<positions> : tensor<5xi32>
// CHECK-DAG: %[[T:.*]] = arith.constant dense_resource<starts> : tensor<3xi32>
// CHECK-DAG: %[[SC:.*]] = tensor.cast %[[S]] : tensor<5x4xi32> to tensor<?x4xi32>
// CHECK-DAG: %[[PC:.*]] = tensor.cast %[[P]] : tensor<5xi32> to tensor<?xi32>
// CHECK: graph.kernel ins(%{{.*}}, %[[SC]], %[[PC]], %[[T]] : tensor<3x2xi32>, tensor<?x4xi32>, tensor<?xi32>, tensor<3xi32>)
// CHECK: ^bb0(%[[A:.*]]: tensor<3x2xi32>, %[[BS:.*]]: tensor<?x4xi32>, %[[BP:.*]]: tensor<?xi32>, %[[BT:.*]]: tensor<3xi32>, %{{.*}}: tensor<3x5xi32>):
// CHECK: %[[U:.*]] = lp.sum_steps %[[BS]], %[[BP]], %[[BT]] block(2) : tensor<?x4xi32>, tensor<?xi32>, tensor<3xi32> -> tensor<5x2xi32>
// CHECK: linalg.generic {indexing_maps = [#[[ROWS:.*]], #[[COLUMNS]], {{.*}} ins(%[[A]], %[[U]]
// CHECK: lp.dot_bytes %{{.*}}, %{{.*}}, %{{.*}} {narrow} : i32
func.func @columns(%a: tensor<3x2xi32>) -> tensor<3x5xi32> {
  %w = arith.constant dense<[[0x01010101, 2, 3, 4, 5], [0x00007f7f, 7, 8, 9, 10]]> : tensor<2x5xi32>
  %e = tensor.empty() : tensor<3x5xi32>
  %r = graph.kernel ins(%a, %w : tensor<3x2xi32>, tensor<2x5xi32>) outs(%e : tensor<3x5xi32>)
      attributes {schedule = #sched.contraction<mr = 3, nr = 4, vl = 4, kc = 8, mc = 3, nc = 4, pack_columns = false, streams = 1, numerics = "fma">} {
  ^bb0(%x: tensor<3x2xi32>, %y: tensor<2x5xi32>, %z: tensor<3x5xi32>):
    %zero = arith.constant 0 : i32
    %f = linalg.fill ins(%zero : i32) outs(%z : tensor<3x5xi32>) -> tensor<3x5xi32>
    %m = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %y : tensor<3x2xi32>, tensor<2x5xi32>) outs(%f : tensor<3x5xi32>) {
    ^bb1(%q: i32, %v: i32, %acc: i32):
      %d = lp.dot_bytes %q, %v, %acc : i32
      linalg.yield %d : i32
    } -> tensor<3x5xi32>
    graph.yield %m : tensor<3x5xi32>
  } -> tensor<3x5xi32>
  return %r : tensor<3x5xi32>
}

// An operand that is not constant stays as it is, and may saturate.
// CHECK-LABEL: func @variable
// CHECK-NOT: lp.sum_steps
// CHECK: lp.dot_bytes %{{.*}}, %{{.*}}, %{{.*}} : i32
func.func @variable(%a: tensor<3x2xi32>, %w: tensor<2x5xi32>) -> tensor<3x5xi32> {
  %e = tensor.empty() : tensor<3x5xi32>
  %r = graph.kernel ins(%a, %w : tensor<3x2xi32>, tensor<2x5xi32>) outs(%e : tensor<3x5xi32>)
      attributes {schedule = #sched.contraction<mr = 3, nr = 4, vl = 4, kc = 8, mc = 3, nc = 4, pack_columns = false, streams = 1, numerics = "fma">} {
  ^bb0(%x: tensor<3x2xi32>, %y: tensor<2x5xi32>, %z: tensor<3x5xi32>):
    %zero = arith.constant 0 : i32
    %f = linalg.fill ins(%zero : i32) outs(%z : tensor<3x5xi32>) -> tensor<3x5xi32>
    %m = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %y : tensor<3x2xi32>, tensor<2x5xi32>) outs(%f : tensor<3x5xi32>) {
    ^bb1(%q: i32, %v: i32, %acc: i32):
      %d = lp.dot_bytes %q, %v, %acc : i32
      linalg.yield %d : i32
    } -> tensor<3x5xi32>
    graph.yield %m : tensor<3x5xi32>
  } -> tensor<3x5xi32>
  return %r : tensor<3x5xi32>
}

// So do pairs: their products fit.
// CHECK-LABEL: func @pairs
// CHECK-NOT: lp.sum_steps
// CHECK: lp.dot %{{.*}}, %{{.*}}, %{{.*}} : i32
func.func @pairs(%a: tensor<3x2xi32>) -> tensor<3x5xi32> {
  %w = arith.constant dense<[[0x01010101, 2, 3, 4, 5], [0x00007f7f, 7, 8, 9, 10]]> : tensor<2x5xi32>
  %e = tensor.empty() : tensor<3x5xi32>
  %r = graph.kernel ins(%a, %w : tensor<3x2xi32>, tensor<2x5xi32>) outs(%e : tensor<3x5xi32>)
      attributes {schedule = #sched.contraction<mr = 3, nr = 4, vl = 4, kc = 8, mc = 3, nc = 4, pack_columns = false, streams = 1, numerics = "fma">} {
  ^bb0(%x: tensor<3x2xi32>, %y: tensor<2x5xi32>, %z: tensor<3x5xi32>):
    %zero = arith.constant 0 : i32
    %f = linalg.fill ins(%zero : i32) outs(%z : tensor<3x5xi32>) -> tensor<3x5xi32>
    %m = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %y : tensor<3x2xi32>, tensor<2x5xi32>) outs(%f : tensor<3x5xi32>) {
    ^bb1(%q: i32, %v: i32, %acc: i32):
      %d = lp.dot %q, %v, %acc : i32
      linalg.yield %d : i32
    } -> tensor<3x5xi32>
    graph.yield %m : tensor<3x5xi32>
  } -> tensor<3x5xi32>
  return %r : tensor<3x5xi32>
}

// A filter: filters in panels of `mr`, positions through channels and taps. The
// second one of the first panel is split.
// CHECK-LABEL: func @filter
// CHECK-DAG: arith.constant dense_resource<steps{{.*}}> : tensor<9x2xi32>
// CHECK: lp.sum_steps %{{.*}}, %{{.*}}, %{{.*}} block(4) : tensor<?x2xi32>, tensor<?xi32>, tensor<3xi32> -> tensor<3x2x2xi32>
// CHECK: lp.dot_bytes %{{.*}}, %{{.*}}, %{{.*}} {narrow} : i32
func.func @filter(%x: tensor<1x2x9xi32>) -> tensor<1x3x8xi32> {
  %w = arith.constant dense<[[[1, 2], [3, 4]], [[5, 0x7f7f0000], [7, 8]], [[9, 10], [11, 12]]]> : tensor<3x2x2xi32>
  %e = tensor.empty() : tensor<1x3x8xi32>
  %r = graph.kernel ins(%x, %w : tensor<1x2x9xi32>, tensor<3x2x2xi32>) outs(%e : tensor<1x3x8xi32>)
      attributes {schedule = #sched.convolution<mr = 2, nr = 8, vl = 8, kc = 8, nb = 1, fc = 4, in_place = false, numerics = "fma">} {
  ^bb0(%a: tensor<1x2x9xi32>, %b: tensor<3x2x2xi32>, %z: tensor<1x3x8xi32>):
    %zero = arith.constant 0 : i32
    %f = linalg.fill ins(%zero : i32) outs(%z : tensor<1x3x8xi32>) -> tensor<1x3x8xi32>
    %m = linalg.generic {indexing_maps = [affine_map<(n, f, o, c, k) -> (n, c, o + k)>, affine_map<(n, f, o, c, k) -> (f, c, k)>, affine_map<(n, f, o, c, k) -> (n, f, o)>],
                         iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]}
        ins(%a, %b : tensor<1x2x9xi32>, tensor<3x2x2xi32>) outs(%f : tensor<1x3x8xi32>) {
    ^bb1(%q: i32, %v: i32, %acc: i32):
      %d = lp.dot_bytes %q, %v, %acc : i32
      linalg.yield %d : i32
    } -> tensor<1x3x8xi32>
    graph.yield %m : tensor<1x3x8xi32>
  } -> tensor<1x3x8xi32>
  return %r : tensor<1x3x8xi32>
}

// The steps, 0, 1, 1 of the first panel and 0, 1 of the second: 63 and 64 are 3F
// and 40.
// CHECK: steps: "0x40000000010101010200000003000000040000003F3F000003000000040000000400000040400000040000000400000005000000050000000000000000000000000000000A000000000000000000000000000000"
// CHECK: positions: "0x400000000000000001000000010000000000000001000000"
// CHECK: starts: "0x40000000000000000300000005000000"
