// RUN: tegula-opt %s -tegula-tile-lower-gpu-matmul -split-input-file | FileCheck %s

// Three products of TF32 halves per product of floats; zeros beyond the edges.
// CHECK-LABEL: @f32
// CHECK-SAME: %[[A:.+]]: memref<37x50xf32>, %[[B:.+]]: memref<50x70xf32>, %[[O:.+]]: memref<37x70xf32>
// CHECK: scf.forall (%[[BLOCK:.+]]) in (9)
// CHECK: gpu.thread_id x
// CHECK-DAG: %[[SA:.+]] = memref.alloc() : memref<2x16x12xf32, 3>
// CHECK-DAG: %[[SB:.+]] = memref.alloc() : memref<2x32x12xf32, 3>
// CHECK: scf.for %{{.+}} = %c0{{.*}} to %c50{{.*}} step %c8{{.*}} iter_args
// CHECK: memref.store %{{.+}}, %[[SA]]
// CHECK: memref.store %{{.+}}, %[[SB]]
// CHECK: gpu.barrier
// CHECK: memref.load %[[A]]
// CHECK: arith.select
// CHECK: nvvm.mma.sync {{.*}}multiplicandAPtxType = #nvvm.mma_type<tf32>
// CHECK: nvvm.mma.sync
// CHECK: nvvm.mma.sync
// CHECK: scf.if
// CHECK: arith.maximumf
// CHECK: memref.store %{{.+}}, %[[O]]
// CHECK: {mapping = [#gpu.block<x>], tegula.threads = 32
func.func @f32(%a: memref<37x50xf32>, %b: memref<50x70xf32>, %o: memref<37x70xf32>) attributes {schedule = #sched.gpu_matmul<tile_m = 16, tile_n = 32, tile_k = 8, warps_m = 1, warps_n = 1, copy = "registers", stages = 2, numerics = "tf32x3">} {
  %ta = bufferization.to_tensor %a restrict : memref<37x50xf32> to tensor<37x50xf32>
  %tb = bufferization.to_tensor %b restrict : memref<50x70xf32> to tensor<50x70xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<37x70xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<37x70xf32>) -> tensor<37x70xf32>
  %p = linalg.matmul ins(%ta, %tb : tensor<37x50xf32>, tensor<50x70xf32>) outs(%f : tensor<37x70xf32>) -> tensor<37x70xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d0, d1)>, affine_map<(d0, d1) -> (d0, d1)>], iterator_types = ["parallel", "parallel"]} ins(%p : tensor<37x70xf32>) outs(%e : tensor<37x70xf32>) {
  ^bb0(%x: f32, %y: f32):
    %m = arith.maximumf %x, %zero : f32
    linalg.yield %m : f32
  } -> tensor<37x70xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<37x70xf32>, memref<37x70xf32>) -> ()
  return
}

// -----

// Halves as they are: one instruction for 16 positions of k.
#a = affine_map<(m, n, k) -> (m, k)>
#b = affine_map<(m, n, k) -> (k, n)>
#c = affine_map<(m, n, k) -> (m, n)>
// CHECK-LABEL: @f16
// CHECK: memref.alloc() : memref<2x16x24xf16, 3>
// CHECK: nvgpu.ldmatrix %{{.+}} : memref<2x16x24xf16, 3> -> vector<4x2xf16>
// CHECK: nvvm.mma.sync {{.*}}shape = #nvvm.shape<m = 16, n = 8, k = 16>
func.func @f16(%a: memref<16x32xf16>, %b: memref<32x32xf16>, %o: memref<16x32xf32>) attributes {schedule = #sched.gpu_matmul<tile_m = 16, tile_n = 32, tile_k = 16, warps_m = 1, warps_n = 1, copy = "registers", stages = 2, numerics = "f16">} {
  %ta = bufferization.to_tensor %a restrict : memref<16x32xf16> to tensor<16x32xf16>
  %tb = bufferization.to_tensor %b restrict : memref<32x32xf16> to tensor<32x32xf16>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<16x32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<16x32xf32>) -> tensor<16x32xf32>
  %r = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]} ins(%ta, %tb : tensor<16x32xf16>, tensor<32x32xf16>) outs(%f : tensor<16x32xf32>) {
  ^bb0(%x: f16, %y: f16, %acc: f32):
    %u = arith.extf %x : f16 to f32
    %v = arith.extf %y : f16 to f32
    %p = arith.mulf %u, %v : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  } -> tensor<16x32xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<16x32xf32>, memref<16x32xf32>) -> ()
  return
}

// -----

// The operands are not the schedule's: one thread per element instead.
// CHECK-LABEL: @other
// CHECK-SAME: schedule = #sched.gpu_points
// CHECK: linalg.matmul
func.func @other(%a: memref<16x32xf32>, %b: memref<32x32xf32>, %o: memref<16x32xf32>) attributes {schedule = #sched.gpu_matmul<tile_m = 16, tile_n = 32, tile_k = 16, warps_m = 1, warps_n = 1, copy = "registers", stages = 2, numerics = "bf16">} {
  %ta = bufferization.to_tensor %a restrict : memref<16x32xf32> to tensor<16x32xf32>
  %tb = bufferization.to_tensor %b restrict : memref<32x32xf32> to tensor<32x32xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<16x32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<16x32xf32>) -> tensor<16x32xf32>
  %r = linalg.matmul ins(%ta, %tb : tensor<16x32xf32>, tensor<32x32xf32>) outs(%f : tensor<16x32xf32>) -> tensor<16x32xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<16x32xf32>, memref<16x32xf32>) -> ()
  return
}
