// RUN: tegula-opt %s -tegula-tile-place-temporaries -allow-unregistered-dialect | FileCheck %s

// CHECK-LABEL: @stack
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<16xf32>
// CHECK: scf.for
// CHECK-NOT: memref.alloc
func.func @stack(%n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %a = memref.alloc() : memref<16xf32>
    "test.use"(%a) : (memref<16xf32>) -> ()
  }
  return
}

// CHECK-LABEL: @scratch
// CHECK-SAME: (%[[O:.+]]: memref<4xf32>, %[[S:.+]]: memref<262144xi8>) attributes {tegula.scratch}
// CHECK: memref.view %[[S]][%{{.+}}][] : memref<262144xi8> to memref<32768xf32>
// CHECK: memref.view %[[S]][%{{.+}}][] : memref<262144xi8> to memref<32768xf32>
func.func @scratch(%o: memref<4xf32>) {
  %a = memref.alloc() : memref<32768xf32>
  %b = memref.alloc() : memref<32768xf32>
  "test.use"(%a, %b) : (memref<32768xf32>, memref<32768xf32>) -> ()
  return
}

// CHECK-LABEL: @dynamic
// CHECK: memref.alloc(%{{.+}}) : memref<?xf32>
func.func @dynamic(%n: index) {
  %a = memref.alloc(%n) : memref<?xf32>
  "test.use"(%a) : (memref<?xf32>) -> ()
  return
}

// Each task has its own.
// CHECK-LABEL: @tasks
// CHECK-SAME: (%[[S:.+]]: memref<524288xi8>) attributes {tegula.scratch}
// CHECK: scf.forall (%[[TASK:.+]]) in (4)
// CHECK: %[[SHIFT:.+]] = arith.muli %[[TASK]], %c131072
// CHECK: %[[FIRST:.+]] = arith.addi %c0{{.*}}, %[[SHIFT]]
// CHECK: memref.view %[[S]][%[[FIRST]]][] : memref<524288xi8> to memref<32768xf32>
func.func @tasks() {
  scf.forall (%task) in (4) {
    %a = memref.alloc() : memref<32768xf32>
    "test.use"(%a) : (memref<32768xf32>) -> ()
  }
  return
}

// CHECK-LABEL: @tasks_unknown
// CHECK: memref.alloc() : memref<32768xf32>
func.func @tasks_unknown(%n: index) {
  scf.forall (%task) in (%n) {
    %a = memref.alloc() : memref<32768xf32>
    "test.use"(%a) : (memref<32768xf32>) -> ()
  }
  return
}
