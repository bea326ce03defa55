// RUN: tegula-opt %s --tegula-graph-convert-onnx --canonicalize --split-input-file | FileCheck %s

// NaN and what is out of range have defined results.

// CHECK-LABEL: func @float_to_int
// CHECK: arith.cmpf uno
// CHECK: arith.fptosi %{{.*}} : f32 to i32
// CHECK: arith.trunci %{{.*}} : i32 to i8
func.func @float_to_int(%x: tensor<64xf32>) -> tensor<64xi8> {
  %y = "onnx.Cast"(%x) {to = 3 : si64} : (tensor<64xf32>) -> tensor<64xi8>
  return %y : tensor<64xi8>
}

// -----

// CHECK-LABEL: func @same
// CHECK-NEXT: return
func.func @same(%x: tensor<64xf32>) -> tensor<64xf32> {
  %y = "onnx.Cast"(%x) {to = 1 : si64} : (tensor<64xf32>) -> tensor<64xf32>
  return %y : tensor<64xf32>
}
