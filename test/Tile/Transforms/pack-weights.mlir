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
      attributes {schedule = #sched.contraction<mr = 3, nr = 4, vl = 4, kc = 8, mc = 3, nc = 4, pack_columns = false, streams = 1, numerics = "fma">} {
  ^bb0(%x: tensor<3x2xf32>, %y: tensor<2x6xf32>, %z: tensor<3x6xf32>):
    %zero = arith.constant 0.0 : f32
    %f = linalg.fill ins(%zero : f32) outs(%z : tensor<3x6xf32>) -> tensor<3x6xf32>
    %m = linalg.matmul ins(%x, %y : tensor<3x2xf32>, tensor<2x6xf32>) outs(%f : tensor<3x6xf32>) -> tensor<3x6xf32>
    graph.yield %m : tensor<3x6xf32>
  } -> tensor<3x6xf32>
  return %r : tensor<3x6xf32>
}

// The panels of two streams are half as wide: a tile reads two of them.
// CHECK-LABEL: func @streams
// CHECK: graph.kernel ins(%{{.*}} : tensor<3x2xf32>, tensor<3x2x2xf32>)
// CHECK: linalg.unpack %{{.*}} outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [2] into %{{.*}} : tensor<3x2x2xf32> -> tensor<2x6xf32>
func.func @streams(%a: tensor<3x2xf32>) -> tensor<3x6xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]> : tensor<2x6xf32>
  %e = tensor.empty() : tensor<3x6xf32>
  %r = graph.kernel ins(%a, %w : tensor<3x2xf32>, tensor<2x6xf32>) outs(%e : tensor<3x6xf32>)
      attributes {schedule = #sched.contraction<mr = 3, nr = 4, vl = 2, kc = 8, mc = 3, nc = 4, pack_columns = false, streams = 2, numerics = "fma">} {
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
      attributes {schedule = #sched.contraction<mr = 3, nr = 4, vl = 4, kc = 8, mc = 3, nc = 4, pack_columns = true, streams = 1, numerics = "fma">} {
  ^bb0(%x: tensor<3x2xf32>, %y: tensor<2x6xf32>, %z: tensor<3x6xf32>):
    %zero = arith.constant 0.0 : f32
    %f = linalg.fill ins(%zero : f32) outs(%z : tensor<3x6xf32>) -> tensor<3x6xf32>
    %m = linalg.matmul ins(%x, %y : tensor<3x2xf32>, tensor<2x6xf32>) outs(%f : tensor<3x6xf32>) -> tensor<3x6xf32>
    graph.yield %m : tensor<3x6xf32>
  } -> tensor<3x6xf32>
  return %r : tensor<3x6xf32>
}

// 4-bit codes, row by row, become tiles of 4 columns x 8 positions; the third
// panel of scales ends in zeros.
// CHECK-LABEL: func @codes
// CHECK-DAG: %[[C:.*]] = arith.constant dense_resource<codes> : tensor<32xi8>
// CHECK-DAG: %[[S:.*]] = arith.constant dense_resource<packed{{.*}}> : tensor<2x1x4xf32>
// CHECK: graph.kernel ins(%{{.*}}, %[[C]], %[[S]]
// CHECK: %[[U:.*]] = linalg.unpack %{{.*}} outer_dims_perm = [0, 1] inner_dims_pos = [0] inner_tiles = [4] into %{{.*}} : tensor<2x1x4xf32> -> tensor<6x1xf32>
// CHECK: lp.dequantize %{{.*}}, %[[U]] layout(<n = 4, k = 8, container = 32, planes = <bits = 4, shift = 0, slot = [k8], lane = [n4], reg = [n1*4]>>)
func.func @codes(%a: tensor<3x8xf32>) -> tensor<3x6xf32> {
  %c = arith.constant dense<[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24]> : tensor<24xi8>
  %s = arith.constant dense<[[1.0], [2.0], [3.0], [4.0], [5.0], [6.0]]> : tensor<6x1xf32>
  %e = tensor.empty() : tensor<3x6xf32>
  %r = graph.kernel ins(%a, %c, %s : tensor<3x8xf32>, tensor<24xi8>, tensor<6x1xf32>) outs(%e : tensor<3x6xf32>)
      attributes {schedule = #sched.contraction<mr = 3, nr = 4, vl = 4, kc = 8, mc = 3, nc = 4, pack_columns = false, streams = 1, numerics = "fma">} {
  ^bb0(%x: tensor<3x8xf32>, %y: tensor<24xi8>, %t: tensor<6x1xf32>, %z: tensor<3x6xf32>):
    %w = lp.dequantize %y, %t
        layout(<n = 1, k = 2, container = 8, planes = <bits = 4, shift = 0, slot = [k2], lane = [], reg = []>>)
        scheme(<bits = 4, group = 8, zero = 8>) : tensor<24xi8>, tensor<6x1xf32> -> tensor<8x6xf32>
    %zero = arith.constant 0.0 : f32
    %f = linalg.fill ins(%zero : f32) outs(%z : tensor<3x6xf32>) -> tensor<3x6xf32>
    %m = linalg.matmul ins(%x, %w : tensor<3x8xf32>, tensor<8x6xf32>) outs(%f : tensor<3x6xf32>) -> tensor<3x6xf32>
    graph.yield %m : tensor<3x6xf32>
  } -> tensor<3x6xf32>
  return %r : tensor<3x6xf32>
}

// The 8 codes of a row are the container of its lane: rows 0..3 | 4, 5, 0, 0.
// CHECK-DAG: codes: "0x400000000102030405060708090A0B0C0D0E0F1011121314151617180000000000000000"
// Rows 1..6 | 7..12 as [panel][k][column]: 1 2 3 4, 7 8 9 10 | 5 6 0 0, 11 12 0 0.
// CHECK-DAG: packed: "0x400000000000803F0000004000004040000080400000E0400000004100001041000020410000A0400000C0400000000000000000000030410000404100000000{{0+}}"
