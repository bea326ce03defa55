// RUN: tegula-opt %s -tegula-target-convert-gpu-kernels -split-input-file | FileCheck %s

// CHECK-NOT: gpu.func
// CHECK: llvm.func @k(%{{.+}}: !llvm.ptr {llvm.noalias}, %{{.+}}: i64, %{{.+}}: i64) attributes {nvvm.kernel, nvvm.minctasm = 1 : i32, nvvm.reqntid = array<i32: 256, 1, 1>}
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

// -----

// Shared memory: parts of one external array, whose size the launch says.
// CHECK-DAG: llvm.mlir.global external @tegula_shared() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>
// CHECK: llvm.func @shared() attributes {{.*}}tegula.shared_bytes = 384
// CHECK: llvm.mlir.addressof @tegula_shared : !llvm.ptr<3>
// CHECK: llvm.getelementptr %{{.+}}[0]
// CHECK: llvm.getelementptr %{{.+}}[256]
// CHECK: nvvm.barrier
// CHECK: nvvm.shfl.sync bfly
module {
  gpu.module @m {
    gpu.func @shared() kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      %a = memref.alloc() : memref<50xf32, 3>
      %b = memref.alloc() : memref<8xf32, 3>
      %t = gpu.thread_id x
      %v = memref.load %b[%t] : memref<8xf32, 3>
      memref.store %v, %a[%t] : memref<50xf32, 3>
      gpu.barrier
      %c16 = arith.constant 16 : i32
      %c32 = arith.constant 32 : i32
      %w, %valid = gpu.shuffle xor %v, %c16, %c32 : f32
      memref.store %w, %a[%t] : memref<50xf32, 3>
      gpu.return
    }
  }
}

// -----

// Tables of different modules may have the same name.
// CHECK-DAG: memref.global "private" constant @first_table : memref<2xf32> = dense<1.0
// CHECK-DAG: memref.global "private" constant @second_table : memref<2xf32> = dense<2.0
// CHECK: llvm.func @a
// CHECK: memref.get_global @first_table
// CHECK: llvm.func @b
// CHECK: memref.get_global @second_table
module {
  gpu.module @first {
    gpu.func @a(%o: memref<2xf32>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
      %t = gpu.thread_id x
      %n = memref.get_global @_table : memref<2xf32>
      %v = memref.load %n[%t] : memref<2xf32>
      memref.store %v, %o[%t] : memref<2xf32>
      gpu.return
    }
    memref.global "private" constant @_table : memref<2xf32> = dense<1.0>
  }
  gpu.module @second {
    gpu.func @b(%o: memref<2xf32>) kernel attributes {known_block_size = array<i32: 1, 1, 1>} {
      %t = gpu.thread_id x
      %n = memref.get_global @_table : memref<2xf32>
      %v = memref.load %n[%t] : memref<2xf32>
      memref.store %v, %o[%t] : memref<2xf32>
      gpu.return
    }
    memref.global "private" constant @_table : memref<2xf32> = dense<2.0>
  }
}

// -----

// A tensor map is passed by value; a buffer starts where its alignment says.
// CHECK: llvm.func @mapped(%{{.+}}: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<128 x i8>, nvvm.grid_constant}, %{{.+}}: !llvm.ptr {llvm.noalias}) attributes {{.*}}tegula.shared_bytes = 1152
// CHECK: llvm.getelementptr %{{.+}}[0]
// CHECK: llvm.getelementptr %{{.+}}[1024]
!map = !nvgpu.tensormap.descriptor<tensor = memref<64x64xf16, 3>, swizzle = swizzle_128b, l2promo = l2promo_256b, oob = zero, interleave = none>
module {
  gpu.module @m {
    gpu.func @mapped(%map: !map, %o: memref<8xi8>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
      %a = memref.alloc() : memref<8xi8, 3>
      %b = memref.alloc() {alignment = 1024} : memref<128xi8, 3>
      %i = gpu.thread_id x
      %p = builtin.unrealized_conversion_cast %map : !map to !llvm.ptr
      nvvm.prefetch tensormap, %p : !llvm.ptr
      %v = memref.load %a[%i] : memref<8xi8, 3>
      %w = memref.load %b[%i] : memref<128xi8, 3>
      %s = arith.addi %v, %w : i8
      memref.store %s, %o[%i] : memref<8xi8>
      gpu.return
    }
  }
}
