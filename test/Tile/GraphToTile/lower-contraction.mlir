// RUN: tegula-opt %s -split-input-file -tegula-tile-lower-contraction -canonicalize -cse | FileCheck %s

// The packed constant is read panel by panel; bias and relu run on registers.
// CHECK-LABEL: func @packed
// CHECK-SAME: (%[[A:.*]]: memref<12x64xf32>, %[[B:.*]]: memref<3x64x16xf32>, %[[BIAS:.*]]: memref<48xf32>, %[[OUT:.*]]: memref<12x48xf32>)
// CHECK-NOT: linalg
// CHECK: scf.forall (%{{.*}}) in (2)
// CHECK: scf.for %[[PANEL:.*]] =
// CHECK: scf.for %[[ROW:.*]] =
// CHECK: %[[ACC:.*]]:12 = scf.for %[[K:.*]] = %c0 to %c64 step %c1
// CHECK: vector.load %[[B]][%[[PANEL]], %[[K]], %c0]
// CHECK: vector.load %[[B]][%[[PANEL]], %[[K]], %c8]
// CHECK: memref.load %[[A]][%[[ROW]], %[[K]]]
// CHECK-COUNT-12: vector.fma
// CHECK: %[[BV:.*]] = vector.load %[[BIAS]]
// CHECK: %[[SUM:.*]] = arith.addf %[[ACC]]#0, %[[BV]] : vector<8xf32>
// CHECK: %[[RELU:.*]] = arith.maximumf %[[SUM]]
// CHECK: vector.store %[[RELU]], %[[OUT]]
func.func @packed(%a: memref<12x64xf32>, %b: memref<3x64x16xf32>,
                  %bias: memref<48xf32>, %o: memref<12x48xf32>)
    attributes {schedule = #sched.contraction<mr = 6, nr = 16, vl = 8, kc = 64, mc = 12, nc = 32, pack_columns = false, streams = 1, numerics = "fma">} {
  %ta = bufferization.to_tensor %a restrict : memref<12x64xf32> to tensor<12x64xf32>
  %tb = bufferization.to_tensor %b restrict : memref<3x64x16xf32> to tensor<3x64x16xf32>
  %tc = bufferization.to_tensor %bias restrict : memref<48xf32> to tensor<48xf32>
  %eb = tensor.empty() : tensor<64x48xf32>
  %u = linalg.unpack %tb outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [16] into %eb : tensor<3x64x16xf32> -> tensor<64x48xf32>
  %e = tensor.empty() : tensor<12x48xf32>
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<12x48xf32>) -> tensor<12x48xf32>
  %m = linalg.matmul ins(%ta, %u : tensor<12x64xf32>, tensor<64x48xf32>) outs(%f : tensor<12x48xf32>) -> tensor<12x48xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%m, %tc : tensor<12x48xf32>, tensor<48xf32>) outs(%e : tensor<12x48xf32>) {
  ^bb0(%x: f32, %y: f32, %out: f32):
    %0 = arith.addf %x, %y : f32
    %1 = arith.maximumf %0, %z : f32
    linalg.yield %1 : f32
  } -> tensor<12x48xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<12x48xf32>, memref<12x48xf32>) -> ()
  return
}

// -----

