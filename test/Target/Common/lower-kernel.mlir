// RUN: tegula-opt %s -tegula-target-lower-kernel -split-input-file | FileCheck %s

// CHECK: func.func private @tegula_kernel_k_body(%{{.+}}: !llvm.ptr {llvm.noalias}, %{{.+}}: index, %{{.+}}: !llvm.ptr) -> i32
// CHECK: func.func @tegula_kernel_k(%[[SLOTS:.+]]: !llvm.ptr) -> i32
// CHECK: llvm.getelementptr %[[SLOTS]][1]
// CHECK: llvm.getelementptr %[[SLOTS]][2]
// CHECK: call @tegula_kernel_k_body
func.func @k(%a: memref<?xf32>) {
  return
}

// -----

// CHECK: func.func private @tegula_kernel_p_tasks(%{{.+}}: !llvm.ptr {llvm.noalias}, %{{.+}}: index) -> index
// CHECK: func.func private @tegula_kernel_p_body(
// CHECK: func.func private @tegula_kernel_p_range(%{{.+}}: !llvm.ptr, %{{.+}}: i64, %{{.+}}: i64)
// CHECK: call @tegula_kernel_p_body
// CHECK: func.func @tegula_kernel_p(
// CHECK: call @tegula_kernel_p_tasks
// CHECK: call @tegula_rt_parallel
func.func @p_tasks(%a: memref<?xf32>) -> index {
  %c8 = arith.constant 8 : index
  return %c8 : index
}
func.func @p(%a: memref<?xf32>, %begin: index, %end: index) {
  return
}

// -----

// CHECK-LABEL: @tegula_kernel_heap_body
// CHECK: call @tegula_rt_allocate
func.func @heap(%n: index, %o: memref<f32>) {
  %t = memref.alloc(%n) : memref<?xf32>
  %c0 = arith.constant 0 : index
  %v = memref.load %t[%c0] : memref<?xf32>
  memref.store %v, %o[] : memref<f32>
  return
}
