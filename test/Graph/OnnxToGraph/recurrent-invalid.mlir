// RUN: tegula-opt %s --tegula-graph-convert-onnx --verify-diagnostics

func.func @unknown_activation(%x: tensor<5x2x3xf32>, %w: tensor<1x4x3xf32>, %r: tensor<1x4x4xf32>) -> tensor<1x2x4xf32> {
  %none = onnx.NoValue
  // expected-error@+1 {{RNN is not supported: an activation is not one of ONNX, or there are too few}}
  %y:2 = "onnx.RNN"(%x, %w, %r, %none, %none, %none) {hidden_size = 4 : si64, activations = ["Sinc"]} : (tensor<5x2x3xf32>, tensor<1x4x3xf32>, tensor<1x4x4xf32>, none, none, none) -> (none, tensor<1x2x4xf32>)
  return %y#1 : tensor<1x2x4xf32>
}
