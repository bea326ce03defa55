// RUN: tegula-opt %s -tegula-graph-expand-groups -split-input-file | FileCheck %s

#x = affine_map<(n, g, f, o, c, k) -> (n, g, c, o + k)>
#w = affine_map<(n, g, f, o, c, k) -> (g, f, c, k)>
#y = affine_map<(n, g, f, o, c, k) -> (n, g, f, o)>
#id = affine_map<(n, f, o) -> (n, f, o)>
#f = affine_map<(n, f, o) -> (f)>

// Padding and bias in the shape that has groups.
// CHECK-LABEL: @grouped
// CHECK-SAME: (%[[X:.*]]: tensor<1x6x8xf32>,
// CHECK: %[[EXPANDED:.*]] = tensor.expand_shape %[[X]] {{.*}} into tensor<1x2x3x8xf32>
// CHECK: %[[PADDED:.*]] = tensor.pad %[[EXPANDED]] low[0, 0, 0, 1] high[0, 0, 0, 1]
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}}"reduction"{{.*}} ins(%[[PADDED]],
// CHECK: %[[DONE:.*]] = linalg.generic {{.*}} ins(%[[SUM]], %{{.*}} : tensor<1x2x4x8xf32>, tensor<2x4xf32>)
// CHECK: %[[FLAT:.*]] = tensor.collapse_shape %[[DONE]] {{.*}} into tensor<1x8x8xf32>
// CHECK: return %[[FLAT]]
func.func @grouped(%x: tensor<1x6x8xf32>, %w: tensor<2x4x3x3xf32>, %b: tensor<8xf32>) -> tensor<1x8x8xf32> {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[0, 0, 1] high[0, 0, 1] {
  ^bb0(%i: index, %j: index, %k: index):
    tensor.yield %zero : f32
  } : tensor<1x6x8xf32> to tensor<1x6x10xf32>
  %s = tensor.expand_shape %p [[0], [1, 2], [3]] output_shape [1, 2, 3, 10] : tensor<1x6x10xf32> into tensor<1x2x3x10xf32>
  %e = tensor.empty() : tensor<1x2x4x8xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<1x2x4x8xf32>) -> tensor<1x2x4x8xf32>
  %c = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction"]}
      ins(%s, %w : tensor<1x2x3x10xf32>, tensor<2x4x3x3xf32>) outs(%z : tensor<1x2x4x8xf32>) {
  ^bb0(%a: f32, %v: f32, %o: f32):
    %0 = arith.mulf %a, %v : f32
    %1 = arith.addf %o, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<1x2x4x8xf32>
  %m = tensor.collapse_shape %c [[0], [1, 2], [3]] : tensor<1x2x4x8xf32> into tensor<1x8x8xf32>
  %out = tensor.empty() : tensor<1x8x8xf32>
  %r = linalg.generic {indexing_maps = [#id, #f, #id], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%m, %b : tensor<1x8x8xf32>, tensor<8xf32>) outs(%out : tensor<1x8x8xf32>) {
  ^bb0(%a: f32, %v: f32, %o: f32):
    %0 = arith.addf %a, %v : f32
    linalg.yield %0 : f32
  } -> tensor<1x8x8xf32>
  return %r : tensor<1x8x8xf32>
}

// -----

// Reshapes of anything else stay where they are.
// CHECK-LABEL: @product
// CHECK: %[[M:.*]] = linalg.batch_matmul
// CHECK: tensor.collapse_shape %[[M]]
// CHECK: linalg.generic
// CHECK-NOT: _shape
#id = affine_map<(i, j) -> (i, j)>
func.func @product(%a: tensor<2x3x4xf32>, %b: tensor<2x4x5xf32>, %e: tensor<2x3x5xf32>) -> tensor<6x5xf32> {
  %m = linalg.batch_matmul ins(%a, %b : tensor<2x3x4xf32>, tensor<2x4x5xf32>) outs(%e : tensor<2x3x5xf32>) -> tensor<2x3x5xf32>
  %c = tensor.collapse_shape %m [[0, 1], [2]] : tensor<2x3x5xf32> into tensor<6x5xf32>
  %out = tensor.empty() : tensor<6x5xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%c : tensor<6x5xf32>) outs(%out : tensor<6x5xf32>) {
  ^bb0(%v: f32, %o: f32):
    %0 = arith.negf %v : f32
    linalg.yield %0 : f32
  } -> tensor<6x5xf32>
  return %r : tensor<6x5xf32>
}
