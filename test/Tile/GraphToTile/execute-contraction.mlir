// Every path at once against linalg's own loops, on small integers, where any
// order of summation is exact: two batch dimensions, one broadcast, transposed
// columns, several blocks of k, partial tiles in m, n and k, dynamic sizes.
// RUN: tegula-opt %s -tegula-tile-lower-contraction | %execute | FileCheck %s
// CHECK: 0

#a = affine_map<(b, h, m, n, k) -> (b, h, m, k)>
#b = affine_map<(b, h, m, n, k) -> (b, n, k)>
#o = affine_map<(b, h, m, n, k) -> (b, h, m, n)>
#id = affine_map<(b, h, m, n) -> (b, h, m, n)>
#n = affine_map<(b, h, m, n) -> (n)>

func.func @kernel(%a: memref<2x3x?x?xf32>, %b: memref<2x?x?xf32>, %c: memref<?xf32>, %o: memref<2x3x?x?xf32>)
    attributes {schedule = #sched.contraction<mr = 4, nr = 8, vl = 4, kc = 8, mc = 8, nc = 16, pack_columns = true, streams = 1, numerics = "mul-add">} {
  %ta = bufferization.to_tensor %a restrict : memref<2x3x?x?xf32> to tensor<2x3x?x?xf32>
  %tb = bufferization.to_tensor %b restrict : memref<2x?x?xf32> to tensor<2x?x?xf32>
  %tc = bufferization.to_tensor %c restrict : memref<?xf32> to tensor<?xf32>
  %to = bufferization.to_tensor %o restrict : memref<2x3x?x?xf32> to tensor<2x3x?x?xf32>
  %z = arith.constant 1.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%to : tensor<2x3x?x?xf32>) -> tensor<2x3x?x?xf32>
  %m = linalg.generic {indexing_maps = [#a, #b, #o], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%ta, %tb : tensor<2x3x?x?xf32>, tensor<2x?x?xf32>) outs(%f : tensor<2x3x?x?xf32>) {
  ^bb0(%x: f32, %y: f32, %acc: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %acc, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<2x3x?x?xf32>
  %r = linalg.generic {indexing_maps = [#id, #n, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%m, %tc : tensor<2x3x?x?xf32>, tensor<?xf32>) outs(%to : tensor<2x3x?x?xf32>) {
  ^bb0(%x: f32, %y: f32, %out: f32):
    %0 = arith.addf %x, %y : f32
    linalg.yield %0 : f32
  } -> tensor<2x3x?x?xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<2x3x?x?xf32>, memref<2x3x?x?xf32>) -> ()
  return
}

func.func @value(%i: index, %factor: index) -> f32 {
  %c7 = arith.constant 7 : index
  %m = arith.muli %i, %factor : index
  %r = arith.remui %m, %c7 : index
  %w = arith.index_cast %r : index to i32
  %v = arith.sitofp %w : i32 to f32
  return %v : f32
}

func.func @fill(%m: memref<?xf32>, %factor: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = memref.dim %m, %c0 : memref<?xf32>
  scf.for %i = %c0 to %n step %c1 {
    %v = func.call @value(%i, %factor) : (index, index) -> f32
    memref.store %v, %m[%i] : memref<?xf32>
  }
  return
}

func.func @main() -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c5 = arith.constant 5 : index
  %M = arith.constant 11 : index
  %N = arith.constant 27 : index
  %K = arith.constant 21 : index
  %sa = arith.constant 1386 : index
  %sb = arith.constant 1134 : index
  %fa = memref.alloc(%sa) : memref<?xf32>
  %fb = memref.alloc(%sb) : memref<?xf32>
  %c = memref.alloc(%N) : memref<?xf32>
  call @fill(%fa, %c3) : (memref<?xf32>, index) -> ()
  call @fill(%fb, %c5) : (memref<?xf32>, index) -> ()
  call @fill(%c, %c2) : (memref<?xf32>, index) -> ()
  %shape_a = memref.alloc() : memref<4xindex>
  memref.store %c2, %shape_a[%c0] : memref<4xindex>
  memref.store %c3, %shape_a[%c1] : memref<4xindex>
  memref.store %M, %shape_a[%c2] : memref<4xindex>
  memref.store %K, %shape_a[%c3] : memref<4xindex>
  %shape_b = memref.alloc() : memref<3xindex>
  memref.store %c2, %shape_b[%c0] : memref<3xindex>
  memref.store %N, %shape_b[%c1] : memref<3xindex>
  memref.store %K, %shape_b[%c2] : memref<3xindex>
  %a = memref.reshape %fa(%shape_a) : (memref<?xf32>, memref<4xindex>) -> memref<2x3x?x?xf32>
  %b = memref.reshape %fb(%shape_b) : (memref<?xf32>, memref<3xindex>) -> memref<2x?x?xf32>
  %o = memref.alloc(%M, %N) : memref<2x3x?x?xf32>
  %ref = memref.alloc(%M, %N) : memref<2x3x?x?xf32>
  %one = arith.constant 1.0 : f32
  call @kernel(%a, %b, %c, %o) : (memref<2x3x?x?xf32>, memref<2x?x?xf32>, memref<?xf32>, memref<2x3x?x?xf32>) -> ()
  linalg.generic {indexing_maps = [#n, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%c : memref<?xf32>) outs(%ref : memref<2x3x?x?xf32>) {
  ^bb0(%x: f32, %out: f32):
    %0 = arith.addf %x, %one : f32
    linalg.yield %0 : f32
  }
  linalg.generic {indexing_maps = [#a, #b, #o], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<2x3x?x?xf32>, memref<2x?x?xf32>) outs(%ref : memref<2x3x?x?xf32>) {
  ^bb0(%x: f32, %y: f32, %acc: f32):
    %0 = arith.mulf %x, %y : f32
    %1 = arith.addf %acc, %0 : f32
    linalg.yield %1 : f32
  }
  %wrong = memref.alloc() : memref<i32>
  %zero = arith.constant 0 : i32
  memref.store %zero, %wrong[] : memref<i32>
  linalg.generic {indexing_maps = [#id, #id, affine_map<(b, h, m, n) -> ()>], iterator_types = ["reduction", "reduction", "reduction", "reduction"]}
      ins(%o, %ref : memref<2x3x?x?xf32>, memref<2x3x?x?xf32>) outs(%wrong : memref<i32>) {
  ^bb0(%x: f32, %y: f32, %acc: i32):
    %differs = arith.cmpf une, %x, %y : f32
    %0 = arith.extui %differs : i1 to i32
    %1 = arith.addi %acc, %0 : i32
    linalg.yield %1 : i32
  }
  %r = memref.load %wrong[] : memref<i32>
  return %r : i32
}
