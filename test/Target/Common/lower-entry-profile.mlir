// RUN: tegula-opt %s -tegula-target-lower-entry=profile=true | FileCheck %s
// RUN: tegula-opt %s -tegula-target-lower-entry \
// RUN:   | FileCheck %s --check-prefix=OFF

// The bytes are those of the operands: 4 * 4 that are known, 4 * n that are not.
// CHECK-LABEL: func.func @tegula_entry
// CHECK-SAME: (%[[CTX:[a-z0-9]+]]:
// CHECK: %[[FLOPS:.+]] = arith.constant 96 : i64
// CHECK: arith.addi
// CHECK: arith.addi
// CHECK: %[[BYTES:.+]] = arith.addi
// CHECK: %[[KERNEL:.+]] = llvm.mlir.addressof @tegula_text_0
// CHECK: %[[NODES:.+]] = llvm.mlir.addressof @tegula_text_1
// CHECK: call @tegula_rt_kernel_begin(%[[CTX]], %[[KERNEL]], %[[NODES]], %[[FLOPS]], %[[BYTES]])
// CHECK-NEXT: %[[STATUS:.+]] = call @tegula_kernel_k(
// CHECK-NEXT: call @tegula_rt_kernel_end(%[[CTX]])
// CHECK: llvm.mlir.global internal constant @tegula_text_0("k\00")
// CHECK: llvm.mlir.global internal constant @tegula_text_1("a (Add); r (Relu)\00")
// OFF-NOT: tegula_rt_kernel
func.func @main(%x: memref<?xf32>) -> memref<?xf32>
    attributes {tegula.arena_bytes = 64 : i64} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?xf32>
  %t = memref.alloc() {tegula.offset = 0 : i64} : memref<4xf32>
  %o = memref.alloc(%n) {tegula.output = 0 : i64} : memref<?xf32>
  graph.call @k ins(%x, %t : memref<?xf32>, memref<4xf32>) outs(%o : memref<?xf32>)
      {tegula.flops = 96 : i64, tegula.nodes = "a (Add); r (Relu)"}
  return %o : memref<?xf32>
}
