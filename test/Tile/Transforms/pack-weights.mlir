// RUN: tegula-opt %s -tegula-tile-pack-weights | FileCheck %s

// Six columns in panels of four; the second panel ends in zeros.
// CHECK-LABEL: func @columns
// CHECK: %[[W:.*]] = arith.constant dense_resource<packed> : tensor<2x2x4xf32>
// CHECK: graph.kernel ins(%{{.*}}, %[[W]] : tensor<3x2xf32>, tensor<2x2x4xf32>)
// CHECK: ^bb0(%[[A:.*]]: tensor<3x2xf32>, %[[B:.*]]: tensor<2x2x4xf32>
// CHECK: %[[U:.*]] = linalg.unpack %[[B]] outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [4] into %{{.*}} : tensor<2x2x4xf32> -> tensor<2x6xf32>
// CHECK: linalg.matmul ins(%[[A]], %[[U]]
func.func @columns(%a: tensor<3x2xf32>) -> tensor<3x6xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]> : tensor<2x6xf32>
  %e = tensor.empty() : tensor<3x6xf32>
  %r = graph.kernel ins(%a, %w : tensor<3x2xf32>, tensor<2x6xf32>) outs(%e : tensor<3x6xf32>)
      attributes {schedule = #sched.contraction<mr = 3, nr = 4, vl = 4, kc = 8, mc = 3, nc = 4, pack_columns = false, prefetch = 0, numerics = "fma">} {
  ^bb0(%x: tensor<3x2xf32>, %y: tensor<2x6xf32>, %z: tensor<3x6xf32>):
    %zero = arith.constant 0.0 : f32
    %f = linalg.fill ins(%zero : f32) outs(%z : tensor<3x6xf32>) -> tensor<3x6xf32>
    %m = linalg.matmul ins(%x, %y : tensor<3x2xf32>, tensor<2x6xf32>) outs(%f : tensor<3x6xf32>) -> tensor<3x6xf32>
    graph.yield %m : tensor<3x6xf32>
  } -> tensor<3x6xf32>
  return %r : tensor<3x6xf32>
}

// An operand that is not constant stays as it is.
// CHECK-LABEL: func @variable
// CHECK-NOT: linalg.unpack
// CHECK: return
func.func @variable(%a: tensor<3x2xf32>, %w: tensor<2x6xf32>) -> tensor<3x6xf32> {
  %e = tensor.empty() : tensor<3x6xf32>
  %r = graph.kernel ins(%a, %w : tensor<3x2xf32>, tensor<2x6xf32>) outs(%e : tensor<3x6xf32>)
      attributes {schedule = #sched.contraction<mr = 3, nr = 4, vl = 4, kc = 8, mc = 3, nc = 4, pack_columns = true, prefetch = 0, numerics = "fma">} {
  ^bb0(%x: tensor<3x2xf32>, %y: tensor<2x6xf32>, %z: tensor<3x6xf32>):
    %zero = arith.constant 0.0 : f32
    %f = linalg.fill ins(%zero : f32) outs(%z : tensor<3x6xf32>) -> tensor<3x6xf32>
    %m = linalg.matmul ins(%x, %y : tensor<3x2xf32>, tensor<2x6xf32>) outs(%f : tensor<3x6xf32>) -> tensor<3x6xf32>
    graph.yield %m : tensor<3x6xf32>
  } -> tensor<3x6xf32>
  return %r : tensor<3x6xf32>
}

// Rows 1..6 | 7..12 as [panel][k][column]: 1 2 3 4, 7 8 9 10 | 5 6 0 0, 11 12 0 0.
// CHECK: packed: "0x400000000000803F0000004000004040000080400000E040000000410000104100002041
// CHECK-SAME: 0000A0400000C0400000000000000000000030410000404100000000
// CHECK-SAME: 00000000"
