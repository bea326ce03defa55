// RUN: tegula-opt %s -split-input-file -tegula-tile-lower-filter-lanes -canonicalize -cse | FileCheck %s

// 20 filters in panels of 16, 9 pixels in tiles of 4: the sums are pixels x
// filters, and are turned before the epilogue.
// CHECK-LABEL: func @pixels
// CHECK-SAME: (%[[X:.*]]: memref<1x8x3x3xf32>, %[[W:.*]]: memref<2x8x1x1x16xf32>, %[[O:.*]]: memref<1x20x3x3xf32>)
// CHECK: scf.forall (%{{.*}}) in (2)
// CHECK-DAG: %[[SUMS:.*]] = memref.alloc() {{.*}} : memref<1x16x16xf32>
// CHECK-DAG: %[[TURNED:.*]] = memref.alloc() {{.*}} : memref<16x16xf32>
// CHECK: scf.for {{.*}} = %c0 to %c8 step %c1 iter_args
// CHECK-COUNT-2: vector.load
// CHECK: memref.load
// CHECK: vector.fma
// CHECK: vector.store %{{.*}}, %[[SUMS]][
// CHECK: vector.from_elements
// CHECK: vector.store %{{.*}}, %[[TURNED]][
// CHECK: arith.maximumf
// CHECK: vector.maskedstore
#id = affine_map<(n, f, y, x) -> (n, f, y, x)>
func.func @pixels(%a: memref<1x8x3x3xf32>, %b: memref<2x8x1x1x16xf32>, %o: memref<1x20x3x3xf32>)
    attributes {schedule = #sched.filter_lanes<mr = 4, nr = 16, vl = 8, kc = 8, np = 9, fc = 16, in_place = true, numerics = "fma">} {
  %x = bufferization.to_tensor %a restrict : memref<1x8x3x3xf32> to tensor<1x8x3x3xf32>
  %p = bufferization.to_tensor %b restrict : memref<2x8x1x1x16xf32> to tensor<2x8x1x1x16xf32>
  %zero = arith.constant 0.0 : f32
  %ew = tensor.empty() : tensor<20x8x1x1xf32>
  %w = linalg.unpack %p outer_dims_perm = [0, 1, 2, 3] inner_dims_pos = [0] inner_tiles = [16] into %ew : tensor<2x8x1x1x16xf32> -> tensor<20x8x1x1xf32>
  %e = tensor.empty() : tensor<1x20x3x3xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x20x3x3xf32>) -> tensor<1x20x3x3xf32>
  %c = linalg.conv_2d_nchw_fchw ins(%x, %w : tensor<1x8x3x3xf32>, tensor<20x8x1x1xf32>) outs(%f : tensor<1x20x3x3xf32>) -> tensor<1x20x3x3xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%c : tensor<1x20x3x3xf32>) outs(%e : tensor<1x20x3x3xf32>) {
  ^bb0(%v: f32, %out: f32):
    %0 = arith.maximumf %v, %zero : f32
    linalg.yield %0 : f32
  } -> tensor<1x20x3x3xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<1x20x3x3xf32>, memref<1x20x3x3xf32>) -> ()
  return
}

// -----

// One pixel: filters lie side by side in the result, nothing is turned. The
// window is gathered.
// CHECK-LABEL: func @one_pixel
// CHECK-SAME: (%{{.*}}: memref<1x4x3x3xf32>, %{{.*}}: memref<1x4x3x3x8xf32>, %[[O:.*]]: memref<1x8x1x1xf32>)
// CHECK: %[[COLUMNS:.*]] = memref.alloc() {{.*}} : memref<1x36x8xf32>
// CHECK: memref.store %{{.*}}, %[[COLUMNS]][
// CHECK: memref.load %[[COLUMNS]]
// CHECK-NOT: vector.from_elements
// CHECK: memref.collapse_shape %[[O]]
// CHECK: vector.store
func.func @one_pixel(%a: memref<1x4x3x3xf32>, %b: memref<1x4x3x3x8xf32>, %o: memref<1x8x1x1xf32>)
    attributes {schedule = #sched.filter_lanes<mr = 1, nr = 8, vl = 8, kc = 36, np = 1, fc = 8, in_place = false, numerics = "fma">} {
  %x = bufferization.to_tensor %a restrict : memref<1x4x3x3xf32> to tensor<1x4x3x3xf32>
  %p = bufferization.to_tensor %b restrict : memref<1x4x3x3x8xf32> to tensor<1x4x3x3x8xf32>
  %zero = arith.constant 0.0 : f32
  %ew = tensor.empty() : tensor<8x4x3x3xf32>
  %w = linalg.unpack %p outer_dims_perm = [0, 1, 2, 3] inner_dims_pos = [0] inner_tiles = [8] into %ew : tensor<1x4x3x3x8xf32> -> tensor<8x4x3x3xf32>
  %e = tensor.empty() : tensor<1x8x1x1xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x8x1x1xf32>) -> tensor<1x8x1x1xf32>
  %c = linalg.conv_2d_nchw_fchw ins(%x, %w : tensor<1x4x3x3xf32>, tensor<8x4x3x3xf32>) outs(%f : tensor<1x8x1x1xf32>) -> tensor<1x8x1x1xf32>
  bufferization.materialize_in_destination %c in restrict writable %o : (tensor<1x8x1x1xf32>, memref<1x8x1x1xf32>) -> ()
  return
}

// -----

// Filters that nobody has packed.
// CHECK-LABEL: func @unpacked
// CHECK-SAME: schedule = #sched.loops
func.func @unpacked(%a: memref<1x4x3x3xf32>, %b: memref<8x4x3x3xf32>, %o: memref<1x8x1x1xf32>)
    attributes {schedule = #sched.filter_lanes<mr = 1, nr = 8, vl = 8, kc = 36, np = 1, fc = 8, in_place = false, numerics = "fma">} {
  %x = bufferization.to_tensor %a restrict : memref<1x4x3x3xf32> to tensor<1x4x3x3xf32>
  %w = bufferization.to_tensor %b restrict : memref<8x4x3x3xf32> to tensor<8x4x3x3xf32>
  %e = tensor.empty() : tensor<1x8x1x1xf32>
  %c = linalg.conv_2d_nchw_fchw ins(%x, %w : tensor<1x4x3x3xf32>, tensor<8x4x3x3xf32>) outs(%e : tensor<1x8x1x1xf32>) -> tensor<1x8x1x1xf32>
  bufferization.materialize_in_destination %c in restrict writable %o : (tensor<1x8x1x1xf32>, memref<1x8x1x1xf32>) -> ()
  return
}