// In two streams a tile reads two panels side by side; the last tile needs one.
// CHECK-LABEL: func @streams
// CHECK-SAME: (%{{.*}}: memref<6x64xf32>, %[[B:.*]]: memref<3x64x8xf32>
// CHECK: scf.for %[[K:.*]] = %c0 to %c64 step %c1
// CHECK-NEXT: vector.load %[[B]][%c0, %[[K]], %c0]
// CHECK-NEXT: vector.load %[[B]][%c1, %[[K]], %c0]
// CHECK-NEXT: memref.load
// CHECK: scf.for %[[K:.*]] = %c0 to %c64 step %c1
// CHECK-NEXT: vector.load %[[B]][%c2, %[[K]], %c0]
// CHECK-NEXT: memref.load
func.func @streams(%a: memref<6x64xf32>, %b: memref<3x64x8xf32>, %o: memref<6x24xf32>)
    attributes {schedule = #sched.contraction<mr = 6, nr = 16, vl = 8, kc = 64, mc = 6, nc = 32, pack_columns = false, streams = 2, numerics = "fma">} {
  %ta = bufferization.to_tensor %a restrict : memref<6x64xf32> to tensor<6x64xf32>
  %tb = bufferization.to_tensor %b restrict : memref<3x64x8xf32> to tensor<3x64x8xf32>
  %eb = tensor.empty() : tensor<64x24xf32>
  %u = linalg.unpack %tb outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [8] into %eb : tensor<3x64x8xf32> -> tensor<64x24xf32>
  %e = tensor.empty() : tensor<6x24xf32>
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<6x24xf32>) -> tensor<6x24xf32>
  %m = linalg.matmul ins(%ta, %u : tensor<6x64xf32>, tensor<64x24xf32>) outs(%f : tensor<6x24xf32>) -> tensor<6x24xf32>
  bufferization.materialize_in_destination %m in restrict writable %o : (tensor<6x24xf32>, memref<6x24xf32>) -> ()
  return
}

// -----

// Columns that are not constant are packed into a panel; a partial last panel is
// masked; the last rows get a smaller tile.
// CHECK-LABEL: func @packs_columns
// CHECK: memref.alloc() {{.*}} : memref<8x8xf32>
// CHECK: vector.from_elements
// CHECK: vector.create_mask
// CHECK: vector.maskedstore
func.func @packs_columns(%a: memref<5x8xf32>, %b: memref<13x8xf32>, %o: memref<5x13xf32>)
    attributes {schedule = #sched.contraction<mr = 4, nr = 8, vl = 4, kc = 8, mc = 4, nc = 8, pack_columns = true, streams = 1, numerics = "mul-add">} {
  %ta = bufferization.to_tensor %a restrict : memref<5x8xf32> to tensor<5x8xf32>
  %tb = bufferization.to_tensor %b restrict : memref<13x8xf32> to tensor<13x8xf32>
  %e = tensor.empty() : tensor<5x13xf32>
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<5x13xf32>) -> tensor<5x13xf32>
  %m = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%ta, %tb : tensor<5x8xf32>, tensor<13x8xf32>) outs(%f : tensor<5x13xf32>) -> tensor<5x13xf32>
  bufferization.materialize_in_destination %m in restrict writable %o : (tensor<5x13xf32>, memref<5x13xf32>) -> ()
  return
}

// -----

// A packed operand of another layout is refused; the kernel keeps its body.
// CHECK-LABEL: func @wrong_layout
// CHECK-SAME: schedule = #sched.loops<numerics = "in-order">
// CHECK: linalg.matmul
func.func @wrong_layout(%a: memref<4x8xf32>, %b: memref<2x8x4xf32>, %o: memref<4x8xf32>)
    attributes {schedule = #sched.contraction<mr = 4, nr = 8, vl = 4, kc = 8, mc = 4, nc = 8, pack_columns = false, streams = 1, numerics = "fma">} {
  %ta = bufferization.to_tensor %a restrict : memref<4x8xf32> to tensor<4x8xf32>
  %tb = bufferization.to_tensor %b restrict : memref<2x8x4xf32> to tensor<2x8x4xf32>
  %e = tensor.empty() : tensor<4x8xf32>
  %eb = tensor.empty() : tensor<8x8xf32>
  %u = linalg.unpack %tb outer_dims_perm = [1, 0] inner_dims_pos = [1] inner_tiles = [4] into %eb : tensor<2x8x4xf32> -> tensor<8x8xf32>
  %z = arith.constant 0.0 : f32
  %f = linalg.fill ins(%z : f32) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %m = linalg.matmul ins(%ta, %u : tensor<4x8xf32>, tensor<8x8xf32>) outs(%f : tensor<4x8xf32>) -> tensor<4x8xf32>
  bufferization.materialize_in_destination %m in restrict writable %o : (tensor<4x8xf32>, memref<4x8xf32>) -> ()
  return
}
