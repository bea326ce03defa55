// RUN: tegula-opt %s --tegula-frontend-infer-shapes --split-input-file --verify-diagnostics

func.func @mismatch(%x: tensor<2x3xf32>, %w: tensor<4x5xf32>) -> tensor<?x?xf32> {
  // expected-error @+1 {{'onnx.MatMul' op is not well-formed}}
  %y = "onnx.MatMul"(%x, %w) : (tensor<2x3xf32>, tensor<4x5xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

func.func @carries(%n: tensor<i64>, %c: tensor<i1>, %x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @+1 {{carries 1 values, but its body yields 1}}
  %y = "onnx.Loop"(%n, %c, %x) ({
  ^bb0(%i: tensor<i64>, %k: tensor<i1>, %v: tensor<2xf32>):
    onnx.Yield %k : tensor<i1>
  }) : (tensor<i64>, tensor<i1>, tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}
