// RUN: tegula-opt %s -split-input-file -tegula-tile-lower-elementwise -canonicalize -cse | FileCheck %s

#ij = affine_map<(i, j, k) -> (i, j, k)>
#j = affine_map<(i, j, k) -> (j, 0)>

// j and k do not fold: the second operand is broadcast along k. i stays apart.
// CHECK-LABEL: func @broadcast
// CHECK: scf.forall
// CHECK: vector.load %{{.*}} : memref<4x6x20xf32>, vector<8xf32>
// CHECK: memref.load %{{.*}} : memref<6x1xf32>
// CHECK: vector.broadcast
// CHECK: arith.addf %{{.*}} : vector<8xf32>
// CHECK: vector.maskedload
// CHECK: vector.maskedstore
func.func @broadcast(%a: memref<4x6x20xf32>, %b: memref<6x1xf32>, %o: memref<4x6x20xf32>)
    attributes {schedule = #sched.elementwise<vl = 8, unroll = 1, tile = 16, grain = 100, numerics = "exact">} {
  %x = bufferization.to_tensor %a restrict : memref<4x6x20xf32> to tensor<4x6x20xf32>
  %y = bufferization.to_tensor %b restrict : memref<6x1xf32> to tensor<6x1xf32>
  %e = tensor.empty() : tensor<4x6x20xf32>
  %r = linalg.generic {indexing_maps = [#ij, #j, #ij], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x, %y : tensor<4x6x20xf32>, tensor<6x1xf32>) outs(%e : tensor<4x6x20xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %0 = arith.addf %p, %q : f32
    linalg.yield %0 : f32
  } -> tensor<4x6x20xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<4x6x20xf32>, memref<4x6x20xf32>) -> ()
  return
}

// -----

// Two operations in one pass, everything folded into one dimension of 480; two
// vectors go through them together.
// CHECK-LABEL: func @folded
// CHECK: memref.collapse_shape %{{.*}} {{\[}}[0, 1, 2]] : memref<4x6x20xf32> into memref<480xf32>
// CHECK: vector.load
// CHECK: math.exp %{{.*}} : vector<16xf32>
// CHECK: arith.negf %{{.*}} : vector<16xf32>
// CHECK: vector.store
// CHECK-NOT: mask
func.func @folded(%a: memref<4x6x20xf32>, %o: memref<4x6x20xf32>)
    attributes {schedule = #sched.elementwise<vl = 8, unroll = 2, tile = 16, grain = 128, numerics = "exact">} {
  %x = bufferization.to_tensor %a restrict : memref<4x6x20xf32> to tensor<4x6x20xf32>
  %e = tensor.empty() : tensor<4x6x20xf32>
  %0 = linalg.exp ins(%x : tensor<4x6x20xf32>) outs(%e : tensor<4x6x20xf32>) -> tensor<4x6x20xf32>
  %1 = linalg.negf ins(%0 : tensor<4x6x20xf32>) outs(%e : tensor<4x6x20xf32>) -> tensor<4x6x20xf32>
  bufferization.materialize_in_destination %1 in restrict writable %o : (tensor<4x6x20xf32>, memref<4x6x20xf32>) -> ()
  return
}

// -----

