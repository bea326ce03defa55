// RUN: tegula-opt %s --tegula-graph-convert-onnx --canonicalize --split-input-file | FileCheck %s

// CHECK-LABEL: func @forwards
// CHECK: tensor.extract_slice %{{.*}}[1, 0] [2, 3] [1, 2] : tensor<4x6xf32> to tensor<2x3xf32>
func.func @forwards(%x: tensor<4x6xf32>) -> tensor<2x3xf32> {
  %start = onnx.Weight dense<[1, 0]> : tensor<2xi64> : tensor<2xi64>
  %end = onnx.Weight dense<[3, 100]> : tensor<2xi64> : tensor<2xi64>
  %axes = onnx.Weight dense<[0, -1]> : tensor<2xi64> : tensor<2xi64>
  %step = onnx.Weight dense<[1, 2]> : tensor<2xi64> : tensor<2xi64>
  %y = "onnx.Slice"(%x, %start, %end, %axes, %step) : (tensor<4x6xf32>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>, tensor<2xi64>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

// Backwards, a slice is a loop that reads from the end.

// CHECK-LABEL: func @backwards
// CHECK-NOT: tensor.extract_slice
// CHECK: linalg.generic
// CHECK: tensor.extract
func.func @backwards(%x: tensor<4xf32>) -> tensor<4xf32> {
  %start = onnx.Weight dense<-1> : tensor<1xi64> : tensor<1xi64>
  %end = onnx.Weight dense<-100> : tensor<1xi64> : tensor<1xi64>
  %axes = onnx.Weight dense<0> : tensor<1xi64> : tensor<1xi64>
  %step = onnx.Weight dense<-1> : tensor<1xi64> : tensor<1xi64>
  %y = "onnx.Slice"(%x, %start, %end, %axes, %step) : (tensor<4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
