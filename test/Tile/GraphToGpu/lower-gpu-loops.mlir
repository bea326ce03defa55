// RUN: tegula-opt %s -tegula-tile-lower-gpu-loops -split-input-file | FileCheck %s

// One iteration per element of the result; sums run in order.
// CHECK-LABEL: @matmul
// CHECK-SAME: %[[A:.+]]: memref<4x16xf32>, %[[B:.+]]: memref<16x8xf32>, %[[O:.+]]: memref<4x8xf32>
// CHECK: scf.forall (%{{.+}}) in (32)
// CHECK: memref.store %{{.+}}, %[[O]]
// CHECK: scf.forall (%[[I:.+]]) in (32)
// CHECK: %[[N:.+]] = arith.remui %[[I]], %c8
// CHECK: %[[M:.+]] = arith.divui %[[I]], %c8
// CHECK-NOT: arith.remui
// CHECK: scf.for %[[K:.+]] = %c0{{.*}} to %c16
// CHECK: memref.load %[[A]][%[[M]], %[[K]]]
// CHECK: memref.load %[[B]][%[[K]], %[[N]]]
// CHECK: memref.store %{{.+}}, %[[O]][%[[M]], %[[N]]]
func.func @matmul(%a: memref<4x16xf32>, %b: memref<16x8xf32>, %o: memref<4x8xf32>) {
  %ta = bufferization.to_tensor %a restrict : memref<4x16xf32> to tensor<4x16xf32>
  %tb = bufferization.to_tensor %b restrict : memref<16x8xf32> to tensor<16x8xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %r = linalg.matmul ins(%ta, %tb : tensor<4x16xf32>, tensor<16x8xf32>) outs(%f : tensor<4x8xf32>) -> tensor<4x8xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<4x8xf32>, memref<4x8xf32>) -> ()
  return
}

// -----

// Sizes that are known at run time only.
// CHECK-LABEL: @dynamic
// CHECK: %[[N:.+]] = memref.dim
// CHECK: scf.forall (%{{.+}}) in (%{{.+}})
// CHECK: math.exp
func.func @dynamic(%a: memref<?x3xf32>, %o: memref<?x3xf32>) {
  %t = bufferization.to_tensor %a restrict : memref<?x3xf32> to tensor<?x3xf32>
  %zero = arith.constant 0 : index
  %d = tensor.dim %t, %zero : tensor<?x3xf32>
  %e = tensor.empty(%d) : tensor<?x3xf32>
  %r = linalg.exp ins(%t : tensor<?x3xf32>) outs(%e : tensor<?x3xf32>) -> tensor<?x3xf32>
  bufferization.materialize_in_destination %r in restrict writable %o : (tensor<?x3xf32>, memref<?x3xf32>) -> ()
  return
}

// -----

// A kernel that a family lowering has taken stays as it is.
// CHECK-LABEL: @taken
// CHECK-NEXT: memref.store
// CHECK-NEXT: return
func.func @taken(%o: memref<f32>, %v: f32) {
  memref.store %v, %o[] : memref<f32>
  return
}