// The last dimension has two elements, which lie apart in the input: lanes run
// along the 21, and two vectors become pairs.
// CHECK-LABEL: func @pairs
// CHECK-SAME: (%[[X:.*]]: memref<3x2x21xf32>, %[[OUT:.*]]: memref<3x21x2xf32>)
// CHECK: vector.load %[[X]][%{{.*}}, %c0, %{{.*}}]
// CHECK: vector.load %[[X]][%{{.*}}, %c1, %{{.*}}]
// CHECK: vector.shuffle %{{.*}} [0, 8, 1, 9, 2, 10, 3, 11]
// CHECK: vector.store
// CHECK: vector.shuffle %{{.*}} [4, 12, 5, 13, 6, 14, 7, 15]
// CHECK: vector.store
// CHECK: vector.maskedload %[[X]]
// CHECK: vector.maskedstore
// CHECK-NOT: vector.gather
func.func @pairs(%a: memref<3x2x21xf32>, %o: memref<3x21x2xf32>)
    attributes {schedule = #sched.elementwise<vl = 8, unroll = 2, tile = 16, grain = 128, numerics = "exact">} {
  %x = bufferization.to_tensor %a restrict : memref<3x2x21xf32> to tensor<3x2x21xf32>
  %e = tensor.empty() : tensor<3x21x2xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k, j)>, affine_map<(i, j, k) -> (i, j, k)>],
                       iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x : tensor<3x2x21xf32>) outs(%e : tensor<3x21x2xf32>) {
  ^bb0(%p: f32, %out: f32):
    %0 = arith.negf %p : f32
    linalg.yield %0 : f32
  } -> tensor<3x21x2xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<3x21x2xf32>, memref<3x21x2xf32>) -> ()
  return
}

// -----

// What is not elementwise is left to the loops, with the reason.
// CHECK-LABEL: func @refused
// CHECK-SAME: schedule = #sched.loops<numerics = "in-order">
// CHECK: linalg.reduce
func.func @refused(%a: memref<4x6xf32>, %o: memref<4xf32>)
    attributes {schedule = #sched.elementwise<vl = 8, unroll = 2, tile = 16, grain = 128, numerics = "exact">} {
  %x = bufferization.to_tensor %a restrict : memref<4x6xf32> to tensor<4x6xf32>
  %e = bufferization.to_tensor %o restrict : memref<4xf32> to tensor<4xf32>
  %r = linalg.reduce { arith.addf } ins(%x : tensor<4x6xf32>) outs(%e : tensor<4xf32>) dimensions = [1]
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<4xf32>, memref<4xf32>) -> ()
  return
}

// -----

#i = affine_map<(i) -> (i)>

// Indices that follow the lanes are vector loads: one run, or strided.
// CHECK-LABEL: func @extract_follows_lanes
// CHECK: %[[AT:.*]] = arith.addi %{{.*}}, %c16
// CHECK: vector.load %{{.*}}[%[[AT]]] : memref<64xf32>, vector<8xf32>
// CHECK: vector.gather
// CHECK-NOT: memref.load
func.func @extract_follows_lanes(%a: memref<64xf32>, %o: memref<16xf32>)
    attributes {schedule = #sched.elementwise<vl = 8, unroll = 1, tile = 16, grain = 128, numerics = "exact">} {
  %x = bufferization.to_tensor %a restrict : memref<64xf32> to tensor<64xf32>
  %c16 = arith.constant 16 : index
  %c3 = arith.constant 3 : index
  %e = tensor.empty() : tensor<16xf32>
  %r = linalg.generic {indexing_maps = [#i], iterator_types = ["parallel"]} outs(%e : tensor<16xf32>) {
  ^bb0(%out: f32):
    %i = linalg.index 0 : index
    %j = arith.addi %i, %c16 : index
    %p = tensor.extract %x[%j] : tensor<64xf32>
    %k = arith.muli %i, %c3 : index
    %q = tensor.extract %x[%k] : tensor<64xf32>
    %0 = arith.addf %p, %q : f32
    linalg.yield %0 : f32
  } -> tensor<16xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<16xf32>, memref<16xf32>) -> ()
  return
}

// -----

#i = affine_map<(i) -> (i)>

// Any other index is a load for each lane.
// CHECK-LABEL: func @extract_anywhere
// CHECK-NOT: vector.gather
// CHECK-COUNT-8: memref.load %{{.*}} : memref<64xf32>
func.func @extract_anywhere(%a: memref<64xf32>, %o: memref<16xf32>)
    attributes {schedule = #sched.elementwise<vl = 8, unroll = 1, tile = 16, grain = 128, numerics = "exact">} {
  %x = bufferization.to_tensor %a restrict : memref<64xf32> to tensor<64xf32>
  %e = tensor.empty() : tensor<16xf32>
  %r = linalg.generic {indexing_maps = [#i], iterator_types = ["parallel"]} outs(%e : tensor<16xf32>) {
  ^bb0(%out: f32):
    %i = linalg.index 0 : index
    %j = arith.muli %i, %i : index
    %p = tensor.extract %x[%j] : tensor<64xf32>
    linalg.yield %p : f32
  } -> tensor<16xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<16xf32>, memref<16xf32>) -> ()
  return
}

