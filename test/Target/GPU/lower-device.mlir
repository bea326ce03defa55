// RUN: tegula-opt %s -tegula-target-lower-device -split-input-file | FileCheck %s

// The host reads and writes single elements through the runtime, which waits.
// CHECK-LABEL: @tegula_entry
// CHECK: %[[HOST:.+]] = llvm.alloca
// CHECK: %[[STATUS:.+]] = call @tegula_rt_gpu_read(%{{.+}}, %{{.+}}, %{{.+}}, %c4_i64
// CHECK: cf.cond_br
// CHECK: llvm.load %{{.+}} : !llvm.ptr -> f32
// CHECK: call @tegula_rt_gpu_write
// CHECK: call @tegula_rt_gpu_copy
func.func @tegula_entry(%ctx: !llvm.ptr, %a: memref<4xf32>, %b: memref<4xf32>) -> i32 {
  %ok = arith.constant 0 : i32
  %c1 = arith.constant 1 : index
  %v = memref.load %a[%c1] : memref<4xf32>
  memref.store %v, %b[%c1] : memref<4xf32>
  memref.copy %a, %b : memref<4xf32> to memref<4xf32>
  return %ok : i32
}

// -----

// A launch: operands in slots, the record that EmitProgram defines.
// CHECK-LABEL: @tegula_kernel_k_body
// CHECK: llvm.store
// CHECK: %[[RECORD:.+]] = llvm.mlir.addressof @tegula_gpu_k_0
// CHECK: call @tegula_rt_gpu_launch(%{{.+}}, %[[RECORD]], %{{.+}}, %{{.+}})
// CHECK: llvm.mlir.global external hidden constant @tegula_gpu_k_0()
module attributes {gpu.container_module} {
  func.func private @tegula_kernel_k_body(%a: memref<?xf32>, %ctx: !llvm.ptr) -> i32 {
    %ok = arith.constant 0 : i32
    %c1 = arith.constant 1 : index
    gpu.launch_func @k_gpu::@k_0 blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1) args(%a : memref<?xf32>)
    return %ok : i32
  }
  gpu.module @k_gpu {
    gpu.func @k_0(%a: memref<?xf32>) kernel {
      gpu.return
    }
  }
}

// -----

// Functions of no kernel and no entry stay.
// CHECK-LABEL: @other
// CHECK: memref.load
func.func @other(%a: memref<f32>) -> f32 {
  %v = memref.load %a[] : memref<f32>
  return %v : f32
}

// -----

// A tensor map is written to the first slots of the launch: two sizes and two of
// the box; 10 is TensorProto's FLOAT16.
// CHECK-LABEL: @tegula_kernel_mapped_body
// CHECK-DAG: %[[DIMS:.+]] = llvm.alloca %c4{{.*}} x i64
// CHECK-DAG: %[[SLOTS:.+]] = llvm.alloca %c17{{.*}} x i64 {alignment = 64 : i64}
// CHECK: %[[MAP:.+]] = llvm.getelementptr %[[SLOTS]][0]
// CHECK: call @tegula_rt_gpu_tensor_map(%{{.+}}, %[[MAP]], %{{.+}}, %c0{{.*}}, %c2{{.*}}, %[[DIMS]])
// CHECK: llvm.getelementptr %[[SLOTS]][16]
// CHECK: call @tegula_rt_gpu_launch
// CHECK-NOT: nvgpu.tma.create.descriptor
!map = !nvgpu.tensormap.descriptor<tensor = memref<32x64xf16, 3>, swizzle = swizzle_128b, l2promo = l2promo_256b, oob = zero, interleave = none>
module attributes {gpu.container_module} {
  func.func private @tegula_kernel_mapped_body(%a: memref<96x80xf16>, %ctx: !llvm.ptr) -> i32 {
    %ok = arith.constant 0 : i32
    %c1 = arith.constant 1 : index
    %c32 = arith.constant 32 : index
    %c64 = arith.constant 64 : index
    %u = memref.cast %a : memref<96x80xf16> to memref<*xf16>
    %map = nvgpu.tma.create.descriptor %u box[%c32, %c64] : memref<*xf16> -> !map
    gpu.launch_func @m_gpu::@m_0 blocks in (%c1, %c1, %c1) threads in (%c1, %c1, %c1) args(%map : !map, %a : memref<96x80xf16>)
    return %ok : i32
  }
  gpu.module @m_gpu {
    gpu.func @m_0(%map: !map, %a: memref<96x80xf16>) kernel {
      gpu.return
    }
  }
}
