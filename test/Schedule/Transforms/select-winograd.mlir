// RUN: tegula-opt %s -tegula-select-schedule | FileCheck %s
// RUN: tegula-opt %s -tegula-select-schedule='point=3' | FileCheck %s
// RUN: tegula-opt %s -tegula-select-schedule='fma=false' | FileCheck %s --check-prefix=UNFUSED

// Many channels: transforms, and their numerics class whatever the point.
// CHECK-LABEL: func @many_channels
// CHECK: #sched.winograd<results = 4, {{.*}}numerics = "winograd4-fma">
// UNFUSED: #sched.winograd<results = 4, {{.*}}numerics = "winograd4-mul-add">
func.func @many_channels(%x: tensor<1x64x58x58xf32>) -> tensor<1x64x56x56xf32> {
  %w = arith.constant dense<1.0> : tensor<64x64x3x3xf32>
  %e = tensor.empty() : tensor<1x64x56x56xf32>
  %y = graph.kernel ins(%x, %w : tensor<1x64x58x58xf32>, tensor<64x64x3x3xf32>) outs(%e : tensor<1x64x56x56xf32>) {
  ^bb0(%a: tensor<1x64x58x58xf32>, %b: tensor<64x64x3x3xf32>, %o: tensor<1x64x56x56xf32>):
    %zero = arith.constant 0.0 : f32
    %f = linalg.fill ins(%zero : f32) outs(%o : tensor<1x64x56x56xf32>) -> tensor<1x64x56x56xf32>
    %c = linalg.conv_2d_nchw_fchw ins(%a, %b : tensor<1x64x58x58xf32>, tensor<64x64x3x3xf32>) outs(%f : tensor<1x64x56x56xf32>) -> tensor<1x64x56x56xf32>
    graph.yield %c : tensor<1x64x56x56xf32>
  } -> tensor<1x64x56x56xf32>
  return %y : tensor<1x64x56x56xf32>
}

// Few channels: what the transforms cost is not won back.
// CHECK-LABEL: func @few_channels
// CHECK: #sched.convolution<
func.func @few_channels(%x: tensor<1x3x226x226xf32>) -> tensor<1x64x224x224xf32> {
  %w = arith.constant dense<1.0> : tensor<64x3x3x3xf32>
  %e = tensor.empty() : tensor<1x64x224x224xf32>
  %y = graph.kernel ins(%x, %w : tensor<1x3x226x226xf32>, tensor<64x3x3x3xf32>) outs(%e : tensor<1x64x224x224xf32>) {
  ^bb0(%a: tensor<1x3x226x226xf32>, %b: tensor<64x3x3x3xf32>, %o: tensor<1x64x224x224xf32>):
    %zero = arith.constant 0.0 : f32
    %f = linalg.fill ins(%zero : f32) outs(%o : tensor<1x64x224x224xf32>) -> tensor<1x64x224x224xf32>
    %c = linalg.conv_2d_nchw_fchw ins(%a, %b : tensor<1x3x226x226xf32>, tensor<64x3x3x3xf32>) outs(%f : tensor<1x64x224x224xf32>) -> tensor<1x64x224x224xf32>
    graph.yield %c : tensor<1x64x224x224xf32>
  } -> tensor<1x64x224x224xf32>
  return %y : tensor<1x64x224x224xf32>
}

// CHECK-LABEL: func @stride
// CHECK: #sched.convolution<
func.func @stride(%x: tensor<1x64x57x57xf32>) -> tensor<1x64x28x28xf32> {
  %w = arith.constant dense<1.0> : tensor<64x64x3x3xf32>
  %e = tensor.empty() : tensor<1x64x28x28xf32>
  %y = graph.kernel ins(%x, %w : tensor<1x64x57x57xf32>, tensor<64x64x3x3xf32>) outs(%e : tensor<1x64x28x28xf32>) {
  ^bb0(%a: tensor<1x64x57x57xf32>, %b: tensor<64x64x3x3xf32>, %o: tensor<1x64x28x28xf32>):
    %zero = arith.constant 0.0 : f32
    %f = linalg.fill ins(%zero : f32) outs(%o : tensor<1x64x28x28xf32>) -> tensor<1x64x28x28xf32>
    %c = linalg.conv_2d_nchw_fchw {strides = dense<2> : tensor<2xi64>} ins(%a, %b : tensor<1x64x57x57xf32>, tensor<64x64x3x3xf32>) outs(%f : tensor<1x64x28x28xf32>) -> tensor<1x64x28x28xf32>
    graph.yield %c : tensor<1x64x28x28xf32>
  } -> tensor<1x64x28x28xf32>
  return %y : tensor<1x64x28x28xf32>
}

// The filter is not known when packing.
// CHECK-LABEL: func @runtime_filter
// CHECK: #sched.convolution<
func.func @runtime_filter(%x: tensor<1x64x58x58xf32>, %w: tensor<64x64x3x3xf32>) -> tensor<1x64x56x56xf32> {
  %e = tensor.empty() : tensor<1x64x56x56xf32>
  %y = graph.kernel ins(%x, %w : tensor<1x64x58x58xf32>, tensor<64x64x3x3xf32>) outs(%e : tensor<1x64x56x56xf32>) {
  ^bb0(%a: tensor<1x64x58x58xf32>, %b: tensor<64x64x3x3xf32>, %o: tensor<1x64x56x56xf32>):
    %zero = arith.constant 0.0 : f32
    %f = linalg.fill ins(%zero : f32) outs(%o : tensor<1x64x56x56xf32>) -> tensor<1x64x56x56xf32>
    %c = linalg.conv_2d_nchw_fchw ins(%a, %b : tensor<1x64x58x58xf32>, tensor<64x64x3x3xf32>) outs(%f : tensor<1x64x56x56xf32>) -> tensor<1x64x56x56xf32>
    graph.yield %c : tensor<1x64x56x56xf32>
  } -> tensor<1x64x56x56xf32>
  return %y : tensor<1x64x56x56xf32>
}
