// RUN: tegula-opt %s -split-input-file -verify-diagnostics -tegula-tile-lower-contraction -canonicalize -cse | FileCheck %s

// The k loop runs through the steps of the panel; the rows are read where a step
// says.
// CHECK-LABEL: func @steps
// CHECK-SAME: (%[[A:.*]]: memref<4x8xi32>, %[[B:.*]]: memref<?x16xi32>, %[[P:.*]]: memref<?xi32>, %[[T:.*]]: memref<2xi32>,
// CHECK: %[[S0:.*]] = memref.load %[[T]]
// CHECK: %[[FIRST:.*]] = arith.index_castui %[[S0]]
// CHECK: %[[S1:.*]] = memref.load %[[T]]
// CHECK: %[[END:.*]] = arith.index_castui %[[S1]]
// CHECK: %[[COUNT:.*]] = arith.subi %[[END]], %[[FIRST]]
// CHECK: scf.for %[[K:.*]] = %c0 to %[[COUNT]] step %c1 iter_args
// CHECK: %[[STEP:.*]] = arith.addi %[[FIRST]], %[[K]]
// CHECK: vector.load %[[B]][%[[STEP]], %{{.*}}] : memref<?x16xi32>, vector<8xi32>
// CHECK: %[[POSITION:.*]] = memref.load %[[P]][%[[STEP]]]
// CHECK: %[[AT:.*]] = arith.index_castui %[[POSITION]]
// CHECK: memref.load %[[A]][%{{.*}}, %[[AT]]]
// CHECK-COUNT-8: lp.dot_bytes %{{.*}}, %{{.*}}, %{{.*}} {narrow} : vector<8xi32>
// CHECK-NOT: lp.dot_bytes
// CHECK: scf.yield
// CHECK: arith.sitofp
func.func @steps(%a: memref<4x8xi32>, %b: memref<?x16xi32>, %p: memref<?xi32>, %t: memref<2xi32>, %s: memref<16xf32>, %o: memref<4x16xf32>)
    attributes {schedule = #sched.contraction<mr = 4, nr = 16, vl = 8, kc = 8, mc = 4, nc = 16, pack_columns = false, streams = 1, numerics = "fma">} {
  %ta = bufferization.to_tensor %a restrict : memref<4x8xi32> to tensor<4x8xi32>
  %tb = bufferization.to_tensor %b restrict : memref<?x16xi32> to tensor<?x16xi32>
  %tp = bufferization.to_tensor %p restrict : memref<?xi32> to tensor<?xi32>
  %tt = bufferization.to_tensor %t restrict : memref<2xi32> to tensor<2xi32>
  %ts = bufferization.to_tensor %s restrict : memref<16xf32> to tensor<16xf32>
  %u = lp.sum_steps %tb, %tp, %tt block(8) : tensor<?x16xi32>, tensor<?xi32>, tensor<2xi32> -> tensor<16x8xi32>
  %e = tensor.empty() : tensor<4x16xi32>
  %z = arith.constant 0 : i32
  %f = linalg.fill ins(%z : i32) outs(%e : tensor<4x16xi32>) -> tensor<4x16xi32>
  %m = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%ta, %u : tensor<4x8xi32>, tensor<16x8xi32>) outs(%f : tensor<4x16xi32>) {
  ^bb0(%x: i32, %y: i32, %acc: i32):
    %0 = lp.dot_bytes %x, %y, %acc {narrow} : i32
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

// -----

// Blocks of other positions than the schedule's: left to the loops.
// CHECK-LABEL: func @blocks
// CHECK: lp.sum_steps
// expected-remark@+1 {{steps do not have the schedule's panels and blocks}}
func.func @blocks(%a: memref<4x8xi32>, %b: memref<?x16xi32>, %p: memref<?xi32>, %t: memref<3xi32>, %s: memref<16xf32>, %o: memref<4x16xf32>)
    attributes {schedule = #sched.contraction<mr = 4, nr = 16, vl = 8, kc = 8, mc = 4, nc = 16, pack_columns = false, streams = 1, numerics = "fma">} {
  %ta = bufferization.to_tensor %a restrict : memref<4x8xi32> to tensor<4x8xi32>
  %tb = bufferization.to_tensor %b restrict : memref<?x16xi32> to tensor<?x16xi32>
  %tp = bufferization.to_tensor %p restrict : memref<?xi32> to tensor<?xi32>
  %tt = bufferization.to_tensor %t restrict : memref<3xi32> to tensor<3xi32>
  %ts = bufferization.to_tensor %s restrict : memref<16xf32> to tensor<16xf32>
  %u = lp.sum_steps %tb, %tp, %tt block(4) : tensor<?x16xi32>, tensor<?xi32>, tensor<3xi32> -> tensor<16x8xi32>
  %e = tensor.empty() : tensor<4x16xi32>
  %z = arith.constant 0 : i32
  %f = linalg.fill ins(%z : i32) outs(%e : tensor<4x16xi32>) -> tensor<4x16xi32>
  %m = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%ta, %u : tensor<4x8xi32>, tensor<16x8xi32>) outs(%f : tensor<4x16xi32>) {
  ^bb0(%x: i32, %y: i32, %acc: i32):
    %0 = lp.dot_bytes %x, %y, %acc {narrow} : i32
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
