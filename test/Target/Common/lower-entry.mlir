// RUN: tegula-opt %s -tegula-target-lower-entry | FileCheck %s

// CHECK-LABEL: func.func @tegula_entry
// CHECK-SAME: (%[[CTX:.+]]: !llvm.ptr, %{{.+}}: !llvm.ptr, %{{.+}}: !llvm.ptr) -> i32
// CHECK-DAG: call @tegula_rt_arena(%[[CTX]],
// CHECK-DAG: call @tegula_rt_output(%[[CTX]],
// A size that is negative or overflows becomes -1, which the runtime refuses.
// CHECK: arith.cmpi slt
// CHECK: llvm.intr.smul.with.overflow
// CHECK: %[[BYTES:.+]] = arith.select
// CHECK: call @tegula_rt_slot(%[[CTX]], %{{.+}}, %[[BYTES]])
// CHECK: %[[STATUS:.+]] = call @tegula_kernel_k(
// CHECK: cf.cond_br
// CHECK: call @tegula_rt_fail(%[[CTX]],
func.func @main(%x: memref<?xf32> {onnx.name = "x"}) -> memref<?xf32>
    attributes {tegula.arena_bytes = 64 : i64, tegula.slots = 1 : i64} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?xf32>
  %positive = arith.cmpi sgt, %n, %c0 : index
  graph.check %positive, "empty"
  %t = memref.alloc() {tegula.offset = 0 : i64} : memref<4xf32>
  %o = memref.alloc(%n) {tegula.output = 0 : i64} : memref<?xf32>
  %s = memref.alloc(%n) {tegula.slot = 0 : i64} : memref<?xf32>
  graph.call @k ins(%x, %t, %s : memref<?xf32>, memref<4xf32>, memref<?xf32>) outs(%o : memref<?xf32>)
  return %o : memref<?xf32>
}
