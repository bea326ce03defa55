// RUN: tegula-opt %s -split-input-file -tegula-tile-lower-winograd -canonicalize -cse | FileCheck %s

// 13 x 14 results are 4 x 4 tiles; 2 rows of them, times 12 filters, are a
// block; 2 tasks have 2 blocks of the image each.
// CHECK-LABEL: func @padded
// CHECK-SAME: (%[[X:.*]]: memref<1x8x13x14xf32>, %[[W:.*]]: memref<36x3x8x6xf32>
// CHECK: scf.forall (%{{.*}}) in (2)
// CHECK-DAG: %[[TILES:.*]] = memref.alloc() {{.*}} : memref<36x9x16xf32>
// CHECK-DAG: %[[PRODUCTS:.*]] = memref.alloc() {{.*}} : memref<36x13x16xf32>
// The border is masked.
// CHECK: scf.if
// CHECK: vector.maskedload
// CHECK: vector.store %{{.*}}, %[[TILES]][
// CHECK: scf.for {{.*}} = %c0 to %c36 step %c1
// CHECK: scf.for {{.*}} = %c0 to %c8 step %c1 iter_args
// CHECK: vector.load %[[TILES]]
// CHECK: vector.fma
// CHECK: vector.store %{{.*}}, %[[PRODUCTS]][
// CHECK: vector.load %[[PRODUCTS]]
// The last row of tiles has one row of results, the last vector six columns.
// CHECK: arith.cmpi ult, %{{.*}}, %c13
// CHECK: arith.maximumf
// CHECK: vector.maskedstore
#id = affine_map<(n, f, y, x) -> (n, f, y, x)>
func.func @padded(%a: memref<1x8x13x14xf32>, %b: memref<36x3x8x6xf32>, %o: memref<1x15x13x14xf32>)
    attributes {schedule = #sched.winograd<results = 4, mr = 6, nr = 16, vl = 8, rows = 2, fc = 12, tasks = 2, numerics = "winograd4-fma">} {
  %x = bufferization.to_tensor %a restrict : memref<1x8x13x14xf32> to tensor<1x8x13x14xf32>
  %w = bufferization.to_tensor %b restrict : memref<36x3x8x6xf32> to tensor<36x3x8x6xf32>
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%i0: index, %i1: index, %i2: index, %i3: index):
    tensor.yield %zero : f32
  } : tensor<1x8x13x14xf32> to tensor<1x8x15x16xf32>
  %eu = tensor.empty() : tensor<36x15x8xf32>
  %u = linalg.unpack %w outer_dims_perm = [0, 1, 2] inner_dims_pos = [1] inner_tiles = [6] into %eu : tensor<36x3x8x6xf32> -> tensor<36x15x8xf32>
  %g = graph.winograd_filter %u : tensor<36x15x8xf32> -> tensor<15x8x3x3xf32>
  %e = tensor.empty() : tensor<1x15x13x14xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x15x13x14xf32>) -> tensor<1x15x13x14xf32>
  %c = linalg.conv_2d_nchw_fchw ins(%p, %g : tensor<1x8x15x16xf32>, tensor<15x8x3x3xf32>) outs(%f : tensor<1x15x13x14xf32>) -> tensor<1x15x13x14xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%c : tensor<1x15x13x14xf32>) outs(%e : tensor<1x15x13x14xf32>) {
  ^bb0(%v: f32, %out: f32):
    %0 = arith.maximumf %v, %zero : f32
    linalg.yield %0 : f32
  } -> tensor<1x15x13x14xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<1x15x13x14xf32>, memref<1x15x13x14xf32>) -> ()
  return
}

// -----

// A filter that nobody has transformed.
// CHECK-LABEL: func @plain_filter
// CHECK-SAME: schedule = #sched.loops
func.func @plain_filter(%a: memref<1x8x6x6xf32>, %b: memref<6x8x3x3xf32>, %o: memref<1x6x4x4xf32>)
    attributes {schedule = #sched.winograd<results = 4, mr = 6, nr = 16, vl = 8, rows = 2, fc = 12, tasks = 2, numerics = "winograd4-fma">} {
  %x = bufferization.to_tensor %a restrict : memref<1x8x6x6xf32> to tensor<1x8x6x6xf32>
  %w = bufferization.to_tensor %b restrict : memref<6x8x3x3xf32> to tensor<6x8x3x3xf32>
  %e = tensor.empty() : tensor<1x6x4x4xf32>
  %c = linalg.conv_2d_nchw_fchw ins(%x, %w : tensor<1x8x6x6xf32>, tensor<6x8x3x3xf32>) outs(%e : tensor<1x6x4x4xf32>) -> tensor<1x6x4x4xf32>
  bufferization.materialize_in_destination %c in restrict writable %o : (tensor<1x6x4x4xf32>, memref<1x6x4x4xf32>) -> ()
  return
}

// -----

// The number of images may be known only at run time; it is that of the input,
// which is padded.
// CHECK-LABEL: func @images
// CHECK: memref.dim
// CHECK: scf.forall (%{{.*}}) in (2)
// CHECK-NOT: tensor.
func.func @images(%a: memref<?x8x4x4xf32>, %b: memref<16x1x8x6xf32>, %o: memref<?x6x4x4xf32>)
    attributes {schedule = #sched.winograd<results = 2, mr = 6, nr = 16, vl = 8, rows = 2, fc = 12, tasks = 2, numerics = "winograd2-fma">} {
  %x = bufferization.to_tensor %a restrict : memref<?x8x4x4xf32> to tensor<?x8x4x4xf32>
  %w = bufferization.to_tensor %b restrict : memref<16x1x8x6xf32> to tensor<16x1x8x6xf32>
  %eu = tensor.empty() : tensor<16x6x8xf32>
  %u = linalg.unpack %w outer_dims_perm = [0, 1, 2] inner_dims_pos = [1] inner_tiles = [6] into %eu : tensor<16x1x8x6xf32> -> tensor<16x6x8xf32>
  %g = graph.winograd_filter %u : tensor<16x6x8xf32> -> tensor<6x8x3x3xf32>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8x4x4xf32>
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<?x8x4x4xf32> to tensor<?x8x6x6xf32>
  %e = tensor.empty(%n) : tensor<?x6x4x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x6x4x4xf32>) -> tensor<?x6x4x4xf32>
  %c = linalg.conv_2d_nchw_fchw ins(%p, %g : tensor<?x8x6x6xf32>, tensor<6x8x3x3xf32>) outs(%f : tensor<?x6x4x4xf32>) -> tensor<?x6x4x4xf32>
  bufferization.materialize_in_destination %c in restrict writable %o : (tensor<?x6x4x4xf32>, memref<?x6x4x4xf32>) -> ()
  return
}
