// RUN: tegula-opt %s -tegula-tile-decompose-winograd-filter | FileCheck %s

// CHECK-LABEL: func @filter
// CHECK-SAME: (%[[U:.*]]: tensor<16x8x4xf32>)
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<8x4x3x3xf32>)
// CHECK-COUNT-16: tensor.extract %[[U]]
// CHECK-NOT: tensor.extract
// CHECK: linalg.yield
// CHECK-NOT: graph.winograd_filter
func.func @filter(%u: tensor<16x8x4xf32>) -> tensor<8x4x3x3xf32> {
  %g = graph.winograd_filter %u : tensor<16x8x4xf32> -> tensor<8x4x3x3xf32>
  return %g : tensor<8x4x3x3xf32>
}
