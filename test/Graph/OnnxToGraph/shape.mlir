// RUN: tegula-opt %s --tegula-graph-convert-onnx --canonicalize --split-input-file | FileCheck %s

// A shape taken apart and put together again leaves no tensors behind.

// CHECK-LABEL: func @shape_arithmetic
// CHECK-SAME: (%[[X:.*]]: tensor<?x4x6xf32>)
// CHECK: %[[N:.*]] = tensor.dim %[[X]]
// CHECK-NOT: tensor.from_elements
// CHECK: tensor.expand_shape
func.func @shape_arithmetic(%x: tensor<?x4x6xf32>) -> tensor<?x?xf32> {
  %zero = onnx.Weight dense<0> : tensor<1xi64> : tensor<1xi64>
  %rest = onnx.Weight dense<-1> : tensor<1xi64> : tensor<1xi64>
  %s = "onnx.Shape"(%x) : (tensor<?x4x6xf32>) -> tensor<3xi64>
  %n = "onnx.Gather"(%s, %zero) : (tensor<3xi64>, tensor<1xi64>) -> tensor<1xi64>
  %t = "onnx.Concat"(%n, %rest) {axis = 0 : si64} : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %y = "onnx.Reshape"(%x, %t) : (tensor<?x4x6xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

// CHECK-LABEL: func @unsqueeze
// CHECK: tensor.expand_shape %{{.*}} {{\[}}[0, 1], [2, 3]]
func.func @unsqueeze(%x: tensor<3x?xf32>) -> tensor<1x3x?x1xf32> {
  %axes = onnx.Weight dense<[0, -1]> : tensor<2xi64> : tensor<2xi64>
  %y = "onnx.Unsqueeze"(%x, %axes) : (tensor<3x?xf32>, tensor<2xi64>) -> tensor<1x3x?x1xf32>
  return %y : tensor<1x3x?x1xf32>
}
