// RUN: tegula-opt %s -tegula-verify-contract=stage=graph

func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %o = tensor.empty() : tensor<4xf32>
  %r = graph.kernel ins(%x : tensor<4xf32>) outs(%o : tensor<4xf32>) {
  ^bb0(%a: tensor<4xf32>, %b: tensor<4xf32>):
    %e = linalg.exp ins(%a : tensor<4xf32>) outs(%b : tensor<4xf32>) -> tensor<4xf32>
    graph.yield %e : tensor<4xf32>
  } -> tensor<4xf32>
  return %r : tensor<4xf32>
}
