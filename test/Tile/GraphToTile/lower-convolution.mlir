// RUN: tegula-opt %s -split-input-file -tegula-tile-lower-convolution -canonicalize -cse | FileCheck %s

#id = affine_map<(n, f, y, x) -> (n, f, y, x)>

// Columns are gathered under masks (padding, ends of rows); filters come from the
// packed constant.
// CHECK-LABEL: func @padded
// CHECK-SAME: (%[[X:.*]]: memref<1x8x14x14xf32>, %[[W:.*]]: memref<2x8x3x3x6xf32>
// CHECK: scf.forall (%{{.*}}) in (7)
// CHECK: %[[COLUMNS:.*]] = memref.alloc() {{.*}} : memref<2x72x16xf32>
// CHECK: vector.maskedload
// CHECK: vector.store %{{.*}}, %[[COLUMNS]]
// CHECK: scf.for %{{.*}} = %c0 to %c72 step %c1 iter_args
// CHECK: vector.load %[[COLUMNS]]
// CHECK: memref.load
// CHECK-COUNT-12: vector.fma
func.func @padded(%a: memref<1x8x14x14xf32>, %b: memref<2x8x3x3x6xf32>, %o: memref<1x12x14x14xf32>)
    attributes {schedule = #sched.convolution<mr = 6, nr = 16, vl = 8, kc = 72, nb = 2, fc = 12, in_place = false, numerics = "fma">} {
  %x = bufferization.to_tensor %a restrict : memref<1x8x14x14xf32> to tensor<1x8x14x14xf32>
  %w = bufferization.to_tensor %b restrict : memref<2x8x3x3x6xf32> to tensor<2x8x3x3x6xf32>
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%i0: index, %i1: index, %i2: index, %i3: index):
    tensor.yield %zero : f32
  } : tensor<1x8x14x14xf32> to tensor<1x8x16x16xf32>
  %ew = tensor.empty() : tensor<12x8x3x3xf32>
  %u = linalg.unpack %w inner_dims_pos = [0] inner_tiles = [6] into %ew : tensor<2x8x3x3x6xf32> -> tensor<12x8x3x3xf32>
  %e = tensor.empty() : tensor<1x12x14x14xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x12x14x14xf32>) -> tensor<1x12x14x14xf32>
  %c = linalg.conv_2d_nchw_fchw ins(%p, %u : tensor<1x8x16x16xf32>, tensor<12x8x3x3xf32>) outs(%f : tensor<1x12x14x14xf32>) -> tensor<1x12x14x14xf32>
  bufferization.materialize_in_destination %c in restrict writable %o : (tensor<1x12x14x14xf32>, memref<1x12x14x14xf32>) -> ()
  return
}

// -----

// Padding by one is no padding of a convolution.
// CHECK-LABEL: func @padded_by_one
// CHECK-SAME: schedule = #sched.loops
// CHECK: tensor.pad
func.func @padded_by_one(%a: memref<1x8x4x4xf32>, %b: memref<6x8x3x3xf32>, %o: memref<1x6x4x4xf32>)
    attributes {schedule = #sched.convolution<mr = 6, nr = 16, vl = 8, kc = 72, nb = 2, fc = 12, in_place = false, numerics = "fma">} {
  %x = bufferization.to_tensor %a restrict : memref<1x8x4x4xf32> to tensor<1x8x4x4xf32>
  %w = bufferization.to_tensor %b restrict : memref<6x8x3x3xf32> to tensor<6x8x3x3xf32>
  %one = arith.constant 1.0 : f32
  %p = tensor.pad %x low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%i0: index, %i1: index, %i2: index, %i3: index):
    tensor.yield %one : f32
  } : tensor<1x8x4x4xf32> to tensor<1x8x6x6xf32>
  %e = tensor.empty() : tensor<1x6x4x4xf32>
  %c = linalg.conv_2d_nchw_fchw ins(%p, %w : tensor<1x8x6x6xf32>, tensor<6x8x3x3xf32>) outs(%e : tensor<1x6x4x4xf32>) -> tensor<1x6x4x4xf32>
  bufferization.materialize_in_destination %c in restrict writable %o : (tensor<1x6x4x4xf32>, memref<1x6x4x4xf32>) -> ()
  return
}

// -----

// A pointwise convolution copies its pixels as they lie: 49 of them, no rows.
// CHECK-LABEL: func @pointwise
// CHECK-SAME: (%[[X:.*]]: memref<1x8x7x7xf32>
// CHECK: %[[FLAT:.*]] = memref.collapse_shape %[[X]]
// CHECK: %[[PANELS:.*]] = memref.alloc
// CHECK-NOT: arith.maxsi
// CHECK: vector.load %[[FLAT]]
// CHECK: vector.store %{{.*}}, %[[PANELS]]
func.func @pointwise(%a: memref<1x8x7x7xf32>, %b: memref<6x8x1x1xf32>, %o: memref<1x6x7x7xf32>)
    attributes {schedule = #sched.convolution<mr = 6, nr = 16, vl = 8, kc = 8, nb = 2, fc = 6, in_place = false, numerics = "fma">} {
  %ta = bufferization.to_tensor %a restrict : memref<1x8x7x7xf32> to tensor<1x8x7x7xf32>
  %tb = bufferization.to_tensor %b restrict : memref<6x8x1x1xf32> to tensor<6x8x1x1xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x6x7x7xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x6x7x7xf32>) -> tensor<1x6x7x7xf32>
  %r = linalg.conv_2d_nchw_fchw ins(%ta, %tb : tensor<1x8x7x7xf32>, tensor<6x8x1x1xf32>)
      outs(%f : tensor<1x6x7x7xf32>) -> tensor<1x6x7x7xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<1x6x7x7xf32>, memref<1x6x7x7xf32>) -> ()
  return
}
