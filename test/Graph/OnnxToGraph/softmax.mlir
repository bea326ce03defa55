// RUN: tegula-opt %s --tegula-graph-convert-onnx --canonicalize | FileCheck %s

// What is subtracted before exp need not tell zeros apart nor keep a NaN, which
// makes the sum one; the powers may be zero below the normal numbers, the
// quotient a product. A maximum that is a result does tell zeros apart.

// CHECK-LABEL: func @softmax
// CHECK: arith.maximumf %{{.*}}, %{{.*}} fastmath<nnan,nsz> : f32
// CHECK: arith.subf
// CHECK: math.exp %{{.*}} fastmath<afn>
// CHECK: arith.addf
// CHECK: arith.divf %{{.*}} fastmath<arcp>
func.func @softmax(%x: tensor<4x64xf32>) -> tensor<4x64xf32> {
  %y = "onnx.Softmax"(%x) {axis = -1 : si64} : (tensor<4x64xf32>) -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}

// CHECK-LABEL: func @maximum
// CHECK: arith.maximumf %{{[a-z]+}}, %{{[a-z]+}} : f32
func.func @maximum(%x: tensor<4x64xf32>) -> tensor<4x1xf32> {
  %axes = arith.constant dense<1> : tensor<1xi64>
  %y = "onnx.ReduceMax"(%x, %axes) : (tensor<4x64xf32>, tensor<1xi64>) -> tensor<4x1xf32>
  return %y : tensor<4x1xf32>
}
