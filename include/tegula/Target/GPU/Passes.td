//===- Passes.td - Passes of the GPU target ----------------*- tablegen -*-===//

#ifndef TEGULA_TARGET_GPU_PASSES
#define TEGULA_TARGET_GPU_PASSES

include "mlir/Pass/PassBase.td"

def LowerDevicePass : Pass<"tegula-target-lower-device", "::mlir::ModuleOp"> {
  let summary = "Turn the host's launches and memory accesses to runtime calls";
  let description = [{
    Expects functions with the runtime's calling convention
    (tegula-target-lower-entry, tegula-target-lower-kernel, both on-device).
    Every buffer is device memory: a load becomes a copy to the host that waits,
    a store one to the device, and kernels get the weights' device address.

    ```mlir
    %v = memref.load %count[] : memref<i64>
    // becomes
    func.call @tegula_rt_gpu_read(%ctx, %host, %address, %c8) : ..
    %v = llvm.load %host : !llvm.ptr -> i64
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::cf::ControlFlowDialect",
                           "::mlir::func::FuncDialect",
                           "::mlir::LLVM::LLVMDialect",
                           "::mlir::memref::MemRefDialect"];
}

def ConvertGpuKernelsPass
    : Pass<"tegula-target-convert-gpu-kernels", "::mlir::ModuleOp"> {
  let summary = "Convert the functions of GPU modules to the NVVM dialect";
  let description = [{
    Buffers become a pointer and their dynamic sizes; one `gpu.module` after the
    other is emptied into the module itself.

    ```mlir
    gpu.func @k(%a: memref<?xf32>) kernel { %t = gpu.thread_id x ... }
    // becomes
    llvm.func @k(%a: !llvm.ptr {llvm.noalias}, %size: i64) attributes {nvvm.kernel, ..}
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect",
                           "::mlir::NVVM::NVVMDialect",
                           "::mlir::func::FuncDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::affine::AffineDialect",
                           "::mlir::memref::MemRefDialect"];
}

#endif // TEGULA_TARGET_GPU_PASSES
