// RUN: tegula-opt %s -tegula-describe-kernels -tegula-tile-outline-kernels \
// RUN:   | FileCheck %s

// Two multiply-adds of 4x8x2 and a maximum of 4x2; names come from the body.
// CHECK-LABEL: func.func @main
// CHECK: graph.call @matmul_0
// CHECK-SAME: {tegula.flops = 136 : i64, tegula.nodes = "mm (MatMul); r (Relu)"}
// Equal kernels stay equal whatever their nodes are called.
// CHECK: graph.call @matmul_0
// CHECK-SAME: {tegula.flops = 136 : i64, tegula.nodes = "other (MatMul)"}
// A size that is not known.
// CHECK: graph.call @generic_1
// CHECK-SAME: {tegula.flops = 0 : i64, tegula.nodes = ""}
// CHECK-NOT: tegula.flops
#id = affine_map<(d0, d1) -> (d0, d1)>
func.func @main(%a: tensor<4x8xf32>, %b: tensor<8x2xf32>, %d: tensor<?x?xf32>, %e: tensor<?x?xf32>) -> (tensor<4x2xf32>, tensor<4x2xf32>, tensor<?x?xf32>) {
  %o = tensor.empty() : tensor<4x2xf32>
  %r0 = graph.kernel ins(%a, %b : tensor<4x8xf32>, tensor<8x2xf32>) outs(%o : tensor<4x2xf32>) {
  ^bb0(%x: tensor<4x8xf32>, %y: tensor<8x2xf32>, %z: tensor<4x2xf32>):
    %m = linalg.matmul ins(%x, %y : tensor<4x8xf32>, tensor<8x2xf32>) outs(%z : tensor<4x2xf32>) -> tensor<4x2xf32> loc("mm (MatMul)")
    %s = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%m : tensor<4x2xf32>) outs(%z : tensor<4x2xf32>) {
    ^bb0(%in: f32, %out: f32):
      %n = arith.maximumf %in, %in : f32
      linalg.yield %n : f32
    } -> tensor<4x2xf32> loc("r (Relu)")
    graph.yield %s : tensor<4x2xf32>
  } -> tensor<4x2xf32>
  %r1 = graph.kernel ins(%a, %b : tensor<4x8xf32>, tensor<8x2xf32>) outs(%o : tensor<4x2xf32>) {
  ^bb0(%x: tensor<4x8xf32>, %y: tensor<8x2xf32>, %z: tensor<4x2xf32>):
    %m = linalg.matmul ins(%x, %y : tensor<4x8xf32>, tensor<8x2xf32>) outs(%z : tensor<4x2xf32>) -> tensor<4x2xf32> loc("other (MatMul)")
    %s = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%m : tensor<4x2xf32>) outs(%z : tensor<4x2xf32>) {
    ^bb0(%in: f32, %out: f32):
      %n = arith.maximumf %in, %in : f32
      linalg.yield %n : f32
    } -> tensor<4x2xf32>
    graph.yield %s : tensor<4x2xf32>
  } -> tensor<4x2xf32>
  %r2 = graph.kernel ins(%d : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>) {
  ^bb0(%x: tensor<?x?xf32>, %z: tensor<?x?xf32>):
    %s = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<?x?xf32>) outs(%z : tensor<?x?xf32>) {
    ^bb0(%in: f32, %out: f32):
      %n = arith.negf %in : f32
      linalg.yield %n : f32
    } -> tensor<?x?xf32>
    graph.yield %s : tensor<?x?xf32>
  } -> tensor<?x?xf32>
  return %r0, %r1, %r2 : tensor<4x2xf32>, tensor<4x2xf32>, tensor<?x?xf32>
}
