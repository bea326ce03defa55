// RUN: tegula-opt %s -tegula-graph-collapse-reshapes -split-input-file | FileCheck %s

#id = affine_map<(i, j, k) -> (i, j, k)>
#last = affine_map<(i, j, k) -> (k)>

// The bias is added in the shape of the product; the shape in front comes back
// behind.
// CHECK-LABEL: @expand_in_front
// CHECK: %[[SUM:.*]] = linalg.generic
// CHECK-SAME: iterator_types = ["parallel", "parallel"]
// CHECK-SAME: ins(%{{.*}}, %{{.*}} : tensor<8x4xf32>, tensor<4xf32>)
// CHECK: tensor.expand_shape %[[SUM]] {{.*}} : tensor<8x4xf32> into tensor<2x4x4xf32>
func.func @expand_in_front(%x: tensor<8x4xf32>, %bias: tensor<4xf32>) -> tensor<2x4x4xf32> {
  %0 = tensor.expand_shape %x [[0, 1], [2]] output_shape [2, 4, 4] : tensor<8x4xf32> into tensor<2x4x4xf32>
  %e = tensor.empty() : tensor<2x4x4xf32>
  %1 = linalg.generic {indexing_maps = [#id, #last, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%0, %bias : tensor<2x4x4xf32>, tensor<4xf32>) outs(%e : tensor<2x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %2 = arith.addf %a, %b : f32
    linalg.yield %2 : f32
  } -> tensor<2x4x4xf32>
  return %1 : tensor<2x4x4xf32>
}

// -----

#id = affine_map<(i, j, k) -> (i, j, k)>

// CHECK-LABEL: @collapse_behind
// CHECK: tensor.collapse_shape %arg0
// CHECK: linalg.generic
// CHECK-SAME: iterator_types = ["parallel", "parallel"]
// CHECK-NOT: tensor.collapse_shape
// CHECK: return
func.func @collapse_behind(%x: tensor<2x4x4xf32>) -> tensor<8x4xf32> {
  %e = tensor.empty() : tensor<2x4x4xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x : tensor<2x4x4xf32>) outs(%e : tensor<2x4x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %1 = math.exp %a : f32
    linalg.yield %1 : f32
  } -> tensor<2x4x4xf32>
  %2 = tensor.collapse_shape %0 [[0, 1], [2]] : tensor<2x4x4xf32> into tensor<8x4xf32>
  return %2 : tensor<8x4xf32>
}

// -----

#row = affine_map<(i, j, k) -> (i, j, k)>
#sum = affine_map<(i, j, k) -> (i, j)>

// A reduction's initial value stays a fill, which kernels repeat.
// CHECK-LABEL: @reduction
// CHECK-NOT: tensor.collapse_shape
// CHECK: linalg.fill {{.*}} tensor<8xf32>
// CHECK: linalg.generic
// CHECK-SAME: iterator_types = ["parallel", "reduction"]
// CHECK: tensor.expand_shape
func.func @reduction(%x: tensor<8x4xf32>) -> tensor<2x4xf32> {
  %zero = arith.constant 0.0 : f32
  %0 = tensor.expand_shape %x [[0, 1], [2]] output_shape [2, 4, 4] : tensor<8x4xf32> into tensor<2x4x4xf32>
  %e = tensor.empty() : tensor<2x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x4xf32>) -> tensor<2x4xf32>
  %1 = linalg.generic {indexing_maps = [#row, #sum], iterator_types = ["parallel", "parallel", "reduction"]} ins(%0 : tensor<2x4x4xf32>) outs(%f : tensor<2x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %2 = arith.addf %a, %b : f32
    linalg.yield %2 : f32
  } -> tensor<2x4xf32>
  return %1 : tensor<2x4xf32>
}

// -----

#id = affine_map<(i, j, k) -> (i, j, k)>
#first = affine_map<(i, j, k) -> (i)>

