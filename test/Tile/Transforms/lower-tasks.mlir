// RUN: tegula-opt %s -tegula-tile-lower-tasks | FileCheck %s

// CHECK-LABEL: func.func @rows_tasks
// CHECK-SAME: (%[[A:.+]]: memref<?x4xf32>) -> index
// CHECK: %[[N:.+]] = memref.dim %[[A]]
// CHECK: return %[[N]]
// CHECK-LABEL: func.func @rows
// CHECK-SAME: (%[[A:.+]]: memref<?x4xf32>, %[[BEGIN:.+]]: index, %[[END:.+]]: index)
// CHECK-NOT: scf.forall
// CHECK: scf.for %[[I:.+]] = %[[BEGIN]] to %[[END]]
// CHECK: memref.store %{{.+}}, %[[A]][%[[I]], %{{.+}}]
func.func @rows(%a: memref<?x4xf32>) {
  %c0 = arith.constant 0 : index
  %f = arith.constant 1.0 : f32
  %n = memref.dim %a, %c0 : memref<?x4xf32>
  scf.forall (%i) in (%n) {
    memref.store %f, %a[%i, %c0] : memref<?x4xf32>
  }
  return
}

// Work before the loop must not be repeated by each task.
// CHECK-NOT: @prologue_tasks
// CHECK-LABEL: func.func @prologue
// CHECK-NOT: scf.forall
// CHECK: scf.for
func.func @prologue(%a: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %f = arith.constant 1.0 : f32
  memref.store %f, %a[%c0] : memref<8xf32>
  scf.forall (%i) in (8) {
    memref.store %f, %a[%i] : memref<8xf32>
  }
  return
}

// CHECK-LABEL: func.func @sequential(%{{.+}}: memref<8xf32>) {
func.func @sequential(%a: memref<8xf32>) {
  return
}
