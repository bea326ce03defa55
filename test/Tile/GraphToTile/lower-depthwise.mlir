// RUN: tegula-opt %s -split-input-file -tegula-tile-lower-depthwise -canonicalize -cse | FileCheck %s

#s = #sched.depthwise<vl = 8, rows = 2, columns = 1, block = 16, unroll = true, in_place = false, numerics = "fma">

// Padded rows go to scratch; a tile is two rows, three loads of a row serve
// both; the plane is one block. The last vector of 12 columns starts at 4.
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
// CHECK: vector.load %[[ROWS]][%{{.*}}, %[[C4:c4[_0-9]*]]]
// CHECK: vector.store %{{.*}}, %[[OUT]][%{{.*}}, %{{.*}}, %{{.*}}, %[[C4]]]
// CHECK-NOT: vector.maskedstore
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

#s = #sched.depthwise<vl = 8, rows = 4, columns = 1, block = 16, unroll = true, in_place = false, numerics = "fma">

// A stride of two: even and odd columns are taken apart in scratch, and each tap
// is one load.
// CHECK-LABEL: func @stride_two
// CHECK-SAME: (%[[X:.*]]: memref<1x4x33x17xf32>
// CHECK: %[[ROWS:.*]] = memref.alloc() {alignment = 64 : i64} : memref<33x
// CHECK: %[[EVEN:.*]] = vector.shuffle %{{.*}}, %{{.*}} [0, 2, 4, 6, 8, 10, 12, 14]
// CHECK: vector.store %[[EVEN]], %[[ROWS]]
// CHECK: %[[ODD:.*]] = vector.shuffle %{{.*}}, %{{.*}} [1, 3, 5, 7, 9, 11, 13, 15]
// CHECK: vector.store %[[ODD]], %[[ROWS]]
// CHECK: vector.fma
// CHECK-NOT: vector.gather
// CHECK-NOT: vector.shuffle
// CHECK: return
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

#s = #sched.depthwise<vl = 8, rows = 4, columns = 1, block = 16, unroll = true, in_place = false, numerics = "fma">

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

// -----

#s = #sched.depthwise<vl = 8, rows = 2, columns = 2, block = 4, unroll = false, in_place = false, numerics = "fma">

// Many taps: a loop over the input rows that both rows of the tile read, whose
// weights are loaded inside; the first and the last row of the input serve one.
// 24 columns are a tile of two vectors and one of one. Blocks are four rows.
// CHECK-LABEL: func @looped
// CHECK-SAME: (%[[X:.*]]: memref<1x4x16x24xf32>, %[[W:.*]]: memref<4x9x9xf32>
// CHECK: scf.forall {{.*}} in (16)
// CHECK: memref.alloc() {alignment = 64 : i64} : memref<12x
// CHECK-NOT: memref.load %[[W]]
// CHECK: scf.for
// CHECK: memref.load %[[W]]
// CHECK: %{{.*}}:4 = scf.for %{{.*}} iter_args({{.*}}) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK-COUNT-18: memref.load %[[W]]
// CHECK: scf.yield
// CHECK: %{{.*}}:2 = scf.for
func.func @looped(%x: memref<1x4x16x24xf32>, %w: memref<4x9x9xf32>, %o: memref<1x4x16x24xf32>) attributes {schedule = #s} {
  %tx = bufferization.to_tensor %x restrict : memref<1x4x16x24xf32> to tensor<1x4x16x24xf32>
  %tw = bufferization.to_tensor %w restrict : memref<4x9x9xf32> to tensor<4x9x9xf32>
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %tx low[0, 0, 4, 4] high[0, 0, 4, 4] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<1x4x16x24xf32> to tensor<1x4x24x32xf32>
  %e = tensor.empty() : tensor<1x4x16x24xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x4x16x24xf32>) -> tensor<1x4x16x24xf32>
  %r = linalg.depthwise_conv_2d_nchw_chw ins(%p, %tw : tensor<1x4x24x32xf32>, tensor<4x9x9xf32>)
      outs(%f : tensor<1x4x16x24xf32>) -> tensor<1x4x16x24xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<1x4x16x24xf32>, memref<1x4x16x24xf32>) -> ()
  return
}

// -----

#s = #sched.depthwise<vl = 8, rows = 2, columns = 1, block = 8, unroll = true, in_place = true, numerics = "fma">

// Nothing is padded: the input is read where it lies.
// CHECK-LABEL: func @in_place
// CHECK-SAME: (%[[X:.*]]: memref<1x4x16x16xf32>
// CHECK-NOT: memref.alloc
// CHECK: vector.load %[[X]]
// CHECK: vector.load %[[X]]
// CHECK: vector.shuffle %{{.*}}, %{{.*}} [0, 2, 4, 6, 8, 10, 12, 14]
// CHECK: vector.shuffle %{{.*}}, %{{.*}} [1, 3, 5, 7, 9, 11, 13, 15]
// CHECK: return
func.func @in_place(%x: memref<1x4x16x16xf32>, %o: memref<1x4x8x8xf32>) attributes {schedule = #s} {
  %tx = bufferization.to_tensor %x restrict : memref<1x4x16x16xf32> to tensor<1x4x16x16xf32>
  %low = arith.constant 0xFF800000 : f32
  %w = tensor.empty() : tensor<2x2xf32>
  %e = tensor.empty() : tensor<1x4x8x8xf32>
  %f = linalg.fill ins(%low : f32) outs(%e : tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %r = linalg.pooling_nchw_max {strides = dense<2> : tensor<2xi64>} ins(%tx, %w : tensor<1x4x16x16xf32>, tensor<2x2xf32>)
      outs(%f : tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<1x4x8x8xf32>, memref<1x4x8x8xf32>) -> ()
  return
}

// -----

#s = #sched.depthwise<vl = 8, rows = 2, columns = 1, block = 8, unroll = true, in_place = true, numerics = "fma">

// A vector of pairs would read beyond the row (and the last one beyond the
// input): staged whatever the schedule says.
// CHECK-LABEL: func @not_in_place
// CHECK: memref.alloc
func.func @not_in_place(%x: memref<1x4x17x17xf32>, %w: memref<4x3x3xf32>, %o: memref<1x4x8x8xf32>) attributes {schedule = #s} {
  %tx = bufferization.to_tensor %x restrict : memref<1x4x17x17xf32> to tensor<1x4x17x17xf32>
  %tw = bufferization.to_tensor %w restrict : memref<4x3x3xf32> to tensor<4x3x3xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x4x8x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %r = linalg.depthwise_conv_2d_nchw_chw {strides = dense<2> : tensor<2xi64>} ins(%tx, %tw : tensor<1x4x17x17xf32>, tensor<4x3x3xf32>)
      outs(%f : tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<1x4x8x8xf32>, memref<1x4x8x8xf32>) -> ()
  return
}
