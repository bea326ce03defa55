// RUN: tegula-opt %s -tegula-tile-lower-gpu-matmul -split-input-file -verify-diagnostics | FileCheck %s

// One map an operand: boxes of 64 rows with 64 of k, the rows of both batches
// counted as one dimension, and of 64 of k with 64 columns, which lie next to each
// other. The last warp copies, the others multiply.
#a = affine_map<(b, m, n, k) -> (b, m, k)>
#b = affine_map<(b, m, n, k) -> (k, n)>
#c = affine_map<(b, m, n, k) -> (b, m, n)>
// CHECK-LABEL: @f16
// CHECK-SAME: %[[A:.+]]: memref<2x70x136xf16>, %[[B:.+]]: memref<136x72xf16>, %[[O:.+]]: memref<2x70x72xf32>
// CHECK-DAG: %[[UA:.+]] = memref.cast %{{.+}} : memref<140x136xf16> to memref<*xf16>
// CHECK-DAG: %[[MA:.+]] = nvgpu.tma.create.descriptor %[[UA]] box[%c64{{.*}}, %c64{{.*}}] : memref<*xf16> -> <tensor = memref<64x64xf16, 3>, swizzle = swizzle_128b, l2promo = l2promo_256b, oob = zero, interleave = none>
// CHECK-DAG: %[[UB:.+]] = memref.cast %{{.+}} : memref<136x72xf16> to memref<*xf16>
// CHECK-DAG: %[[MB:.+]] = nvgpu.tma.create.descriptor %[[UB]] box[%c64{{.*}}, %c64{{.*}}]
// CHECK: scf.forall
// CHECK: memref.alloc() {alignment = 1024 : i64} : memref<16384xi8, 3>
// CHECK: memref.alloc() {alignment = 1024 : i64} : memref<32768xi8, 3>
// CHECK: memref.alloc() {alignment = 1024 : i64} : memref<32xi8, 3>
// CHECK: nvvm.mbarrier.init
// CHECK: nvvm.fence.mbarrier.init
// CHECK: gpu.barrier
// CHECK: nvvm.elect.sync
// CHECK: scf.for
// CHECK: nvvm.mbarrier.try_wait.parity
// CHECK: %[[BYTES:.+]] = arith.constant 24576 : i32
// CHECK: nvvm.mbarrier.arrive.expect_tx %{{.+}}, %[[BYTES]]
// CHECK: %[[AT:.+]] = builtin.unrealized_conversion_cast %[[MA]]
// CHECK: nvvm.cp.async.bulk.tensor.shared.cluster.global %{{.+}}, %[[AT]], %{{.+}}, box[%{{.+}}, %{{.+}}] {isCTAOnly = true}
// Two boxes for 128 columns.
// CHECK-COUNT-2: nvvm.cp.async.bulk.tensor
// CHECK-NOT: nvvm.cp.async.bulk.tensor
// CHECK: } else {
// CHECK: nvvm.mbarrier.try_wait.parity
// CHECK: nvvm.wgmma.fence.aligned
// CHECK: nvvm.wgmma.mma_async {{.*}} <m = 64, n = 128, k = 16>, D[<f32>, <zero>], A[<f16>, <one>, <row>], B[<f16>, <one>, <row>]
// CHECK-COUNT-3: nvvm.wgmma.mma_async {{.*}} D[<f32>, <one>]
// CHECK: nvvm.wgmma.commit.group.sync.aligned
// CHECK: scf.for
// CHECK: nvvm.wgmma.wait.group.sync.aligned 1
// CHECK: nvvm.mbarrier.arrive
// CHECK: llvm.inline_asm has_side_effects "wgmma.wait_group.sync.aligned 0;"
// CHECK: memref.store %{{.+}}, %[[O]]
// CHECK: tegula.threads = 160
func.func @f16(%a: memref<2x70x136xf16>, %b: memref<136x72xf16>, %o: memref<2x70x72xf32>) attributes {schedule = #sched.gpu_matmul<tile_m = 64, tile_n = 128, tile_k = 64, warps_m = 4, warps_n = 1, copy = "tma", stages = 2, numerics = "f16">} {
  %ta = bufferization.to_tensor %a restrict : memref<2x70x136xf16> to tensor<2x70x136xf16>
  %tb = bufferization.to_tensor %b restrict : memref<136x72xf16> to tensor<136x72xf16>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x70x72xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x70x72xf32>) -> tensor<2x70x72xf32>
  %r = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "parallel", "reduction"]} ins(%ta, %tb : tensor<2x70x136xf16>, tensor<136x72xf16>) outs(%f : tensor<2x70x72xf32>) {
  ^bb0(%x: f16, %y: f16, %acc: f32):
    %u = arith.extf %x : f16 to f32
    %v = arith.extf %y : f16 to f32
    %p = arith.mulf %u, %v : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  } -> tensor<2x70x72xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<2x70x72xf32>, memref<2x70x72xf32>) -> ()
  return
}

// -----

// The rows of the operand are two dimensions with the batch between them.
#a = affine_map<(m, b, h, n, k) -> (m, b, h, k)>
#b = affine_map<(m, b, h, n, k) -> (b, k, n)>
#c = affine_map<(m, b, h, n, k) -> (m, b, h, n)>
// CHECK-LABEL: @apart
// CHECK-SAME: schedule = #sched.gpu_points
// CHECK-NOT: nvgpu
// expected-remark@+1 {{an operand cannot be copied as it lies in memory}}
func.func @apart(%a: memref<8x4x8x64xf16>, %b: memref<4x64x64xf16>, %o: memref<8x4x8x64xf32>) attributes {schedule = #sched.gpu_matmul<tile_m = 64, tile_n = 64, tile_k = 64, warps_m = 4, warps_n = 1, copy = "tma", stages = 2, numerics = "f16">} {
  %ta = bufferization.to_tensor %a restrict : memref<8x4x8x64xf16> to tensor<8x4x8x64xf16>
  %tb = bufferization.to_tensor %b restrict : memref<4x64x64xf16> to tensor<4x64x64xf16>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x4x8x64xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8x4x8x64xf32>) -> tensor<8x4x8x64xf32>
  %r = linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]} ins(%ta, %tb : tensor<8x4x8x64xf16>, tensor<4x64x64xf16>) outs(%f : tensor<8x4x8x64xf32>) {
  ^bb0(%x: f16, %y: f16, %acc: f32):
    %u = arith.extf %x : f16 to f32
    %v = arith.extf %y : f16 to f32
    %p = arith.mulf %u, %v : f32
    %s = arith.addf %acc, %p : f32
    linalg.yield %s : f32
  } -> tensor<8x4x8x64xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<8x4x8x64xf32>, memref<8x4x8x64xf32>) -> ()
  return
}
