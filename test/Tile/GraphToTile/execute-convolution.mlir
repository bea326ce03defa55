// Strides, dilation, uneven padding, two images, partial tiles of filters and
// pixels, two blocks of channels: the same bits as plain loops, on integers.
// RUN: tegula-opt %s -tegula-tile-lower-convolution -tegula-tile-lower-loops | %execute | FileCheck %s
// CHECK: 0

#x = affine_map<(n, f, y, x, c, i, j) -> (n, c, y * 2 + i * 2, x + j * 2)>
#w = affine_map<(n, f, y, x, c, i, j) -> (f, c, i, j)>
#o = affine_map<(n, f, y, x, c, i, j) -> (n, f, y, x)>
#id = affine_map<(n, f, y, x) -> (n, f, y, x)>

func.func @kernel(%a: memref<2x5x9x11xf32>, %b: memref<7x5x3x2xf32>, %o: memref<2x7x5x10xf32>)
    attributes {schedule = #sched.convolution<mr = 4, nr = 8, vl = 4, kc = 18, nb = 3, fc = 4, in_place = false, numerics = "mul-add">} {
  %x = bufferization.to_tensor %a restrict : memref<2x5x9x11xf32> to tensor<2x5x9x11xf32>
  %w = bufferization.to_tensor %b restrict : memref<7x5x3x2xf32> to tensor<7x5x3x2xf32>
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[0, 0, 1, 1] high[0, 0, 3, 0] {
  ^bb0(%i0: index, %i1: index, %i2: index, %i3: index):
    tensor.yield %zero : f32
  } : tensor<2x5x9x11xf32> to tensor<2x5x13x12xf32>
  %e = tensor.empty() : tensor<2x7x5x10xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x7x5x10xf32>) -> tensor<2x7x5x10xf32>
  %c = linalg.generic {indexing_maps = [#x, #w, #o], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%p, %w : tensor<2x5x13x12xf32>, tensor<7x5x3x2xf32>) outs(%f : tensor<2x7x5x10xf32>) {
  ^bb0(%u: f32, %v: f32, %acc: f32):
    %0 = arith.mulf %u, %v : f32
    %1 = arith.addf %acc, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x7x5x10xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%c : tensor<2x7x5x10xf32>) outs(%e : tensor<2x7x5x10xf32>) {
  ^bb0(%u: f32, %out: f32):
    %1 = arith.addf %u, %u : f32
    linalg.yield %1 : f32
  } -> tensor<2x7x5x10xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<2x7x5x10xf32>, memref<2x7x5x10xf32>) -> ()
  return
}

func.func @reference(%a: memref<2x5x9x11xf32>, %b: memref<7x5x3x2xf32>, %o: memref<2x7x5x10xf32>) {
  %x = bufferization.to_tensor %a restrict : memref<2x5x9x11xf32> to tensor<2x5x9x11xf32>
  %w = bufferization.to_tensor %b restrict : memref<7x5x3x2xf32> to tensor<7x5x3x2xf32>
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[0, 0, 1, 1] high[0, 0, 3, 0] {
  ^bb0(%i0: index, %i1: index, %i2: index, %i3: index):
    tensor.yield %zero : f32
  } : tensor<2x5x9x11xf32> to tensor<2x5x13x12xf32>
  %e = tensor.empty() : tensor<2x7x5x10xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x7x5x10xf32>) -> tensor<2x7x5x10xf32>
  %c = linalg.generic {indexing_maps = [#x, #w, #o], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"]}
      ins(%p, %w : tensor<2x5x13x12xf32>, tensor<7x5x3x2xf32>) outs(%f : tensor<2x7x5x10xf32>) {
  ^bb0(%u: f32, %v: f32, %acc: f32):
    %0 = arith.mulf %u, %v : f32
    %1 = arith.addf %acc, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x7x5x10xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%c : tensor<2x7x5x10xf32>) outs(%e : tensor<2x7x5x10xf32>) {
  ^bb0(%u: f32, %out: f32):
    %1 = arith.addf %u, %u : f32
    linalg.yield %1 : f32
  } -> tensor<2x7x5x10xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<2x7x5x10xf32>, memref<2x7x5x10xf32>) -> ()
  return
}

func.func @fill(%m: memref<?xf32>, %factor: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  %n = memref.dim %m, %c0 : memref<?xf32>
  scf.for %i = %c0 to %n step %c1 {
    %p = arith.muli %i, %factor : index
    %r = arith.remui %p, %c7 : index
    %w = arith.index_cast %r : index to i32
    %v = arith.sitofp %w : i32 to f32
    memref.store %v, %m[%i] : memref<?xf32>
  }
  return
}

func.func @main() -> i32 {
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  %a = memref.alloc() : memref<2x5x9x11xf32>
  %b = memref.alloc() : memref<7x5x3x2xf32>
  %o = memref.alloc() : memref<2x7x5x10xf32>
  %ref = memref.alloc() : memref<2x7x5x10xf32>
  %a1 = memref.collapse_shape %a [[0, 1, 2, 3]] : memref<2x5x9x11xf32> into memref<990xf32>
  %b1 = memref.collapse_shape %b [[0, 1, 2, 3]] : memref<7x5x3x2xf32> into memref<210xf32>
  %a2 = memref.cast %a1 : memref<990xf32> to memref<?xf32>
  %b2 = memref.cast %b1 : memref<210xf32> to memref<?xf32>
  call @fill(%a2, %c3) : (memref<?xf32>, index) -> ()
  call @fill(%b2, %c5) : (memref<?xf32>, index) -> ()
  call @kernel(%a, %b, %o) : (memref<2x5x9x11xf32>, memref<7x5x3x2xf32>, memref<2x7x5x10xf32>) -> ()
  call @reference(%a, %b, %ref) : (memref<2x5x9x11xf32>, memref<7x5x3x2xf32>, memref<2x7x5x10xf32>) -> ()
  %wrong = memref.alloc() : memref<i32>
  %zero = arith.constant 0 : i32
  memref.store %zero, %wrong[] : memref<i32>
  linalg.generic {indexing_maps = [#id, #id, affine_map<(n, f, y, x) -> ()>], iterator_types = ["reduction", "reduction", "reduction", "reduction"]}
      ins(%o, %ref : memref<2x7x5x10xf32>, memref<2x7x5x10xf32>) outs(%wrong : memref<i32>) {
  ^bb0(%u: f32, %v: f32, %acc: i32):
    %differs = arith.cmpf une, %u, %v : f32
    %0 = arith.extui %differs : i1 to i32
    %1 = arith.addi %acc, %0 : i32
    linalg.yield %1 : i32
  }
  %r = memref.load %wrong[] : memref<i32>
  return %r : i32
}
