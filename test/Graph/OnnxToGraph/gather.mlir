// RUN: tegula-opt %s --tegula-graph-convert-onnx --canonicalize --split-input-file | FileCheck %s

// Indices that come at run time are checked, and clamped where they are used.

// CHECK-LABEL: func @rows
// CHECK: linalg.generic
// CHECK: graph.check %{{.*}}, "Gather: an index is outside of the dimension that it addresses"
// CHECK: linalg.generic
// CHECK: arith.minsi
// CHECK: tensor.extract
func.func @rows(%x: tensor<8x4xf32>, %i: tensor<50xi64>) -> tensor<50x4xf32> {
  %y = "onnx.Gather"(%x, %i) : (tensor<8x4xf32>, tensor<50xi64>) -> tensor<50x4xf32>
  return %y : tensor<50x4xf32>
}

// -----

// CHECK-LABEL: func @known
// CHECK-NOT: graph.check
func.func @known(%x: tensor<8x4xf32>) -> tensor<2x4xf32> {
  %i = onnx.Weight dense<[7, -8]> : tensor<2xi64> : tensor<2xi64>
  %y = "onnx.Gather"(%x, %i) : (tensor<8x4xf32>, tensor<2xi64>) -> tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}
