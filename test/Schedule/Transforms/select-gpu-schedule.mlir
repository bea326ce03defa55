// RUN: tegula-opt %s -split-input-file -tegula-select-gpu-schedule | FileCheck %s
// RUN: tegula-opt %s -split-input-file -tegula-select-gpu-schedule=multiprocessors=16 | FileCheck %s --check-prefix=SMALL

// Enough tiles for all multiprocessors: smaller tiles on larger GPUs.
// CHECK-LABEL: func @product
// CHECK: schedule = #sched.gpu_matmul<tile_m = 64, tile_n = 64, tile_k = 16, {{.*}}copy = "async", stages = 3, numerics = "tf32x3">
// SMALL-LABEL: func @product
// SMALL: schedule = #sched.gpu_matmul<tile_m = 128, tile_n = 64, tile_k = 16, {{.*}}copy = "async", stages = 3, numerics = "tf32x3">
func.func @product(%a: tensor<512x768xf32>, %w: tensor<768x512xf32>) -> tensor<512x512xf32> {
  %e = tensor.empty() : tensor<512x512xf32>
  %r = graph.kernel ins(%a, %w : tensor<512x768xf32>, tensor<768x512xf32>) outs(%e : tensor<512x512xf32>) {
  ^bb0(%x: tensor<512x768xf32>, %y: tensor<768x512xf32>, %z: tensor<512x512xf32>):
    %zero = arith.constant 0.0 : f32
    %f = linalg.fill ins(%zero : f32) outs(%z : tensor<512x512xf32>) -> tensor<512x512xf32>
    %m = linalg.matmul ins(%x, %y : tensor<512x768xf32>, tensor<768x512xf32>) outs(%f : tensor<512x512xf32>) -> tensor<512x512xf32>
    graph.yield %m : tensor<512x512xf32>
  } -> tensor<512x512xf32>
  return %r : tensor<512x512xf32>
}

// -----

// Rows of 770 floats do not start at multiples of 16 bytes; a negated operand is
// not what lies in memory.
// CHECK-LABEL: func @through_registers
// CHECK: copy = "registers", stages = 2
// CHECK: copy = "registers", stages = 2
func.func @through_registers(%a: tensor<512x770xf32>, %w: tensor<770x512xf32>, %b: tensor<512x768xf32>, %v: tensor<768x512xf32>) -> (tensor<512x512xf32>, tensor<512x512xf32>) {
  %e = tensor.empty() : tensor<512x512xf32>
  %r = graph.kernel ins(%a, %w : tensor<512x770xf32>, tensor<770x512xf32>) outs(%e : tensor<512x512xf32>) {
  ^bb0(%x: tensor<512x770xf32>, %y: tensor<770x512xf32>, %z: tensor<512x512xf32>):
    %zero = arith.constant 0.0 : f32
    %f = linalg.fill ins(%zero : f32) outs(%z : tensor<512x512xf32>) -> tensor<512x512xf32>
    %m = linalg.matmul ins(%x, %y : tensor<512x770xf32>, tensor<770x512xf32>) outs(%f : tensor<512x512xf32>) -> tensor<512x512xf32>
    graph.yield %m : tensor<512x512xf32>
  } -> tensor<512x512xf32>
  %s = graph.kernel ins(%b, %v : tensor<512x768xf32>, tensor<768x512xf32>) outs(%e : tensor<512x512xf32>) {
  ^bb0(%x: tensor<512x768xf32>, %y: tensor<768x512xf32>, %z: tensor<512x512xf32>):
    %zero = arith.constant 0.0 : f32
    %d = tensor.empty() : tensor<512x768xf32>
    %n = linalg.negf ins(%x : tensor<512x768xf32>) outs(%d : tensor<512x768xf32>) -> tensor<512x768xf32>
    %f = linalg.fill ins(%zero : f32) outs(%z : tensor<512x512xf32>) -> tensor<512x512xf32>
    %m = linalg.matmul ins(%n, %y : tensor<512x768xf32>, tensor<768x512xf32>) outs(%f : tensor<512x512xf32>) -> tensor<512x512xf32>
    graph.yield %m : tensor<512x512xf32>
  } -> tensor<512x512xf32>
  return %r, %s : tensor<512x512xf32>, tensor<512x512xf32>
}

// -----

// Too few terms for tensor cores, and integers, which they do not take here.
// CHECK-LABEL: func @others
// CHECK: schedule = #sched.gpu_points
// CHECK: schedule = #sched.gpu_points
func.func @others(%a: tensor<64x4xf32>, %b: tensor<4x64xf32>, %i: tensor<64x64xi32>) -> (tensor<64x64xf32>, tensor<64x64xi32>) {
  %e = tensor.empty() : tensor<64x64xf32>
  %r = graph.kernel ins(%a, %b : tensor<64x4xf32>, tensor<4x64xf32>) outs(%e : tensor<64x64xf32>) {
  ^bb0(%x: tensor<64x4xf32>, %y: tensor<4x64xf32>, %z: tensor<64x64xf32>):
    %zero = arith.constant 0.0 : f32
    %f = linalg.fill ins(%zero : f32) outs(%z : tensor<64x64xf32>) -> tensor<64x64xf32>
    %m = linalg.matmul ins(%x, %y : tensor<64x4xf32>, tensor<4x64xf32>) outs(%f : tensor<64x64xf32>) -> tensor<64x64xf32>
    graph.yield %m : tensor<64x64xf32>
  } -> tensor<64x64xf32>
  %d = tensor.empty() : tensor<64x64xi32>
  %s = graph.kernel ins(%i : tensor<64x64xi32>) outs(%d : tensor<64x64xi32>) {
  ^bb0(%x: tensor<64x64xi32>, %z: tensor<64x64xi32>):
    %zero = arith.constant 0 : i32
    %f = linalg.fill ins(%zero : i32) outs(%z : tensor<64x64xi32>) -> tensor<64x64xi32>
    %m = linalg.matmul ins(%x, %x : tensor<64x64xi32>, tensor<64x64xi32>) outs(%f : tensor<64x64xi32>) -> tensor<64x64xi32>
    graph.yield %m : tensor<64x64xi32>
  } -> tensor<64x64xi32>
  return %r, %s : tensor<64x64xf32>, tensor<64x64xi32>
}

// -----

// What has a schedule keeps it.
// CHECK-LABEL: func @given
// CHECK: schedule = #sched.gpu_points<threads = 64
func.func @given(%a: tensor<8xf32>) -> tensor<8xf32> {
  %e = tensor.empty() : tensor<8xf32>
  %r = graph.kernel ins(%a : tensor<8xf32>) outs(%e : tensor<8xf32>) attributes {schedule = #sched.gpu_points<threads = 64, numerics = "in-order">} {
  ^bb0(%x: tensor<8xf32>, %z: tensor<8xf32>):
    %m = linalg.exp ins(%x : tensor<8xf32>) outs(%z : tensor<8xf32>) -> tensor<8xf32>
    graph.yield %m : tensor<8xf32>
  } -> tensor<8xf32>
  return %r : tensor<8xf32>
}
