// RUN: tegula-opt %s -tegula-verify-contract=stage=schedule -split-input-file -verify-diagnostics

func.func @no_kernel(%x: tensor<4xf32>, %o: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{is not in a kernel after stage 'schedule'}}
  %r = linalg.exp ins(%x : tensor<4xf32>) outs(%o : tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

func.func @no_schedule(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{has no schedule after stage 'schedule'}}
  %r = graph.kernel outs(%x : tensor<4xf32>) {
  ^bb0(%a: tensor<4xf32>):
    graph.yield %a : tensor<4xf32>
  } -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

func.func @dialect(%x: memref<4xf32>, %i: index) {
  // expected-error @below {{'memref.load' op is left after stage 'schedule', which does not allow dialect 'memref'}}
  %r = memref.load %x[%i] : memref<4xf32>
  return
}
