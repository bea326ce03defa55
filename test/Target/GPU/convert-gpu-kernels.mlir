// RUN: tegula-opt %s -tegula-target-convert-gpu-kernels | FileCheck %s

// CHECK-NOT: gpu.func
// CHECK: llvm.func @k(%{{.+}}: !llvm.ptr {llvm.noalias}, %{{.+}}: i64, %{{.+}}: i64) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 256, 1, 1>}
// CHECK: %[[A:.+]] = builtin.unrealized_conversion_cast
// CHECK: %[[X:.+]] = nvvm.read.ptx.sreg.tid.x : i32
// CHECK: %[[I:.+]] = arith.index_castui %[[X]] : i32 to index
// CHECK: nvvm.read.ptx.sreg.ctaid.x
// CHECK: nvvm.read.ptx.sreg.nctaid.x
// CHECK: llvm.return
// CHECK-NOT: gpu.func
module {
  gpu.module @m {
    gpu.func @k(%a: memref<?xf32>, %n: index) kernel attributes {known_block_size = array<i32: 256, 1, 1>} {
      %t = gpu.thread_id x
      %b = gpu.block_id x
      %g = gpu.grid_dim x
      %v = memref.load %a[%t] : memref<?xf32>
      memref.store %v, %a[%b] : memref<?xf32>
      memref.store %v, %a[%g] : memref<?xf32>
      gpu.return
    }
  }
}
