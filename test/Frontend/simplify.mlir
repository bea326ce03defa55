// RUN: tegula-opt %s --tegula-frontend-simplify | FileCheck %s

// CHECK-LABEL: func.func @idle
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>
// CHECK-NEXT: %[[Y:.*]] = "onnx.Relu"(%[[X]])
// CHECK-NEXT: return %[[Y]]
func.func @idle(%x: tensor<4xf32>) -> tensor<4xf32> {
  %none = onnx.NoValue
  %i = "onnx.Identity"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %d:2 = "onnx.Dropout"(%i, %none, %none) : (tensor<4xf32>, none, none) -> (tensor<4xf32>, tensor<4xi1>)
  %c = "onnx.Cast"(%d#0) {to = 1 : si64} : (tensor<4xf32>) -> tensor<4xf32>
  %k = "onnx.Concat"(%c) {axis = 0 : si64} : (tensor<4xf32>) -> tensor<4xf32>
  %unused = "onnx.Exp"(%k) : (tensor<4xf32>) -> tensor<4xf32>
  %y = "onnx.Relu"(%k) : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: func.func @mask
// CHECK: onnx.Dropout
func.func @mask(%x: tensor<4xf32>) -> tensor<4xi1> {
  %none = onnx.NoValue
  %d:2 = "onnx.Dropout"(%x, %none, %none) : (tensor<4xf32>, none, none) -> (tensor<4xf32>, tensor<4xi1>)
  return %d#1 : tensor<4xi1>
}

// A reversal keeps the type, not the values.
// CHECK-LABEL: func.func @reversal
// CHECK: onnx.Slice
func.func @reversal(%x: tensor<4xf32>) -> tensor<4xf32> {
  %start = onnx.Weight dense<-1> : tensor<1xi64> : tensor<1xi64>
  %end = onnx.Weight dense<-5> : tensor<1xi64> : tensor<1xi64>
  %axis = onnx.Weight dense<0> : tensor<1xi64> : tensor<1xi64>
  %step = onnx.Weight dense<-1> : tensor<1xi64> : tensor<1xi64>
  %y = "onnx.Slice"(%x, %start, %end, %axis, %step) : (tensor<4xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// Equal extents do not make a transposition idle.
// CHECK-LABEL: func.func @swap
// CHECK: onnx.Transpose
func.func @swap(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %y = "onnx.Transpose"(%x) {perm = array<i64: 1, 0>} : (tensor<4x4xf32>) -> tensor<4x4xf32>
  return %y : tensor<4x4xf32>
}
