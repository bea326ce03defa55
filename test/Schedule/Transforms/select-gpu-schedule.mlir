// RUN: tegula-opt %s -split-input-file -tegula-select-gpu-schedule | FileCheck %s
// RUN: tegula-opt %s -split-input-file -tegula-select-gpu-schedule=multiprocessors=16 | FileCheck %s --check-prefix=SMALL
// RUN: tegula-opt %s -split-input-file -tegula-select-gpu-schedule=warpgroups=true | FileCheck %s --check-prefix=GROUPS

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

// Halves: by warpgroups where the GPU has them, unless there are too few rows.
// CHECK-LABEL: func @halves
// CHECK: schedule = #sched.gpu_matmul<{{.*}}tile_k = 32, {{.*}}copy = "async", stages = 3, numerics = "f16">
// CHECK: copy = "async"
// GROUPS-LABEL: func @halves
// GROUPS: schedule = #sched.gpu_matmul<tile_m = 128, tile_n = 64, tile_k = 64, warps_m = 8, warps_n = 1, copy = "tma", stages = 4, numerics = "f16">
// GROUPS: copy = "async"
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>
func.func @halves(%a: tensor<768x768xf16>, %w: tensor<768x1024xf16>, %b: tensor<8x768xf16>) -> (tensor<768x1024xf32>, tensor<8x1024xf32>) {
  %e = tensor.empty() : tensor<768x1024xf32>
  %r = graph.kernel ins(%a, %w : tensor<768x768xf16>, tensor<768x1024xf16>) outs(%e : tensor<768x1024xf32>) {
  ^bb0(%x: tensor<768x768xf16>, %y: tensor<768x1024xf16>, %z: tensor<768x1024xf32>):
    %zero = arith.constant 0.0 : f32
    %f = linalg.fill ins(%zero : f32) outs(%z : tensor<768x1024xf32>) -> tensor<768x1024xf32>
    %m = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %y : tensor<768x768xf16>, tensor<768x1024xf16>) outs(%f : tensor<768x1024xf32>) {
    ^bb0(%u: f16, %v: f16, %acc: f32):
      %p = arith.extf %u : f16 to f32
      %q = arith.extf %v : f16 to f32
      %t = arith.mulf %p, %q : f32
      %s = arith.addf %acc, %t : f32
      linalg.yield %s : f32
    } -> tensor<768x1024xf32>
    graph.yield %m : tensor<768x1024xf32>
  } -> tensor<768x1024xf32>
  %d = tensor.empty() : tensor<8x1024xf32>
  %q = graph.kernel ins(%b, %w : tensor<8x768xf16>, tensor<768x1024xf16>) outs(%d : tensor<8x1024xf32>) {
  ^bb0(%x: tensor<8x768xf16>, %y: tensor<768x1024xf16>, %z: tensor<8x1024xf32>):
    %zero = arith.constant 0.0 : f32
    %f = linalg.fill ins(%zero : f32) outs(%z : tensor<8x1024xf32>) -> tensor<8x1024xf32>
    %m = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %y : tensor<8x768xf16>, tensor<768x1024xf16>) outs(%f : tensor<8x1024xf32>) {
    ^bb0(%u: f16, %v: f16, %acc: f32):
      %p = arith.extf %u : f16 to f32
      %q = arith.extf %v : f16 to f32
      %t = arith.mulf %p, %q : f32
      %s = arith.addf %acc, %t : f32
      linalg.yield %s : f32
    } -> tensor<8x1024xf32>
    graph.yield %m : tensor<8x1024xf32>
  } -> tensor<8x1024xf32>
  return %r, %q : tensor<768x1024xf32>, tensor<8x1024xf32>
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
