// RUN: tegula-opt %s -tegula-tile-lower-gpu-matmul -split-input-file -verify-diagnostics | FileCheck %s

// Three stages of tiles as they lie in memory: [m][k] and [k][n]. Rows of a tile
// that lie beyond the operand are copied from no bytes.
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>
// CHECK-LABEL: @f16
// CHECK-SAME: %[[A:.+]]: memref<20x40xf16>, %[[B:.+]]: memref<40x32xf16>
// CHECK: scf.forall
// CHECK-DAG: %[[SA:.+]] = memref.alloc() : memref<3x16x24xf16, 3>
// CHECK-DAG: %[[SB:.+]] = memref.alloc() : memref<3x16x40xf16, 3>
// CHECK: %[[BYTES:.+]] = arith.select %{{.+}}, %c8
// CHECK: nvgpu.device_async_copy %[[A]][%{{.+}}, %{{.+}}], %[[SA]][%{{.+}}, %{{.+}}, %{{.+}}], 8, %[[BYTES]] {bypassL1}
// CHECK: nvgpu.device_async_copy %[[B]]
// CHECK: nvvm.cp.async.commit.group
// CHECK: nvvm.cp.async.commit.group
// CHECK: scf.for
// CHECK: nvvm.cp.async.wait.group 1
// CHECK-NEXT: gpu.barrier
// CHECK: nvvm.cp.async.commit.group
// CHECK: nvgpu.ldmatrix %[[SA]]{{.*}} {numTiles = 4 : i32, transpose = false}
// CHECK: nvgpu.ldmatrix %[[SB]]{{.*}} {numTiles = 4 : i32, transpose = true}
// CHECK: nvvm.mma.sync
// CHECK: nvvm.cp.async.wait.group 0
func.func @f16(%a: memref<20x40xf16>, %b: memref<40x32xf16>, %o: memref<20x32xf32>) attributes {schedule = #sched.gpu_matmul<tile_m = 16, tile_n = 32, tile_k = 16, warps_m = 1, warps_n = 1, copy = "async", stages = 3, numerics = "f16">} {
  %ta = bufferization.to_tensor %a restrict : memref<20x40xf16> to tensor<20x40xf16>
  %tb = bufferization.to_tensor %b restrict : memref<40x32xf16> to tensor<40x32xf16>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<20x32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<20x32xf32>) -> tensor<20x32xf32>
  %r = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%ta, %tb : tensor<20x40xf16>, tensor<40x32xf16>) outs(%f : tensor<20x32xf32>) {
  ^bb0(%x: f16, %y: f16, %acc: f32):
    %u = arith.extf %x : f16 to f32
    %v = arith.extf %y : f16 to f32
    %p = arith.mulf %u, %v : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  } -> tensor<20x32xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<20x32xf32>, memref<20x32xf32>) -> ()
  return
}

// -----

// Floats are split behind shared memory. Only tiles of rows along k can be read
// as matrices; the others are read by elements. Four stages, two of them ahead
// of the one that is waited for.
// CHECK-LABEL: @f32
// CHECK: memref.alloc() : memref<4x16x12xf32, 3>
// CHECK: memref.alloc() : memref<4x8x40xf32, 3>
// CHECK: nvvm.cp.async.wait.group 2
// CHECK: nvgpu.ldmatrix {{.*}} -> vector<4x1xf32>
// CHECK-NOT: nvgpu.ldmatrix
// CHECK: memref.load %{{.+}} : memref<4x8x40xf32, 3>
// CHECK: nvvm.mma.sync {{.*}}multiplicandAPtxType = #nvvm.mma_type<tf32>
func.func @f32(%a: memref<20x40xf32>, %b: memref<40x32xf32>, %o: memref<20x32xf32>) attributes {schedule = #sched.gpu_matmul<tile_m = 16, tile_n = 32, tile_k = 8, warps_m = 1, warps_n = 1, copy = "async", stages = 4, numerics = "tf32x3">} {
  %ta = bufferization.to_tensor %a restrict : memref<20x40xf32> to tensor<20x40xf32>
  %tb = bufferization.to_tensor %b restrict : memref<40x32xf32> to tensor<40x32xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<20x32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<20x32xf32>) -> tensor<20x32xf32>
  %r = linalg.matmul ins(%ta, %tb : tensor<20x40xf32>, tensor<40x32xf32>) outs(%f : tensor<20x32xf32>) -> tensor<20x32xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<20x32xf32>, memref<20x32xf32>) -> ()
  return
}