// -----

#ij2 = affine_map<(i, j) -> (i, j)>
#ji2 = affine_map<(i, j) -> (j, i)>

// The first operand is contiguous along i, lanes run along j: squares of 8 x 8
// are transposed. 20 columns leave a square of 4 columns, the 36 rows one of 4.
// CHECK-LABEL: func @transposed
// CHECK-SAME: (%[[X:.*]]: memref<20x36xf32>, %[[Y:.*]]: memref<36x20xf32>, %[[OUT:.*]]: memref<36x20xf32>)
// CHECK-COUNT-8: vector.load %[[X]][%{{.*}}, %{{.*}}] : memref<20x36xf32>, vector<8xf32>
// CHECK: vector.shuffle %{{.*}} [0, 1, 2, 3, 8, 9, 10, 11] : vector<8xf32>
// CHECK: vector.shuffle %{{.*}} [4, 5, 6, 7, 12, 13, 14, 15] : vector<8xf32>
// CHECK: vector.shuffle %{{.*}} [0, 8, 2, 10, 4, 12, 6, 14] : vector<8xf32>
// CHECK: vector.load %[[Y]]
// CHECK: arith.addf %{{.*}} : vector<8xf32>
// CHECK: vector.store %{{.*}}, %[[OUT]]
// CHECK: vector.maskedload %[[X]]
// CHECK: scf.if
// CHECK: vector.store %{{.*}}, %[[OUT]]
// CHECK: vector.maskedstore %[[OUT]]
func.func @transposed(%a: memref<20x36xf32>, %b: memref<36x20xf32>, %o: memref<36x20xf32>)
    attributes {schedule = #sched.elementwise<vl = 8, unroll = 2, tile = 16, grain = 128, numerics = "exact">} {
  %x = bufferization.to_tensor %a restrict : memref<20x36xf32> to tensor<20x36xf32>
  %y = bufferization.to_tensor %b restrict : memref<36x20xf32> to tensor<36x20xf32>
  %e = tensor.empty() : tensor<36x20xf32>
  %r = linalg.generic {indexing_maps = [#ji2, #ij2, #ij2], iterator_types = ["parallel", "parallel"]}
      ins(%x, %y : tensor<20x36xf32>, tensor<36x20xf32>) outs(%e : tensor<36x20xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %0 = arith.addf %p, %q : f32
    linalg.yield %0 : f32
  } -> tensor<36x20xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<36x20xf32>, memref<36x20xf32>) -> ()
  return
}

// -----

#ij3 = affine_map<(i, j) -> (i, j)>
#ji3 = affine_map<(i, j) -> (j, i)>

// Numbers of loops are computed with: lanes are gathered.
// CHECK-LABEL: func @transposed_with_index
// CHECK: vector.gather
// CHECK-NOT: vector.shuffle
func.func @transposed_with_index(%a: memref<20x36xi32>, %o: memref<36x20xi32>)
    attributes {schedule = #sched.elementwise<vl = 8, unroll = 2, tile = 16, grain = 128, numerics = "exact">} {
  %x = bufferization.to_tensor %a restrict : memref<20x36xi32> to tensor<20x36xi32>
  %e = tensor.empty() : tensor<36x20xi32>
  %r = linalg.generic {indexing_maps = [#ji3, #ij3], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<20x36xi32>) outs(%e : tensor<36x20xi32>) {
  ^bb0(%p: i32, %out: i32):
    %0 = linalg.index 1 : index
    %1 = arith.index_cast %0 : index to i32
    %2 = arith.addi %p, %1 : i32
    linalg.yield %2 : i32
  } -> tensor<36x20xi32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<36x20xi32>, memref<36x20xi32>) -> ()
  return
}
