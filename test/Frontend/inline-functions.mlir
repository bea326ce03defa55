// RUN: tegula-opt %s --tegula-frontend-inline-functions | FileCheck %s
// RUN: tegula-opt %s --tegula-frontend-inline-functions=keep=Softsign,Clip | FileCheck %s --check-prefix=KEEP

// CHECK-LABEL: func.func @softsign
// CHECK-NOT: onnx.Softsign
// CHECK: onnx.Abs
// CHECK: onnx.Div
// KEEP-LABEL: func.func @softsign
// KEEP: onnx.Softsign
func.func @softsign(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = "onnx.Softsign"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// The body depends on which operands there are.
// CHECK-LABEL: func.func @clip
// CHECK-NOT: onnx.Clip
// CHECK: onnx.Less
// CHECK-NOT: onnx.Less
// CHECK: return
// KEEP-LABEL: func.func @clip
// KEEP: onnx.Clip
func.func @clip(%x: tensor<4xf32>, %low: tensor<f32>) -> tensor<4xf32> {
  %none = onnx.NoValue
  %y = "onnx.Clip"(%x, %low, %none) : (tensor<4xf32>, tensor<f32>, none) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// A default that the node does not spell is the schema's.
// CHECK-LABEL: func.func @elu
// CHECK: dense<1.000000e+00>
func.func @elu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = "onnx.Elu"(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
