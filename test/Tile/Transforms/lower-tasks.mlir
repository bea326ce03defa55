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

// The tasks of a range use the scratch memory of its first one.
// CHECK-LABEL: func @scratch(
// CHECK-SAME: %[[S:.+]]: memref<1024xi8>, %[[BEGIN:.+]]: index, %[[END:.+]]: index)
// CHECK: %[[SHIFT:.+]] = arith.muli %[[BEGIN]],
// CHECK: %[[VIEW:.+]] = memref.view %[[S]][%[[SHIFT]]]
// CHECK: scf.for %{{.+}} = %[[BEGIN]] to %[[END]]
// CHECK: memref.store %{{.+}}, %[[VIEW]]
func.func @scratch(%s: memref<1024xi8>) {
  %c0 = arith.constant 0 : index
  %c256 = arith.constant 256 : index
  %one = arith.constant 1.0 : f32
  scf.forall (%task) in (4) {
    %shift = arith.muli %task, %c256 : index
    %view = memref.view %s[%shift][] : memref<1024xi8> to memref<64xf32>
    memref.store %one, %view[%c0] : memref<64xf32>
  }
  return
}

// One thread runs all tasks of what is done before others would begin.
// CHECK-NOT: @short_tasks
// CHECK-LABEL: func.func @short
// CHECK-SAME: (%{{.+}}: memref<8xf32>)
// CHECK-NOT: scf.forall
// CHECK: scf.for
func.func @short(%a: memref<8xf32>) attributes {sequential} {
  %f = arith.constant 1.0 : f32
  scf.forall (%i) in (8) {
    memref.store %f, %a[%i] : memref<8xf32>
  }
  return
}
