// RUN: tegula-opt %s --tegula-graph-convert-onnx=exact-byte-dots --canonicalize | FileCheck %s
// RUN: tegula-opt %s --tegula-graph-convert-onnx --canonicalize | FileCheck %s --check-prefix=PAIRS

// Weights as large as they may be: quads where sums of their products are exact.
// CHECK-LABEL: func @large
// CHECK: lp.dot_bytes %
// CHECK-NOT: lp.dot %
// PAIRS-LABEL: func @large
// PAIRS: lp.dot %
func.func @large(%x: tensor<2x4xui8>) -> tensor<2x2xsi32> {
  %none = onnx.NoValue
  %w = onnx.Weight dense<[[127, 2], [127, 4], [5, 6], [7, 8]]> : tensor<4x2xi8> : tensor<4x2xi8>
  %y = "onnx.MatMulInteger"(%x, %w, %none, %none) : (tensor<2x4xui8>, tensor<4x2xi8>, none, none) -> tensor<2x2xsi32>
  return %y : tensor<2x2xsi32>
}
