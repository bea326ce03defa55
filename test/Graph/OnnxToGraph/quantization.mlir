// RUN: tegula-opt %s --tegula-graph-convert-onnx --canonicalize --split-input-file | FileCheck %s

// CHECK-LABEL: func @per_axis
// CHECK: linalg.generic
// CHECK: arith.divf
// CHECK: math.roundeven
// CHECK: arith.maxsi
// CHECK: arith.minsi
// CHECK: arith.trunci %{{.*}} : i32 to i8
func.func @per_axis(%x: tensor<2x3x5xf32>, %s: tensor<3xf32>, %z: tensor<3xui8>) -> tensor<2x3x5xui8> {
  %y = "onnx.QuantizeLinear"(%x, %s, %z) {axis = 1 : si64} : (tensor<2x3x5xf32>, tensor<3xf32>, tensor<3xui8>) -> tensor<2x3x5xui8>
  return %y : tensor<2x3x5xui8>
}

// -----

// CHECK-LABEL: func @blocked
// CHECK: tensor.expand_shape %{{.*}} output_shape [2, 3, 4]
func.func @blocked(%x: tensor<2x12xi8>, %s: tensor<2x3xf32>) -> tensor<2x12xf32> {
  %none = onnx.NoValue
  %y = "onnx.DequantizeLinear"(%x, %s, %none) {axis = 1 : si64, block_size = 4 : si64} : (tensor<2x12xi8>, tensor<2x3xf32>, none) -> tensor<2x12xf32>
  return %y : tensor<2x12xf32>
}
