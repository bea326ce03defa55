// RUN: tegula-opt %s -split-input-file -verify-diagnostics -tegula-tile-lower-contraction -canonicalize -cse | FileCheck %s

// A trip covers the 8 codes of a lane: one load of codes and one of scales for
// each vector, then shift, mask, convert, scale, multiply-add.
// CHECK-LABEL: func @columns
// CHECK-SAME: (%[[A:.*]]: memref<1x64xf32>, %[[C:.*]]: memref<1536xi8>, %[[S:.*]]: memref<3x2x16xf32>, %{{.*}})
// CHECK: scf.for %[[K:.*]] = %c0 to %c64 step %c8 iter_args
// CHECK: %[[BYTES:.*]] = vector.load %[[C]]{{.*}} : memref<1536xi8>, vector<32xi8>
// CHECK: %[[WORDS:.*]] = vector.bitcast %[[BYTES]] : vector<32xi8> to vector<8xi32>
// CHECK: %[[CODE:.*]] = arith.andi %[[WORDS]], %{{.*}} : vector<8xi32>
// CHECK: %[[LESS:.*]] = arith.subi %[[CODE]]
// CHECK: %[[F:.*]] = arith.sitofp %[[LESS]]
// CHECK: %[[SCALE:.*]] = vector.load %[[S]]
// CHECK: %[[W:.*]] = arith.mulf %[[F]], %[[SCALE]]
// CHECK: vector.fma %{{.*}}, %[[W]], %{{.*}}
// CHECK: arith.shrui %[[WORDS]]
// CHECK-COUNT-14: vector.fma
// CHECK: scf.yield
// CHECK-NOT: lp.dequantize
func.func @columns(%a: memref<1x64xf32>, %c: memref<1536xi8>, %s: memref<3x2x16xf32>, %o: memref<1x48xf32>)
    attributes {schedule = #sched.contraction<mr = 1, nr = 16, vl = 8, kc = 64, mc = 1, nc = 48, pack_columns = false, streams = 1, numerics = "fma">} {
  %ta = bufferization.to_tensor %a restrict : memref<1x64xf32> to tensor<1x64xf32>
  %tc = bufferization.to_tensor %c restrict : memref<1536xi8> to tensor<1536xi8>
  %ts = bufferization.to_tensor %s restrict : memref<3x2x16xf32> to tensor<3x2x16xf32>
  %es = tensor.empty() : tensor<48x2xf32>
  %u = linalg.unpack %ts outer_dims_perm = [0, 1] inner_dims_pos = [0] inner_tiles = [16] into %es : tensor<3x2x16xf32> -> tensor<48x2xf32>
  %w = lp.dequantize %tc, %u layout(<n = 16, k = 8, container = 32, planes = <bits = 4, shift = 0, slot = [k8], lane = [n8], reg = [n2*8]>>)
      scheme(<bits = 4, group = 32, zero = 8>) : tensor<1536xi8>, tensor<48x2xf32> -> tensor<64x48xf32>
  %e = tensor.empty() : tensor<1x48xf32>
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<1x48xf32>) -> tensor<1x48xf32>
  %m = linalg.matmul ins(%ta, %w : tensor<1x64xf32>, tensor<64x48xf32>) outs(%f : tensor<1x48xf32>) -> tensor<1x48xf32>
  bufferization.materialize_in_destination %m in restrict writable %o : (tensor<1x48xf32>, memref<1x48xf32>) -> ()
  return
}

// -----

// Codes row by row are not vectors of columns.
// CHECK-LABEL: func @rows
// CHECK-SAME: #sched.loops
// CHECK: lp.dequantize
// expected-remark@+1 {{packed codes do not lie as the schedule's vectors read them}}
func.func @rows(%a: memref<1x64xf32>, %c: memref<1536xi8>, %s: memref<3x2x16xf32>, %o: memref<1x48xf32>)
    attributes {schedule = #sched.contraction<mr = 1, nr = 16, vl = 8, kc = 64, mc = 1, nc = 48, pack_columns = false, streams = 1, numerics = "fma">} {
  %ta = bufferization.to_tensor %a restrict : memref<1x64xf32> to tensor<1x64xf32>
  %tc = bufferization.to_tensor %c restrict : memref<1536xi8> to tensor<1536xi8>
  %ts = bufferization.to_tensor %s restrict : memref<3x2x16xf32> to tensor<3x2x16xf32>
  %es = tensor.empty() : tensor<48x2xf32>
  %u = linalg.unpack %ts outer_dims_perm = [0, 1] inner_dims_pos = [0] inner_tiles = [16] into %es : tensor<3x2x16xf32> -> tensor<48x2xf32>
  %w = lp.dequantize %tc, %u layout(<n = 1, k = 2, container = 8, planes = <bits = 4, shift = 0, slot = [k2], lane = [], reg = []>>)
      scheme(<bits = 4, group = 32, zero = 8>) : tensor<1536xi8>, tensor<48x2xf32> -> tensor<64x48xf32>
  %e = tensor.empty() : tensor<1x48xf32>
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<1x48xf32>) -> tensor<1x48xf32>
  %m = linalg.matmul ins(%ta, %w : tensor<1x64xf32>, tensor<64x48xf32>) outs(%f : tensor<1x48xf32>) -> tensor<1x48xf32>
  bufferization.materialize_in_destination %m in restrict writable %o : (tensor<1x48xf32>, memref<1x48xf32>) -> ()
  return
}
