// RUN: tegula-opt %s -tegula-tile-lower-loops -split-input-file | FileCheck %s

// Small work stays on one thread, and is done in place.
// CHECK-LABEL: @small
// CHECK-SAME: %[[A:.+]]: memref<4x8xf32>, %[[O:.+]]: memref<4x8xf32>
// CHECK-NOT: alloc
// CHECK-NOT: scf.forall
// CHECK: scf.for %[[I:.+]] =
// CHECK: scf.for %[[J:.+]] =
// CHECK: %[[V:.+]] = memref.load %[[A]][%[[I]], %[[J]]]
// CHECK: %[[E:.+]] = math.exp %[[V]]
// CHECK: memref.store %[[E]], %[[O]][%[[I]], %[[J]]]
// CHECK-NOT: scf.for
func.func @small(%a: memref<4x8xf32>, %o: memref<4x8xf32>) {
  %t = bufferization.to_tensor %a restrict : memref<4x8xf32> to tensor<4x8xf32>
  %e = tensor.empty() : tensor<4x8xf32>
  %r = linalg.exp ins(%t : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<4x8xf32>, memref<4x8xf32>) -> ()
  return
}

// -----

// The fill and the product share the loop over rows.
// CHECK-LABEL: @matmul
// CHECK: scf.forall (%[[I:.+]]) in (128)
// CHECK: scf.for
// CHECK: memref.store
// CHECK: scf.for
// CHECK: scf.for
// CHECK: arith.mulf
// CHECK-NOT: scf.forall
func.func @matmul(%a: memref<128x64xf32>, %b: memref<64x32xf32>, %o: memref<128x32xf32>) {
  %ta = bufferization.to_tensor %a restrict : memref<128x64xf32> to tensor<128x64xf32>
  %tb = bufferization.to_tensor %b restrict : memref<64x32xf32> to tensor<64x32xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<128x32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<128x32xf32>) -> tensor<128x32xf32>
  %r = linalg.matmul ins(%ta, %tb : tensor<128x64xf32>, tensor<64x32xf32>) outs(%f : tensor<128x32xf32>) -> tensor<128x32xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<128x32xf32>, memref<128x32xf32>) -> ()
  return
}

// -----

// CHECK-LABEL: @concat
// CHECK-NOT: tensor.concat
// CHECK: scf.for
// CHECK: scf.for
func.func @concat(%a: memref<4xf32>, %b: memref<3xf32>, %o: memref<7xf32>) {
  %ta = bufferization.to_tensor %a restrict : memref<4xf32> to tensor<4xf32>
  %tb = bufferization.to_tensor %b restrict : memref<3xf32> to tensor<3xf32>
  %r = tensor.concat dim(0) %ta, %tb : (tensor<4xf32>, tensor<3xf32>) -> tensor<7xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<7xf32>, memref<7xf32>) -> ()
  return
}

// -----

// What another family has lowered is not touched.
// CHECK-LABEL: @lowered
// CHECK-NEXT: memref.load
func.func @lowered(%a: memref<f32>, %o: memref<f32>) {
  %v = memref.load %a[] : memref<f32>
  memref.store %v, %o[] : memref<f32>
  return
}
