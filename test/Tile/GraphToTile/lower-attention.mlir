// RUN: tegula-opt %s -split-input-file -pass-pipeline='builtin.module(func.func(tegula-tile-lower-attention))' -verify-diagnostics | FileCheck %s

#id = affine_map<(h, q, t) -> (h, q, t)>
#row = affine_map<(h, q, t) -> (h, q)>

// CHECK-LABEL: func @attention
// CHECK-NOT: schedule
// Queries are transposed, keys and values read where they are.
// CHECK: scf.forall
// CHECK-DAG: %[[SCORES:.*]] = memref.alloc() {{.*}} : memref<10x16xf32>
// CHECK-DAG: %[[QUERIES:.*]] = memref.alloc() {{.*}} : memref<8x16xf32>
// CHECK: vector.transpose
// The scores and their scale.
// CHECK: vector.fma
// CHECK: arith.mulf
// CHECK: vector.store {{.*}} %[[SCORES]]
// The softmax: four chains over the keys.
// CHECK: scf.for {{.*}} iter_args(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}})
// CHECK: arith.maximumf
// CHECK: math.exp
// CHECK: vector.store {{.*}} %[[SCORES]]
// CHECK: arith.addf
// The result, divided at the end.
// CHECK: vector.fma
// CHECK: arith.divf
func.func @attention(%q: memref<2x16x8xf32>, %k: memref<2x8x10xf32>, %v: memref<2x10x8xf32>, %o: memref<2x16x8xf32>)
    attributes {schedule = #sched.attention<mr = 2, nr = 16, vl = 8, mq = 16, kc = 64, tasks = 4, numerics = "keys4-fma">} {
  %tq = bufferization.to_tensor %q restrict : memref<2x16x8xf32> to tensor<2x16x8xf32>
  %tk = bufferization.to_tensor %k restrict : memref<2x8x10xf32> to tensor<2x8x10xf32>
  %tv = bufferization.to_tensor %v restrict : memref<2x10x8xf32> to tensor<2x10x8xf32>
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %scale = arith.constant 0.5 : f32
  %es = tensor.empty() : tensor<2x16x10xf32>
  %er = tensor.empty() : tensor<2x16xf32>
  %eo = tensor.empty() : tensor<2x16x8xf32>
  %zs = linalg.fill ins(%zero : f32) outs(%es : tensor<2x16x10xf32>) -> tensor<2x16x10xf32>
  %lr = linalg.fill ins(%low : f32) outs(%er : tensor<2x16xf32>) -> tensor<2x16xf32>
  %zr = linalg.fill ins(%zero : f32) outs(%er : tensor<2x16xf32>) -> tensor<2x16xf32>
  %zo = linalg.fill ins(%zero : f32) outs(%eo : tensor<2x16x8xf32>) -> tensor<2x16x8xf32>
  %s = linalg.batch_matmul ins(%tq, %tk : tensor<2x16x8xf32>, tensor<2x8x10xf32>) outs(%zs : tensor<2x16x10xf32>) -> tensor<2x16x10xf32>
  %x = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s : tensor<2x16x10xf32>) outs(%es : tensor<2x16x10xf32>) {
  ^bb0(%a: f32, %b: f32):
    %0 = arith.mulf %a, %scale : f32
    linalg.yield %0 : f32
  } -> tensor<2x16x10xf32>
  %m = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x : tensor<2x16x10xf32>) outs(%lr : tensor<2x16xf32>) {
  ^bb0(%a: f32, %b: f32):
    %0 = arith.maximumf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<2x16xf32>
  %e = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x, %m : tensor<2x16x10xf32>, tensor<2x16xf32>) outs(%es : tensor<2x16x10xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.subf %a, %b : f32
    %1 = math.exp %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x16x10xf32>
  %l = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "parallel", "reduction"]} ins(%e : tensor<2x16x10xf32>) outs(%zr : tensor<2x16xf32>) {
  ^bb0(%a: f32, %b: f32):
    %0 = arith.addf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<2x16xf32>
  %w = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%e, %l : tensor<2x16x10xf32>, tensor<2x16xf32>) outs(%es : tensor<2x16x10xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = arith.divf %a, %b : f32
    linalg.yield %0 : f32
  } -> tensor<2x16x10xf32>
  %r = linalg.batch_matmul ins(%w, %tv : tensor<2x16x10xf32>, tensor<2x10x8xf32>) outs(%zo : tensor<2x16x8xf32>) -> tensor<2x16x8xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<2x16x8xf32>, memref<2x16x8xf32>) -> ()
  return
}

// -----

// One product is not attention.

// CHECK-LABEL: func @product
// CHECK-SAME: #sched.loops
// expected-remark @below {{attention lowering does not apply: the kernel is not attention}}
func.func @product(%a: memref<4x4xf32>, %b: memref<4x8xf32>, %o: memref<4x8xf32>)
    attributes {schedule = #sched.attention<mr = 2, nr = 16, vl = 8, mq = 16, kc = 64, tasks = 4, numerics = "keys4-fma">} {
  %ta = bufferization.to_tensor %a restrict : memref<4x4xf32> to tensor<4x4xf32>
  %tb = bufferization.to_tensor %b restrict : memref<4x8xf32> to tensor<4x8xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x8xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %r = linalg.matmul ins(%ta, %tb : tensor<4x4xf32>, tensor<4x8xf32>) outs(%z : tensor<4x8xf32>) -> tensor<4x8xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<4x8xf32>, memref<4x8xf32>) -> ()
  return
}
