// RUN: tegula-opt %s --tegula-graph-convert-onnx --canonicalize --split-input-file | FileCheck %s

// One pass per resized dimension; the others are left alone.

// CHECK-LABEL: func @linear
// CHECK: } -> tensor<1x2x4x8xf32>
// CHECK: } -> tensor<1x2x8x8xf32>
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @linear(%x: tensor<1x2x4x4xf32>) -> tensor<1x2x8x8xf32> {
  %none = onnx.NoValue
  %s = onnx.Weight dense<[1.0, 1.0, 2.0, 2.0]> : tensor<4xf32> : tensor<4xf32>
  %y = "onnx.Resize"(%x, %none, %s, %none) {mode = "linear"} : (tensor<1x2x4x4xf32>, none, tensor<4xf32>, none) -> tensor<1x2x8x8xf32>
  return %y : tensor<1x2x8x8xf32>
}
