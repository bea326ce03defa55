// RUN: tegula-opt %s -split-input-file -verify-diagnostics

func.func @arguments(%a: tensor<4xf32>) {
  // expected-error @below {{expects one body argument per operand (2), found 1}}
  graph.kernel ins(%a : tensor<4xf32>) outs(%a : tensor<4xf32>) {
  ^bb0(%x: tensor<4xf32>):
    graph.yield %x : tensor<4xf32>
  } -> tensor<4xf32>
  return
}

// -----

func.func @argument_type(%a: tensor<4xf32>) {
  // expected-error @below {{expects body argument #0 of type 'tensor<4xf32>', found 'tensor<5xf32>'}}
  graph.kernel outs(%a : tensor<4xf32>) {
  ^bb0(%x: tensor<5xf32>):
    %y = tensor.empty() : tensor<4xf32>
    graph.yield %y : tensor<4xf32>
  } -> tensor<4xf32>
  return
}

// -----

func.func @yield_count(%a: tensor<4xf32>) {
  graph.kernel outs(%a : tensor<4xf32>) {
  ^bb0(%x: tensor<4xf32>):
    // expected-error @below {{expects one value per output (1), found 2}}
    graph.yield %x, %x : tensor<4xf32>, tensor<4xf32>
  } -> tensor<4xf32>
  return
}

// -----

func.func @yield_type(%a: tensor<4xf32>) {
  graph.kernel outs(%a : tensor<4xf32>) {
  ^bb0(%x: tensor<4xf32>):
    %y = tensor.empty() : tensor<5xf32>
    // expected-error @below {{expects value #0 of type 'tensor<4xf32>', found 'tensor<5xf32>'}}
    graph.yield %y : tensor<5xf32>
  } -> tensor<4xf32>
  return
}

// -----

func.func @isolated(%a: tensor<4xf32>) {
  // expected-note @below {{required by region isolation constraints}}
  graph.kernel outs(%a : tensor<4xf32>) {
  ^bb0(%x: tensor<4xf32>):
    // expected-error @below {{using value defined outside the region}}
    graph.yield %a : tensor<4xf32>
  } -> tensor<4xf32>
  return
}

// -----

func.func @result_type(%a: tensor<4xf32>) {
  // expected-error @below {{to match type of corresponding result}}
  graph.call @k outs(%a : tensor<4xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @winograd_filter_elements(%u: tensor<25x8x4xf32>) {
  // expected-error@+1 {{expects 16 or 36 elements of every filter and channel, found 'tensor<25x8x4xf32>'}}
  %g = graph.winograd_filter %u : tensor<25x8x4xf32> -> tensor<8x4x3x3xf32>
  return
}

// -----

func.func @winograd_filter_shape(%u: tensor<16x8x4xf32>) {
  // expected-error@+1 {{expects a filter of shape 'tensor<8x4x3x3xf32>', found 'tensor<4x8x3x3xf32>'}}
  %g = graph.winograd_filter %u : tensor<16x8x4xf32> -> tensor<4x8x3x3xf32>
  return
}
