// RUN: tegula-opt %s -tegula-graph-use-integer-products -split-input-file | FileCheck %s

// One scale of the activations times those of the filters.
// CHECK-LABEL: func @conv
// CHECK-SAME: (%[[X:.*]]: tensor<1x2x4x4xui8>)
// CHECK-DAG: %[[W:.*]] = onnx.Weight dense<{{.*}}> : tensor<2x2x1x1xi8>
// CHECK-DAG: %[[S:.*]] = onnx.Weight dense<{{\[\[\[}}2.500000e-01]], {{\[\[}}5.000000e-01]]]> : tensor<2x1x1xf32>
// CHECK: %[[I:.*]] = "onnx.ConvInteger"(%[[X]], %[[W]], %{{.*}}, %{{.*}}) {{.*}}pads = array<i64: 1, 1, 1, 1>{{.*}} -> tensor<1x2x6x6xsi32>
// CHECK: %[[F:.*]] = "onnx.Cast"(%[[I]])
// CHECK: %[[Y:.*]] = "onnx.Mul"(%[[F]], %[[S]])
// CHECK: %[[B:.*]] = "onnx.Reshape"
// CHECK: "onnx.Add"(%[[Y]], %[[B]])
func.func @conv(%x: tensor<1x2x4x4xui8>) -> tensor<1x2x6x6xf32> {
  %xs = onnx.Weight dense<0.5> : tensor<f32> : tensor<f32>
  %xz = onnx.Weight dense<3> : tensor<ui8> : tensor<ui8>
  %w = onnx.Weight dense<[[[[1]], [[2]]], [[[3]], [[4]]]]> : tensor<2x2x1x1xi8> : tensor<2x2x1x1xi8>
  %ws = onnx.Weight dense<[0.5, 1.0]> : tensor<2xf32> : tensor<2xf32>
  %wz = onnx.Weight dense<0> : tensor<2xi8> : tensor<2xi8>
  %bias = onnx.Weight dense<[1.0, 2.0]> : tensor<2xf32> : tensor<2xf32>
  %a = "onnx.DequantizeLinear"(%x, %xs, %xz) : (tensor<1x2x4x4xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x2x4x4xf32>
  %b = "onnx.DequantizeLinear"(%w, %ws, %wz) {axis = 0 : si64} : (tensor<2x2x1x1xi8>, tensor<2xf32>, tensor<2xi8>) -> tensor<2x2x1x1xf32>
  %y = "onnx.Conv"(%a, %b, %bias) {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x2x4x4xf32>, tensor<2x2x1x1xf32>, tensor<2xf32>) -> tensor<1x2x6x6xf32>
  return %y : tensor<1x2x6x6xf32>
}

// -----

// The weight of a transposed Gemm is written out the other way.
// CHECK-LABEL: func @gemm
// CHECK: %[[W:.*]] = onnx.Weight dense_resource<transposed> : tensor<3x2xi8>
// CHECK: "onnx.MatMulInteger"(%arg0, %[[W]], %{{.*}}, %{{.*}}) : (tensor<1x3xui8>, tensor<3x2xi8>, tensor<ui8>, tensor<2xi8>) -> tensor<1x2xsi32>
// CHECK: "onnx.Mul"
// CHECK: "onnx.Add"
func.func @gemm(%x: tensor<1x3xui8>, %bias: tensor<2xf32>) -> tensor<1x2xf32> {
  %xs = onnx.Weight dense<0.5> : tensor<f32> : tensor<f32>
  %xz = onnx.Weight dense<3> : tensor<ui8> : tensor<ui8>
  %w = onnx.Weight dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi8> : tensor<2x3xi8>
  %ws = onnx.Weight dense<[0.5, 1.0]> : tensor<2xf32> : tensor<2xf32>
  %wz = onnx.Weight dense<0> : tensor<2xi8> : tensor<2xi8>
  %a = "onnx.DequantizeLinear"(%x, %xs, %xz) : (tensor<1x3xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x3xf32>
  %b = "onnx.DequantizeLinear"(%w, %ws, %wz) {axis = 0 : si64} : (tensor<2x3xi8>, tensor<2xf32>, tensor<2xi8>) -> tensor<2x3xf32>
  %y = "onnx.Gemm"(%a, %b, %bias) {transB = 1 : si64} : (tensor<1x3xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

// -----

// Scales along the summed dimension do not factor out.
// CHECK-LABEL: func @scales_of_rows
// CHECK: "onnx.MatMul"
// CHECK-NOT: onnx.MatMulInteger
// CHECK: return
func.func @scales_of_rows(%x: tensor<1x3xui8>) -> tensor<1x2xf32> {
  %none = onnx.NoValue
  %xs = onnx.Weight dense<0.5> : tensor<f32> : tensor<f32>
  %w = onnx.Weight dense<[[1, 2], [3, 4], [5, 6]]> : tensor<3x2xi8> : tensor<3x2xi8>
  %ws = onnx.Weight dense<[0.5, 1.0, 2.0]> : tensor<3xf32> : tensor<3xf32>
  %a = "onnx.DequantizeLinear"(%x, %xs, %none) : (tensor<1x3xui8>, tensor<f32>, none) -> tensor<1x3xf32>
  %b = "onnx.DequantizeLinear"(%w, %ws, %none) {axis = 0 : si64} : (tensor<3x2xi8>, tensor<3xf32>, none) -> tensor<3x2xf32>
  %y = "onnx.MatMul"(%a, %b) : (tensor<1x3xf32>, tensor<3x2xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}