// -----

// Rows of 38 floats do not start at multiples of 16 bytes.
// CHECK-LABEL: @unaligned
// CHECK-SAME: schedule = #sched.gpu_points
// CHECK-NOT: nvgpu
// expected-remark@+1 {{an operand cannot be copied as it lies in memory}}
func.func @unaligned(%a: memref<20x38xf32>, %b: memref<38x32xf32>, %o: memref<20x32xf32>) attributes {schedule = #sched.gpu_matmul<tile_m = 16, tile_n = 32, tile_k = 8, warps_m = 1, warps_n = 1, copy = "async", stages = 4, numerics = "tf32x3">} {
  %ta = bufferization.to_tensor %a restrict : memref<20x38xf32> to tensor<20x38xf32>
  %tb = bufferization.to_tensor %b restrict : memref<38x32xf32> to tensor<38x32xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<20x32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<20x32xf32>) -> tensor<20x32xf32>
  %r = linalg.matmul ins(%ta, %tb : tensor<20x38xf32>, tensor<38x32xf32>) outs(%f : tensor<20x32xf32>) -> tensor<20x32xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<20x32xf32>, memref<20x32xf32>) -> ()
  return
}

// -----

// A window of one element is no window: rows of 6 floats are no whole copies, but
// the 24 pixels of an image are. Weights lie along k.
// CHECK-LABEL: @pixels
// CHECK-SAME: %[[X:.+]]: memref<2x16x4x6xf32>, %[[W:.+]]: memref<16x16x1x1xf32>
// CHECK: memref.alloc() : memref<3x16x12xf32, 3>
// CHECK: memref.alloc() : memref<3x8x40xf32, 3>
// CHECK: nvgpu.device_async_copy %[[W]]
// CHECK: nvgpu.device_async_copy %[[X]]
func.func @pixels(%x: memref<2x16x4x6xf32>, %w: memref<16x16x1x1xf32>, %o: memref<2x16x4x6xf32>) attributes {schedule = #sched.gpu_matmul<tile_m = 16, tile_n = 32, tile_k = 8, warps_m = 1, warps_n = 1, copy = "async", stages = 3, numerics = "tf32x3">} {
  %tx = bufferization.to_tensor %x restrict : memref<2x16x4x6xf32> to tensor<2x16x4x6xf32>
  %tw = bufferization.to_tensor %w restrict : memref<16x16x1x1xf32> to tensor<16x16x1x1xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x16x4x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x16x4x6xf32>) -> tensor<2x16x4x6xf32>
  %r = linalg.conv_2d_nchw_fchw ins(%tx, %tw : tensor<2x16x4x6xf32>, tensor<16x16x1x1xf32>) outs(%f : tensor<2x16x4x6xf32>) -> tensor<2x16x4x6xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<2x16x4x6xf32>, memref<2x16x4x6xf32>) -> ()
  return
}

// -----

// Neighbours of a window of three are neighbours in k and in n: neither.
// CHECK-LABEL: @window
// CHECK-SAME: schedule = #sched.gpu_points
// CHECK-NOT: nvgpu
// expected-remark@+1 {{an operand cannot be copied as it lies in memory}}
func.func @window(%x: memref<2x16x6x8xf32>, %w: memref<16x16x3x3xf32>, %o: memref<2x16x4x6xf32>) attributes {schedule = #sched.gpu_matmul<tile_m = 16, tile_n = 32, tile_k = 8, warps_m = 1, warps_n = 1, copy = "async", stages = 3, numerics = "tf32x3">} {
  %tx = bufferization.to_tensor %x restrict : memref<2x16x6x8xf32> to tensor<2x16x6x8xf32>
  %tw = bufferization.to_tensor %w restrict : memref<16x16x3x3xf32> to tensor<16x16x3x3xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x16x4x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x16x4x6xf32>) -> tensor<2x16x4x6xf32>
  %r = linalg.conv_2d_nchw_fchw ins(%tx, %tw : tensor<2x16x6x8xf32>, tensor<16x16x3x3xf32>) outs(%f : tensor<2x16x4x6xf32>) -> tensor<2x16x4x6xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<2x16x4x6xf32>, memref<2x16x4x6xf32>) -> ()
  return
}
