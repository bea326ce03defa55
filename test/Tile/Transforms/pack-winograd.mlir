// RUN: tegula-opt %s -tegula-tile-pack-weights | FileCheck %s

// CHECK-LABEL: func @ones
// CHECK: %[[PACKED:.*]] = arith.constant dense_resource<packed> : tensor<16x1x1x2xf32>
// CHECK: graph.kernel ins(%{{.*}}, %[[PACKED]] :
// CHECK: ^bb0(%[[X:.*]]: tensor<1x1x6x6xf32>, %[[W:.*]]: tensor<16x1x1x2xf32>,
// CHECK: %[[U:.*]] = linalg.unpack %[[W]] outer_dims_perm = [0, 1, 2] inner_dims_pos = [1] inner_tiles = [2] {{.*}} -> tensor<16x1x1xf32>
// CHECK: %[[G:.*]] = graph.winograd_filter %[[U]] : tensor<16x1x1xf32> -> tensor<1x1x3x3xf32>
// CHECK: linalg.conv_2d_nchw_fchw ins(%[[X]], %[[G]]
func.func @ones(%x: tensor<1x1x6x6xf32>) -> tensor<1x1x4x4xf32> {
  %w = arith.constant dense<1.0> : tensor<1x1x3x3xf32>
  %e = tensor.empty() : tensor<1x1x4x4xf32>
  %y = graph.kernel ins(%x, %w : tensor<1x1x6x6xf32>, tensor<1x1x3x3xf32>) outs(%e : tensor<1x1x4x4xf32>) attributes {schedule = #sched.winograd<results = 2, mr = 2, nr = 16, vl = 8, rows = 4, fc = 66, tasks = 8, numerics = "winograd2-fma">} {
  ^bb0(%a: tensor<1x1x6x6xf32>, %b: tensor<1x1x3x3xf32>, %o: tensor<1x1x4x4xf32>):
    %zero = arith.constant 0.0 : f32
    %f = linalg.fill ins(%zero : f32) outs(%o : tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32>
    %c = linalg.conv_2d_nchw_fchw ins(%a, %b : tensor<1x1x6x6xf32>, tensor<1x1x3x3xf32>) outs(%f : tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32>
    graph.yield %c : tensor<1x1x4x4xf32>
  } -> tensor<1x1x4x4xf32>
  return %y : tensor<1x1x4x4xf32>
}

// Not a convolution of stride 1: nothing happens.
// CHECK-LABEL: func @stride
// CHECK-NOT: winograd_filter
func.func @stride(%x: tensor<1x1x7x7xf32>) -> tensor<1x1x3x3xf32> {
  %w = arith.constant dense<1.0> : tensor<1x1x3x3xf32>
  %e = tensor.empty() : tensor<1x1x3x3xf32>
  %y = graph.kernel ins(%x, %w : tensor<1x1x7x7xf32>, tensor<1x1x3x3xf32>) outs(%e : tensor<1x1x3x3xf32>) attributes {schedule = #sched.winograd<results = 4, mr = 6, nr = 16, vl = 8, rows = 4, fc = 66, tasks = 8, numerics = "winograd4-fma">} {
  ^bb0(%a: tensor<1x1x7x7xf32>, %b: tensor<1x1x3x3xf32>, %o: tensor<1x1x3x3xf32>):
    %zero = arith.constant 0.0 : f32
    %f = linalg.fill ins(%zero : f32) outs(%o : tensor<1x1x3x3xf32>) -> tensor<1x1x3x3xf32>
    %c = linalg.conv_2d_nchw_fchw {strides = dense<2> : tensor<2xi64>} ins(%a, %b : tensor<1x1x7x7xf32>, tensor<1x1x3x3xf32>) outs(%f : tensor<1x1x3x3xf32>) -> tensor<1x1x3x3xf32>
    graph.yield %c : tensor<1x1x3x3xf32>
  } -> tensor<1x1x3x3xf32>
  return %y : tensor<1x1x3x3xf32>
}

// CHECK-LABEL: func @runtime_filter
// CHECK-NOT: winograd_filter
func.func @runtime_filter(%x: tensor<1x1x6x6xf32>, %w: tensor<1x1x3x3xf32>) -> tensor<1x1x4x4xf32> {
  %e = tensor.empty() : tensor<1x1x4x4xf32>
  %y = graph.kernel ins(%x, %w : tensor<1x1x6x6xf32>, tensor<1x1x3x3xf32>) outs(%e : tensor<1x1x4x4xf32>) attributes {schedule = #sched.winograd<results = 4, mr = 6, nr = 16, vl = 8, rows = 4, fc = 66, tasks = 8, numerics = "winograd4-fma">} {
  ^bb0(%a: tensor<1x1x6x6xf32>, %b: tensor<1x1x3x3xf32>, %o: tensor<1x1x4x4xf32>):
    %zero = arith.constant 0.0 : f32
    %f = linalg.fill ins(%zero : f32) outs(%o : tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32>
    %c = linalg.conv_2d_nchw_fchw ins(%a, %b : tensor<1x1x6x6xf32>, tensor<1x1x3x3xf32>) outs(%f : tensor<1x1x4x4xf32>) -> tensor<1x1x4x4xf32>
    graph.yield %c : tensor<1x1x4x4xf32>
  } -> tensor<1x1x4x4xf32>
  return %y : tensor<1x1x4x4xf32>
}

// The points are 0, 1, -1 and infinity, where a filter of ones in one dimension
// has the values 1 (times -1), 3 and 1 (times 1/2), and 1. Elements 0 to 2 of its
// transform are 1, -3/2 and -1/2; the panel's second filter is zero.
// CHECK: dialect_resources
// CHECK: packed: "0x40000000
// CHECK-SAME: 0000803F000000000000C0BF00000000000000BF00000000
