// RUN: tegula-opt %s -tegula-tile-outline-gpu-kernels -split-input-file | FileCheck %s

// A parallel loop: one thread an iteration.
// CHECK: module attributes {gpu.container_module}
// CHECK: func.func @scale(%[[A:.+]]: memref<1000xf32>, %[[O:.+]]: memref<1000xf32>)
// CHECK: gpu.launch_func @scale_gpu::@scale_0 blocks in (%c4{{[_0-9]*}}, %c1{{[_0-9]*}}, %c1{{[_0-9]*}}) threads in (%c256{{[_0-9]*}}, %c1{{[_0-9]*}}, %c1{{[_0-9]*}})
// CHECK-SAME: args(%{{.+}} : memref<1000xf32>, %{{.+}} : memref<1000xf32>)
// CHECK-NEXT: return
// CHECK: gpu.module @scale_gpu
// CHECK: gpu.func @scale_0(%{{.+}}: memref<1000xf32>, %{{.+}}: memref<1000xf32>) kernel attributes {known_block_size = array<i32: 256, 1, 1>}
// CHECK: %[[T:.+]] = gpu.thread_id x
// CHECK: %[[B:.+]] = gpu.block_id x
// CHECK: %[[I:.+]] = arith.addi %{{.+}}, %[[T]]
// CHECK: scf.if
// CHECK: memref.load %{{.+}}[%[[I]]]
func.func @scale(%a: memref<1000xf32>, %o: memref<1000xf32>) {
  scf.forall (%i) in (1000) {
    %v = memref.load %a[%i] : memref<1000xf32>
    %w = arith.addf %v, %v : f32
    memref.store %w, %o[%i] : memref<1000xf32>
  }
  return
}

// -----

// What is in no parallel loop is one thread's work; what passes between
// kernels is scratch memory.
// CHECK: func.func @steps(%{{.+}}: memref<8xf32>, %[[S:.+]]: memref<256xi8>) attributes {tegula.scratch}
// CHECK: %[[T:.+]] = memref.view %[[S]]
// CHECK: gpu.launch_func @steps_gpu::@steps_0 {{.*}} threads in (%c1{{[_0-9]*}}, %c1{{[_0-9]*}}, %c1{{[_0-9]*}}) args(%[[T]]
// CHECK: gpu.launch_func @steps_gpu::@steps_1 {{.*}} threads in (%c256{{.*}}
// CHECK: gpu.func @steps_0({{.*}}known_block_size = array<i32: 1, 1, 1>
// CHECK: memref.store
func.func @steps(%o: memref<8xf32>) {
  %one = arith.constant 1.0 : f32
  %c0 = arith.constant 0 : index
  %t = memref.alloc() : memref<1xf32>
  memref.store %one, %t[%c0] : memref<1xf32>
  scf.forall (%i) in (8) {
    %v = memref.load %t[%c0] : memref<1xf32>
    memref.store %v, %o[%i] : memref<8xf32>
  }
  return
}

// -----

// A number of iterations that is known at run time only; a thread's temporary.
// CHECK: func.func @dynamic
// CHECK: %[[D:.+]] = memref.dim
// CHECK: %[[N:.+]] = arith.divui %[[D]]
// CHECK: gpu.launch_func
// CHECK: gpu.func @dynamic_0
// CHECK: memref.alloca() : memref<4xf32>
// CHECK: memref.dim
// CHECK: gpu.grid_dim x
// CHECK: scf.for
func.func @dynamic(%o: memref<?xf32>, %v: f32) {
  %c0 = arith.constant 0 : index
  %d = memref.dim %o, %c0 : memref<?xf32>
  scf.forall (%i) in (%d) {
    %t = memref.alloc() : memref<4xf32>
    memref.store %v, %t[%c0] : memref<4xf32>
    %w = memref.load %t[%c0] : memref<4xf32>
    memref.store %w, %o[%i] : memref<?xf32>
  }
  return
}

// -----

// One block per iteration; what its threads share stays as it is.
// CHECK: func.func @blocks
// CHECK: gpu.launch_func @blocks_gpu::@blocks_0 blocks in (%c8{{[_0-9]*}}, %c1{{[_0-9]*}}, %c1{{[_0-9]*}}) threads in (%c128{{[_0-9]*}}, %c1{{[_0-9]*}}, %c1{{[_0-9]*}})
// CHECK: gpu.func @blocks_0({{.*}}known_block_size = array<i32: 128, 1, 1>
// CHECK-NEXT: %[[B:.+]] = gpu.block_id x
// CHECK: memref.alloc() : memref<128xf32, 3>
// CHECK: memref.load %{{.+}}[%[[B]]]
func.func @blocks(%a: memref<8xf32>) {
  scf.forall (%b) in (8) {
    %s = memref.alloc() : memref<128xf32, 3>
    %t = gpu.thread_id x
    %v = memref.load %a[%b] : memref<8xf32>
    memref.store %v, %s[%t] : memref<128xf32, 3>
    gpu.barrier
    %w = memref.load %s[%b] : memref<128xf32, 3>
    memref.store %w, %a[%b] : memref<8xf32>
  } {mapping = [#gpu.block<x>], tegula.threads = 128}
  return
}

// -----

// A constant table goes with the kernel that reads it.
// CHECK: gpu.module @table_gpu
// CHECK: gpu.func @table_0
// CHECK: memref.get_global @numbers
// CHECK: memref.global "private" constant @numbers : memref<4xf32>
memref.global "private" constant @numbers : memref<4xf32> = dense<[1.0, 2.0, 3.0, 4.0]>
func.func @table(%o: memref<4xf32>) {
  %n = memref.get_global @numbers : memref<4xf32>
  scf.forall (%i) in (4) {
    %v = memref.load %n[%i] : memref<4xf32>
    memref.store %v, %o[%i] : memref<4xf32>
  }
  return
}

// -----

// A tensor map is made by the host and is the kernel's first argument; what it is
// made of stays with the host.
// CHECK-LABEL: func.func @mapped
// CHECK: %[[MAP:.+]] = nvgpu.tma.create.descriptor
// CHECK: gpu.launch_func @mapped_gpu::@mapped_0 {{.*}} args(%[[MAP]] : {{.+}}, %{{.+}} : memref<64x64xf16>)
// CHECK: gpu.module @mapped_gpu
// CHECK: gpu.func @mapped_0(%[[M:.+]]: !nvgpu.tensormap.descriptor<{{.+}}>, %{{.+}}: memref<64x64xf16>)
// CHECK-NOT: memref.cast
// CHECK: builtin.unrealized_conversion_cast %[[M]]
func.func @mapped(%o: memref<64x64xf16>, %a: memref<64x64xf16>) {
  %c64 = arith.constant 64 : index
  %u = memref.cast %a : memref<64x64xf16> to memref<*xf16>
  %map = nvgpu.tma.create.descriptor %u box[%c64, %c64] : memref<*xf16> -> <tensor = memref<64x64xf16, 3>, swizzle = swizzle_128b, l2promo = l2promo_256b, oob = zero, interleave = none>
  scf.forall (%b) in (8) {
    %p = builtin.unrealized_conversion_cast %map : !nvgpu.tensormap.descriptor<tensor = memref<64x64xf16, 3>, swizzle = swizzle_128b, l2promo = l2promo_256b, oob = zero, interleave = none> to !llvm.ptr
    nvvm.prefetch tensormap, %p : !llvm.ptr
    %v = memref.load %o[%b, %b] : memref<64x64xf16>
    memref.store %v, %o[%b, %b] : memref<64x64xf16>
  } {mapping = [#gpu.block<x>], tegula.threads = 128}
  return
}
