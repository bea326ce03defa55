// RUN: tegula-opt %s -tegula-tile-plan-arena -split-input-file | FileCheck %s

// The third buffer takes the place of the first, which is dead by then.
// CHECK-LABEL: @reuse
// CHECK-SAME: tegula.arena_bytes = 128 : i64
// CHECK: memref.alloc() {tegula.offset = [[A:.+]] : i64}
// CHECK: memref.alloc() {tegula.offset = [[B:.+]] : i64}
// CHECK: memref.alloc() {tegula.offset = [[A]] : i64}
// CHECK: memref.alloc() {tegula.output = 0 : i64}
func.func @reuse(%x: memref<4xf32>) -> memref<4xf32> {
  %a = memref.alloc() : memref<4xf32>
  graph.call @k ins(%x : memref<4xf32>) outs(%a : memref<4xf32>)
  %b = memref.alloc() : memref<4xf32>
  graph.call @k ins(%a : memref<4xf32>) outs(%b : memref<4xf32>)
  %c = memref.alloc() : memref<4xf32>
  graph.call @k ins(%b : memref<4xf32>) outs(%c : memref<4xf32>)
  %d = memref.alloc() : memref<4xf32>
  graph.call @k ins(%c : memref<4xf32>) outs(%d : memref<4xf32>)
  return %d : memref<4xf32>
}

// -----

// CHECK-LABEL: @slots
// CHECK-SAME: tegula.slots = 2 : i64
// CHECK: memref.alloc(%{{.+}}) {tegula.slot = 0 : i64}
// CHECK: memref.alloc(%{{.+}}) {tegula.slot = 1 : i64}
// CHECK: memref.alloc(%{{.+}}) {tegula.slot = 0 : i64}
func.func @slots(%x: memref<?xf32>, %n: index) {
  %a = memref.alloc(%n) : memref<?xf32>
  graph.call @k ins(%x : memref<?xf32>) outs(%a : memref<?xf32>)
  %b = memref.alloc(%n) : memref<?xf32>
  graph.call @k ins(%a : memref<?xf32>) outs(%b : memref<?xf32>)
  %c = memref.alloc(%n) : memref<?xf32>
  graph.call @k ins(%b : memref<?xf32>) outs(%c : memref<?xf32>)
  return
}

// -----

// A buffer from before a loop lives until its end; one that the next iteration
// reads is the runtime's.
// CHECK-LABEL: @loop
// CHECK: memref.alloc() {tegula.offset = 0 : i64}
// CHECK: scf.for
// CHECK: memref.alloc() {tegula.heap}
// CHECK: memref.alloc() {tegula.offset = 64 : i64}
// CHECK: memref.alloc() {tegula.output = 0 : i64}
// CHECK: memref.copy
func.func @loop(%x: memref<4xf32>, %n: index) -> memref<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc() : memref<4xf32>
  graph.call @k ins(%x : memref<4xf32>) outs(%a : memref<4xf32>)
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%s = %x) -> (memref<4xf32>) {
    %b = memref.alloc() : memref<4xf32>
    graph.call @k ins(%s, %a : memref<4xf32>, memref<4xf32>) outs(%b : memref<4xf32>)
    %c = memref.alloc() : memref<4xf32>
    graph.call @k ins(%b : memref<4xf32>) outs(%c : memref<4xf32>)
    scf.yield %b : memref<4xf32>
  }
  return %r : memref<4xf32>
}

// -----

// A result that is an input is copied; so is the second of two equal results.
// CHECK-LABEL: @copies
// CHECK: memref.alloc() {tegula.output = 1 : i64}
// CHECK: memref.alloc() {tegula.output = 0 : i64}
// CHECK: memref.copy
// CHECK: memref.alloc() {tegula.output = 2 : i64}
// CHECK: memref.copy
func.func @copies(%x: memref<4xf32>) -> (memref<4xf32>, memref<4xf32>, memref<4xf32>) {
  %a = memref.alloc() : memref<4xf32>
  graph.call @k ins(%x : memref<4xf32>) outs(%a : memref<4xf32>)
  return %x, %a, %a : memref<4xf32>, memref<4xf32>, memref<4xf32>
}

// -----

// CHECK-LABEL: @scratch
// CHECK: %[[S:.+]] = memref.alloc() {tegula.offset = {{.*}}} : memref<256xi8>
// CHECK: graph.call @s outs(%{{.+}}, %[[S]] : memref<4xf32>, memref<256xi8>)
func.func @scratch() {
  %a = memref.alloc() : memref<4xf32>
  graph.call @s outs(%a : memref<4xf32>)
  return
}
module @s {
  func.func @s(%o: memref<4xf32>, %t: memref<256xi8>) attributes {tegula.scratch} {
    return
  }
}
