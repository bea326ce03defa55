// RUN: tegula-opt %s -split-input-file -tegula-tile-lower-depthwise -canonicalize -cse | FileCheck %s

#s = #sched.depthwise<vl = 8, rows = 2, columns = 1, numerics = "fma">

// Padded rows go to scratch; a tile is two rows, three loads of a row serve
// both; the plane is one block.
// CHECK-LABEL: func @staged
// CHECK-SAME: (%[[X:.*]]: memref<1x16x10x12xf32>, %[[W:.*]]: memref<16x3x3xf32>, %[[OUT:.*]]: memref<1x16x10x12xf32>)
// CHECK: scf.forall {{.*}} in (16)
// CHECK: %[[ROWS:.*]] = memref.alloc() {alignment = 64 : i64} : memref<12x24xf32>
// CHECK: scf.if
// CHECK: vector.maskedload %[[X]]
// CHECK: arith.select
// CHECK-COUNT-9: memref.load %[[W]]
// CHECK: scf.for
// CHECK: vector.load %[[ROWS]]
// CHECK-NEXT: vector.fma
// CHECK-NOT: scf.if
// CHECK: vector.store %{{.*}}, %[[OUT]]
// CHECK: vector.store %{{.*}}, %[[OUT]]
// CHECK: vector.maskedstore %[[OUT]]
func.func @staged(%x: memref<1x16x10x12xf32>, %w: memref<16x3x3xf32>, %o: memref<1x16x10x12xf32>) attributes {schedule = #s} {
  %tx = bufferization.to_tensor %x restrict : memref<1x16x10x12xf32> to tensor<1x16x10x12xf32>
  %tw = bufferization.to_tensor %w restrict : memref<16x3x3xf32> to tensor<16x3x3xf32>
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %tx low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<1x16x10x12xf32> to tensor<1x16x12x14xf32>
  %e = tensor.empty() : tensor<1x16x10x12xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x16x10x12xf32>) -> tensor<1x16x10x12xf32>
  %r = linalg.depthwise_conv_2d_nchw_chw ins(%p, %tw : tensor<1x16x12x14xf32>, tensor<16x3x3xf32>)
      outs(%f : tensor<1x16x10x12xf32>) -> tensor<1x16x10x12xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<1x16x10x12xf32>, memref<1x16x10x12xf32>) -> ()
  return
}

// -----

#s = #sched.depthwise<vl = 8, rows = 4, columns = 1, numerics = "fma">

// A stride of two: every other column of two vectors.
// CHECK-LABEL: func @stride_two
// CHECK-SAME: (%[[X:.*]]: memref<1x4x33x17xf32>
// CHECK: %[[ROWS:.*]] = memref.alloc() {alignment = 64 : i64} : memref<33x
// CHECK: vector.shuffle %{{.*}}, %{{.*}} [0, 2, 4, 6, 8, 10, 12, 14]
// CHECK: vector.shuffle %{{.*}}, %{{.*}} [1, 3, 5, 7, 9, 11, 13, 15]
// CHECK-NOT: vector.gather
func.func @stride_two(%x: memref<1x4x33x17xf32>, %w: memref<4x3x3xf32>, %o: memref<1x4x16x8xf32>) attributes {schedule = #s} {
  %tx = bufferization.to_tensor %x restrict : memref<1x4x33x17xf32> to tensor<1x4x33x17xf32>
  %tw = bufferization.to_tensor %w restrict : memref<4x3x3xf32> to tensor<4x3x3xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x4x16x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x4x16x8xf32>) -> tensor<1x4x16x8xf32>
  %r = linalg.depthwise_conv_2d_nchw_chw {strides = dense<2> : tensor<2xi64>} ins(%tx, %tw : tensor<1x4x33x17xf32>, tensor<4x3x3xf32>)
      outs(%f : tensor<1x4x16x8xf32>) -> tensor<1x4x16x8xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<1x4x16x8xf32>, memref<1x4x16x8xf32>) -> ()
  return
}

// -----

#s = #sched.depthwise<vl = 8, rows = 4, columns = 1, numerics = "fma">

// A width that is not known: no scratch, the vectors inside read the input.
// CHECK-LABEL: func @dynamic
// CHECK-NOT: memref.alloc
// CHECK: scf.if
// CHECK: vector.fma
func.func @dynamic(%x: memref<1x4x8x?xf32>, %w: memref<4x3x3xf32>, %o: memref<1x4x6x?xf32>, %n: index) attributes {schedule = #s} {
  %tx = bufferization.to_tensor %x restrict : memref<1x4x8x?xf32> to tensor<1x4x8x?xf32>
  %tw = bufferization.to_tensor %w restrict : memref<4x3x3xf32> to tensor<4x3x3xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%n) : tensor<1x4x6x?xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x4x6x?xf32>) -> tensor<1x4x6x?xf32>
  %r = linalg.depthwise_conv_2d_nchw_chw ins(%tx, %tw : tensor<1x4x8x?xf32>, tensor<4x3x3xf32>)
      outs(%f : tensor<1x4x6x?xf32>) -> tensor<1x4x6x?xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<1x4x6x?xf32>, memref<1x4x6x?xf32>) -> ()
  return
}
