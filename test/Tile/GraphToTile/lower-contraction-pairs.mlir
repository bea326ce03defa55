// RUN: tegula-opt %s -tegula-tile-lower-contraction -canonicalize -cse | FileCheck %s

// Pairs of 16-bit integers go through the register tile as f32 does, with lp.dot
// as multiply-add; the scale is the epilogue.
// CHECK-LABEL: func @pairs
// CHECK-SAME: (%[[A:.*]]: memref<4x8xi32>, %[[B:.*]]: memref<1x8x16xi32>,
// CHECK: scf.for %[[K:.*]] = %c0 to %c8 step %c1 iter_args
// CHECK: %[[COLUMNS:.*]] = vector.load %[[B]]{{.*}} vector<8xi32>
// CHECK: %[[ROW:.*]] = memref.load %[[A]]
// CHECK: %[[ROWS:.*]] = vector.broadcast %[[ROW]] : i32 to vector<8xi32>
// CHECK: lp.dot %[[ROWS]], %[[COLUMNS]], %{{.*}} : vector<8xi32>
// CHECK-COUNT-7: lp.dot
// CHECK-NOT: lp.dot
// CHECK: scf.yield
// CHECK: arith.sitofp
// CHECK: arith.mulf
func.func @pairs(%a: memref<4x8xi32>, %b: memref<1x8x16xi32>, %s: memref<16xf32>, %o: memref<4x16xf32>)
    attributes {schedule = #sched.contraction<mr = 4, nr = 16, vl = 8, kc = 8, mc = 4, nc = 16, pack_columns = false, streams = 1, numerics = "fma">} {
  %ta = bufferization.to_tensor %a restrict : memref<4x8xi32> to tensor<4x8xi32>
  %tb = bufferization.to_tensor %b restrict : memref<1x8x16xi32> to tensor<1x8x16xi32>
  %ts = bufferization.to_tensor %s restrict : memref<16xf32> to tensor<16xf32>
  %eb = tensor.empty() : tensor<8x16xi32>
  %u = linalg.unpack %tb outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [16] into %eb : tensor<1x8x16xi32> -> tensor<8x16xi32>
  %e = tensor.empty() : tensor<4x16xi32>
  %z = arith.constant 0 : i32
  %f = linalg.fill ins(%z : i32) outs(%e : tensor<4x16xi32>) -> tensor<4x16xi32>
  %m = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%ta, %u : tensor<4x8xi32>, tensor<8x16xi32>) outs(%f : tensor<4x16xi32>) {
  ^bb0(%x: i32, %y: i32, %acc: i32):
    %0 = lp.dot %x, %y, %acc : i32
    linalg.yield %0 : i32
  } -> tensor<4x16xi32>
  %er = tensor.empty() : tensor<4x16xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%m, %ts : tensor<4x16xi32>, tensor<16xf32>) outs(%er : tensor<4x16xf32>) {
  ^bb0(%x: i32, %y: f32, %out: f32):
    %0 = arith.sitofp %x : i32 to f32
    %1 = arith.mulf %0, %y : f32
    linalg.yield %1 : f32
  } -> tensor<4x16xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<4x16xf32>, memref<4x16xf32>) -> ()
  return
}
