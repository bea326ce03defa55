// RUN: tegula-opt %s --tegula-graph-convert-onnx --split-input-file --verify-diagnostics

func.func @flatten_axis(%x: tensor<3x4xf32>) -> tensor<?x?xf32> {
  // expected-error@+1 {{Flatten is not supported: the axis is outside of the input's rank}}
  %y = "onnx.Flatten"(%x) {axis = 5 : si64} : (tensor<3x4xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

func.func @transpose_perm(%x: tensor<3x4xf32>) -> tensor<?x?xf32> {
  // expected-error@+1 {{Transpose is not supported: 'perm' is not a permutation of the dimensions}}
  %y = "onnx.Transpose"(%x) {perm = array<i64: 0, 0>} : (tensor<3x4xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
