// RUN: tegula-opt %s | tegula-opt | FileCheck %s
// RUN: tegula-opt %s -mlir-print-op-generic | tegula-opt | FileCheck %s

// CHECK-LABEL: @kernel
// CHECK-SAME: %[[A:.+]]: tensor<4xf32>, %[[S:.+]]: f32
func.func @kernel(%a: tensor<4xf32>, %s: f32) -> tensor<4xf32> {
  // CHECK: %[[O:.+]] = tensor.empty
  %o = tensor.empty() : tensor<4xf32>
  // CHECK: graph.kernel ins(%[[A]], %[[S]] : tensor<4xf32>, f32) outs(%[[O]] : tensor<4xf32>) attributes {schedule = "loops"} {
  // CHECK: graph.yield
  // CHECK: } -> tensor<4xf32>
  %r = graph.kernel ins(%a, %s : tensor<4xf32>, f32) outs(%o : tensor<4xf32>)
      attributes {schedule = "loops"} {
  ^bb0(%x: tensor<4xf32>, %t: f32, %y: tensor<4xf32>):
    %e = linalg.exp ins(%x : tensor<4xf32>) outs(%y : tensor<4xf32>) -> tensor<4xf32>
    graph.yield %e : tensor<4xf32>
  } -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// CHECK-LABEL: @call
func.func @call(%a: tensor<4xf32>, %m: memref<4xf32>) -> tensor<4xf32> {
  // CHECK: graph.call @k outs(%{{.+}} : memref<4xf32>)
  graph.call @k outs(%m : memref<4xf32>)
  // CHECK: graph.call @k ins(%{{.+}} : tensor<4xf32>) outs(%{{.+}} : tensor<4xf32>) -> tensor<4xf32>
  %r = graph.call @k ins(%a : tensor<4xf32>) outs(%a : tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// CHECK-LABEL: @check
func.func @check(%c: i1) {
  // CHECK: graph.check %{{.+}}, "no"
  graph.check %c, "no"
  return
}

// CHECK-LABEL: func @winograd_filter
// CHECK: graph.winograd_filter %{{.*}} : tensor<36x8x4xf32> -> tensor<8x4x3x3xf32>
func.func @winograd_filter(%u: tensor<36x8x4xf32>) -> tensor<8x4x3x3xf32> {
  %g = graph.winograd_filter %u : tensor<36x8x4xf32> -> tensor<8x4x3x3xf32>
  return %g : tensor<8x4x3x3xf32>
}
