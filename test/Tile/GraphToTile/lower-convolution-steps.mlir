// RUN: tegula-opt %s -tegula-tile-lower-convolution -canonicalize -cse | FileCheck %s

// The k loop runs through the steps of a tile of filters; the pixels are read
// where a step says.
// CHECK-LABEL: func @steps
// CHECK-SAME: (%{{.*}}: memref<1x4x8xi32>, %[[S:.*]]: memref<?x2xi32>, %[[P:.*]]: memref<?xi32>, %[[T:.*]]: memref<2xi32>,
// CHECK: %[[PANEL:.*]] = memref.alloc() {{.*}} : memref<1x4x8xi32>
// CHECK: memref.load %[[T]]
// CHECK: %[[COUNT:.*]] = arith.subi
// CHECK: scf.for %[[K:.*]] = %c0 to %[[COUNT]] step %c1 iter_args
// CHECK: %[[STEP:.*]] = arith.addi %{{.*}}, %[[K]]
// CHECK: %[[POSITION:.*]] = memref.load %[[P]][%[[STEP]]]
// CHECK: %[[AT:.*]] = arith.index_castui %[[POSITION]]
// CHECK: %[[PIXELS:.*]] = vector.load %[[PANEL]][%{{.*}}, %[[AT]], %{{.*}}] : memref<1x4x8xi32>, vector<8xi32>
// CHECK: memref.load %[[S]][%[[STEP]], %c0]
// CHECK: lp.dot_bytes %[[PIXELS]], %{{.*}}, %{{.*}} {narrow} : vector<8xi32>
// CHECK: memref.load %[[S]][%[[STEP]], %c1]
// CHECK: lp.dot_bytes %[[PIXELS]], %{{.*}}, %{{.*}} {narrow} : vector<8xi32>
// CHECK: scf.yield
func.func @steps(%x: memref<1x4x8xi32>, %s: memref<?x2xi32>, %p: memref<?xi32>, %t: memref<2xi32>, %o: memref<1x2x8xi32>)
    attributes {schedule = #sched.convolution<mr = 2, nr = 8, vl = 8, kc = 8, nb = 1, fc = 2, in_place = false, numerics = "fma">} {
  %tx = bufferization.to_tensor %x restrict : memref<1x4x8xi32> to tensor<1x4x8xi32>
  %ts = bufferization.to_tensor %s restrict : memref<?x2xi32> to tensor<?x2xi32>
  %tp = bufferization.to_tensor %p restrict : memref<?xi32> to tensor<?xi32>
  %tt = bufferization.to_tensor %t restrict : memref<2xi32> to tensor<2xi32>
  %w = lp.sum_steps %ts, %tp, %tt block(4) : tensor<?x2xi32>, tensor<?xi32>, tensor<2xi32> -> tensor<2x4x1xi32>
  %e = tensor.empty() : tensor<1x2x8xi32>
  %z = arith.constant 0 : i32
  %f = linalg.fill ins(%z : i32) outs(%e : tensor<1x2x8xi32>) -> tensor<1x2x8xi32>
  %m = linalg.generic {indexing_maps = [affine_map<(n, f, o, c, k) -> (n, c, o + k)>, affine_map<(n, f, o, c, k) -> (f, c, k)>, affine_map<(n, f, o, c, k) -> (n, f, o)>],
                       iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]}
      ins(%tx, %w : tensor<1x4x8xi32>, tensor<2x4x1xi32>) outs(%f : tensor<1x2x8xi32>) {
  ^bb0(%a: i32, %b: i32, %acc: i32):
    %0 = lp.dot_bytes %a, %b, %acc {narrow} : i32
    linalg.yield %0 : i32
  } -> tensor<1x2x8xi32>
  bufferization.materialize_in_destination %m in restrict writable %o : (tensor<1x2x8xi32>, memref<1x2x8xi32>) -> ()
  return
}
