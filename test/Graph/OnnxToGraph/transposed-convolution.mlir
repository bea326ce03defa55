// RUN: tegula-opt %s -tegula-graph-convert-onnx -canonicalize -split-input-file | FileCheck %s

// Four phases of one tap each: a pointwise convolution with a filter for each
// phase, then the results are interleaved. No zeros are put between elements.
// CHECK-LABEL: func @phases
// CHECK-SAME: (%[[X:.*]]: tensor<1x1x3x4xf32>
// CHECK-DAG: %[[W:.*]] = arith.constant dense_resource<phases> : tensor<4x1x1x1xf32>
// CHECK-NOT: tensor.insert_slice
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} ins(%[[X]], %[[W]]
// CHECK: %[[SPLIT:.*]] = tensor.expand_shape %[[SUM]]
// CHECK: %[[TURNS:.*]] = linalg.generic {{.*}} ins(%[[SPLIT]] : tensor<1x1x2x2x3x4xf32>) outs(%{{.*}} : tensor<1x1x3x2x4x2xf32>)
// CHECK: tensor.collapse_shape %[[TURNS]]
// CHECK-NOT: tensor.extract_slice
// CHECK: phases: "0x400000000000803F000000400000404000008040"
func.func @phases(%x: tensor<1x1x3x4xf32>) -> tensor<1x1x6x8xf32> {
  %w = onnx.Weight dense<[[[[1.0, 2.0], [3.0, 4.0]]]]> : tensor<1x1x2x2xf32> : tensor<1x1x2x2xf32>
  %none = onnx.NoValue
  %y = "onnx.ConvTranspose"(%x, %w, %none) {strides = array<i64: 2, 2>} : (tensor<1x1x3x4xf32>, tensor<1x1x2x2xf32>, none) -> tensor<1x1x6x8xf32>
  return %y : tensor<1x1x6x8xf32>
}

// -----

// Padding of less than a stride is cut off.
// CHECK-LABEL: func @cut
// CHECK: tensor.extract_slice %{{.*}}[0, 0, 1] [1, 1, 8] [1, 1, 1] : tensor<1x1x10xf32> to tensor<1x1x8xf32>
func.func @cut(%x: tensor<1x1x4xf32>) -> tensor<1x1x8xf32> {
  %w = onnx.Weight dense<[[[1.0, 2.0, 3.0, 4.0]]]> : tensor<1x1x4xf32> : tensor<1x1x4xf32>
  %none = onnx.NoValue
  %y = "onnx.ConvTranspose"(%x, %w, %none) {strides = array<i64: 2>, pads = array<i64: 1, 1>} : (tensor<1x1x4xf32>, tensor<1x1x4xf32>, none) -> tensor<1x1x8xf32>
  return %y : tensor<1x1x8xf32>
}

// -----

// Weights that are not known are mirrored at run time.
// CHECK-LABEL: func @runtime
// CHECK: tensor.insert_slice
// CHECK-NOT: phases
func.func @runtime(%x: tensor<1x1x3x4xf32>, %w: tensor<1x1x2x2xf32>) -> tensor<1x1x6x8xf32> {
  %none = onnx.NoValue
  %y = "onnx.ConvTranspose"(%x, %w, %none) {strides = array<i64: 2, 2>} : (tensor<1x1x3x4xf32>, tensor<1x1x2x2xf32>, none) -> tensor<1x1x6x8xf32>
  return %y : tensor<1x1x6x8xf32>
}
