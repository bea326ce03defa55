// RUN: tegula-opt %s -split-input-file -tegula-tile-lower-rows -canonicalize -cse | FileCheck %s

#x = affine_map<(i, j) -> (i, j)>
#r = affine_map<(i, j) -> (i)>

// The exponentials are computed once, in the pass that sums them, and kept in the
// output; the last pass reads them back. Two accumulators advance as one vector.
// CHECK-LABEL: func @softmax
// CHECK-SAME: (%[[X:.*]]: memref<64x20xf32>, %[[OUT:.*]]: memref<64x20xf32>)
// CHECK: scf.forall
// CHECK: arith.maximumf %{{.*}} : vector<8xf32>
// CHECK: %[[MAX:.*]] = vector.extract
// CHECK: math.exp %{{.*}} : vector<16xf32>
// CHECK: vector.store %{{.*}}, %[[OUT]]
// CHECK: arith.addf %{{.*}} : vector<16xf32>
// CHECK: %[[LOW:.*]] = vector.extract_strided_slice %[[SUM:.*]] {offsets = [0], sizes = [4], strides = [1]}
// CHECK: %[[HIGH:.*]] = vector.extract_strided_slice %[[SUM]] {offsets = [4], sizes = [4], strides = [1]}
// CHECK: arith.addf %[[LOW]], %[[HIGH]] : vector<4xf32>
// CHECK: arith.addf %{{.*}} : vector<2xf32>
// CHECK: %[[ONE:.*]] = arith.addf %{{.*}} : vector<1xf32>
// CHECK: vector.extract %[[ONE]][0]
// CHECK: scf.for
// CHECK-NOT: math.exp
// CHECK: vector.load %[[OUT]]
// CHECK: arith.divf
// CHECK: vector.store %{{.*}}, %[[OUT]]
func.func @softmax(%x: memref<64x20xf32>, %o: memref<64x20xf32>)
    attributes {schedule = #sched.rows<vl = 8, accumulators = 2, unroll = 2, grain = 640, numerics = "tree8x2">} {
  %tx = bufferization.to_tensor %x restrict : memref<64x20xf32> to tensor<64x20xf32>
  %low = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %er = tensor.empty() : tensor<64xf32>
  %e = tensor.empty() : tensor<64x20xf32>
  %f0 = linalg.fill ins(%low : f32) outs(%er : tensor<64xf32>) -> tensor<64xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%er : tensor<64xf32>) -> tensor<64xf32>
  %m = linalg.generic {indexing_maps = [#x, #r], iterator_types = ["parallel", "reduction"]}
      ins(%tx : tensor<64x20xf32>) outs(%f0 : tensor<64xf32>) {
  ^bb0(%a: f32, %b: f32):
    %v = arith.maximumf %a, %b : f32
    linalg.yield %v : f32
  } -> tensor<64xf32>
  %p = linalg.generic {indexing_maps = [#x, #r, #x], iterator_types = ["parallel", "parallel"]}
      ins(%tx, %m : tensor<64x20xf32>, tensor<64xf32>) outs(%e : tensor<64x20xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %d = arith.subf %a, %b : f32
    %v = math.exp %d : f32
    linalg.yield %v : f32
  } -> tensor<64x20xf32>
  %s = linalg.generic {indexing_maps = [#x, #r], iterator_types = ["parallel", "reduction"]}
      ins(%p : tensor<64x20xf32>) outs(%f1 : tensor<64xf32>) {
  ^bb0(%a: f32, %b: f32):
    %v = arith.addf %a, %b : f32
    linalg.yield %v : f32
  } -> tensor<64xf32>
  %q = linalg.generic {indexing_maps = [#x, #r, #x], iterator_types = ["parallel", "parallel"]}
      ins(%p, %s : tensor<64x20xf32>, tensor<64xf32>) outs(%e : tensor<64x20xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %v = arith.divf %a, %b : f32
    linalg.yield %v : f32
  } -> tensor<64x20xf32>
  bufferization.materialize_in_destination %q in restrict writable %o : (tensor<64x20xf32>, memref<64x20xf32>) -> ()
  return
}

// -----

// A body that does not end in an associative operation has no tree.
// CHECK-LABEL: func @not_associative
// CHECK-SAME: schedule = #sched.loops<numerics = "in-order">
func.func @not_associative(%x: memref<4x6xf32>, %o: memref<4xf32>)
    attributes {schedule = #sched.rows<vl = 8, accumulators = 4, unroll = 4, grain = 64, numerics = "tree8x4">} {
  %tx = bufferization.to_tensor %x restrict : memref<4x6xf32> to tensor<4x6xf32>
  %e = tensor.empty() : tensor<4xf32>
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%tx : tensor<4x6xf32>) outs(%f : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %v = arith.subf %b, %a : f32
    linalg.yield %v : f32
  } -> tensor<4xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<4xf32>, memref<4xf32>) -> ()
  return
}