// The second operand is the same along one of the merged dimensions.
// CHECK-LABEL: @broadcast_along_a_part
// CHECK: linalg.generic
// CHECK-SAME: iterator_types = ["parallel", "parallel", "parallel"]
func.func @broadcast_along_a_part(%x: tensor<8x4xf32>, %y: tensor<2xf32>) -> tensor<2x4x4xf32> {
  %0 = tensor.expand_shape %x [[0, 1], [2]] output_shape [2, 4, 4] : tensor<8x4xf32> into tensor<2x4x4xf32>
  %e = tensor.empty() : tensor<2x4x4xf32>
  %1 = linalg.generic {indexing_maps = [#id, #first, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%0, %y : tensor<2x4x4xf32>, tensor<2xf32>) outs(%e : tensor<2x4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %2 = arith.addf %a, %b : f32
    linalg.yield %2 : f32
  } -> tensor<2x4x4xf32>
  return %1 : tensor<2x4x4xf32>
}

// -----

#id = affine_map<(i, j, k) -> (i, j, k)>

// CHECK-LABEL: @reads_loop_numbers
// CHECK: linalg.generic
// CHECK-SAME: iterator_types = ["parallel", "parallel", "parallel"]
func.func @reads_loop_numbers(%x: tensor<8x4xi64>) -> tensor<2x4x4xi64> {
  %0 = tensor.expand_shape %x [[0, 1], [2]] output_shape [2, 4, 4] : tensor<8x4xi64> into tensor<2x4x4xi64>
  %e = tensor.empty() : tensor<2x4x4xi64>
  %1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%0 : tensor<2x4x4xi64>) outs(%e : tensor<2x4x4xi64>) {
  ^bb0(%a: i64, %b: i64):
    %i = linalg.index 1 : index
    %j = arith.index_cast %i : index to i64
    %2 = arith.addi %a, %j : i64
    linalg.yield %2 : i64
  } -> tensor<2x4x4xi64>
  return %1 : tensor<2x4x4xi64>
}

// -----

#map_a = affine_map<(i, j, k, l) -> (i, j, l)>
#map_b = affine_map<(i, j, k, l) -> (l, k)>
#map_c = affine_map<(i, j, k, l) -> (i, j, k)>

// Contractions keep their loops.
// CHECK-LABEL: @contraction
// CHECK: linalg.generic
// CHECK-SAME: iterator_types = ["parallel", "parallel", "parallel", "reduction"]
func.func @contraction(%x: tensor<8x4xf32>, %w: tensor<4x5xf32>, %init: tensor<2x4x5xf32>) -> tensor<2x4x5xf32> {
  %0 = tensor.expand_shape %x [[0, 1], [2]] output_shape [2, 4, 4] : tensor<8x4xf32> into tensor<2x4x4xf32>
  %1 = linalg.generic {indexing_maps = [#map_a, #map_b, #map_c], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%0, %w : tensor<2x4x4xf32>, tensor<4x5xf32>) outs(%init : tensor<2x4x5xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %2 = arith.mulf %a, %b : f32
    %3 = arith.addf %2, %c : f32
    linalg.yield %3 : f32
  } -> tensor<2x4x5xf32>
  return %1 : tensor<2x4x5xf32>
}

// -----

// CHECK-LABEL: @constant
// CHECK-DAG: arith.constant dense<{{\[\[}}1, 2], [3, 4]]> : tensor<2x2xi32>
// CHECK-DAG: arith.constant dense_resource<bytes> : tensor<4xi8>
// CHECK-NOT: _shape
func.func @constant() -> (tensor<2x2xi32>, tensor<4xi8>) {
  %0 = arith.constant dense<[1, 2, 3, 4]> : tensor<4xi32>
  %1 = tensor.expand_shape %0 [[0, 1]] output_shape [2, 2] : tensor<4xi32> into tensor<2x2xi32>
  %2 = arith.constant dense_resource<bytes> : tensor<2x2xi8>
  %3 = tensor.collapse_shape %2 [[0, 1]] : tensor<2x2xi8> into tensor<4xi8>
  return %1, %3 : tensor<2x2xi32>, tensor<4xi8>
}

{-#
  dialect_resources: {
    builtin: {
      bytes: "0x0100000001020304"
    }
  }
#-}
