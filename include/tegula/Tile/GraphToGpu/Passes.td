//===- Passes.td - From kernel functions to GPU kernels ----*- tablegen -*-===//

#ifndef TEGULA_TILE_GRAPHTOGPU_PASSES
#define TEGULA_TILE_GRAPHTOGPU_PASSES

include "mlir/Pass/PassBase.td"

def LowerGpuLoopsPass
    : Pass<"tegula-tile-lower-gpu-loops", "::mlir::func::FuncOp"> {
  let summary = "Lower a kernel function to one parallel loop per operation";
  let description = [{
    The fallback for GPUs. The body is bufferized; each linalg operation of its
    top level becomes one `scf.forall` over all its parallel iterations, with
    the reductions as loops inside, in order. Operations in loops become loops.

    ```mlir
    linalg.generic {iterator_types = ["parallel", "reduction"]} ...
    // becomes
    scf.forall (%i) in (%n) { scf.for %k = %c0 to %m step %c1 { .. } }
    ```
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect",
                           "::mlir::bufferization::BufferizationDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect"];
}

def LowerGpuMatmulPass
    : Pass<"tegula-tile-lower-gpu-matmul", "::mlir::func::FuncOp"> {
  let summary = "Lower kernels with `#sched.gpu_matmul` to tensor-core tiles";
  let description = [{
    One block per tile of the result: both operands go through shared memory in
    steps of k, the next steps' elements are loaded (or copied asynchronously)
    while one is multiplied, and what is fused behind the product is applied to
    the accumulators. With `copy = "tma"` one warp of the block copies and
    warpgroups multiply; the maps of the operands are made by the host. Operands
    may be anything that is elementwise in memory: windows and padding of a
    convolution are computed as the elements are loaded. Kernels that do not
    fit get `#sched.gpu_points` and a remark.

    ```mlir
    linalg.matmul ... ; linalg.generic (bias, relu) ...
    // becomes
    scf.forall (%block) in (%n) {
      %a = memref.alloc() : memref<2x128x20xf32, 3>
      scf.for .. { memref.store .., %a; gpu.barrier; nvvm.mma.sync .. }
      .. bias, relu .. ; memref.store
    } {mapping = [#gpu.block<x>], tegula.threads = 256}
    ```
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::gpu::GPUDialect",
                           "::mlir::LLVM::LLVMDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::nvgpu::NVGPUDialect",
                           "::mlir::NVVM::NVVMDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect",
                           "::tegula::sched::SchedDialect"];
}

def LowerGpuPointsPass
    : Pass<"tegula-tile-lower-gpu-points", "::mlir::func::FuncOp"> {
  let summary = "Lower kernels with `#sched.gpu_points` to one parallel loop";
  let description = [{
    One iteration per element of the result: the reduction, if there is one, as
    loops inside, in order; then everything that is fused behind it. Other
    kernels that do not fit get `#sched.loops` and a remark.

    ```mlir
    linalg.pooling_nhwc_max ...; linalg.generic (relu) ...
    // becomes
    scf.forall (%i) in (%n) {
      %max = scf.for .. iter_args(..) { .. }
      .. relu .. ; memref.store
    }
    ```
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect",
                           "::tegula::sched::SchedDialect"];
}

def LowerGpuRowsPass
    : Pass<"tegula-tile-lower-gpu-rows", "::mlir::func::FuncOp"> {
  let summary = "Lower kernels with `#sched.gpu_rows` to one block per row";
  let description = [{
    The threads of a block go through a row together, once per reduction and
    once per output; what they have found is combined by a butterfly of shuffles
    in each warp and through shared memory over the warps. Every thread then
    knows the reduction's value. Kernels that do not fit get `#sched.gpu_points`
    and a remark.

    ```mlir
    linalg.reduce (max) ...; linalg.generic (exp) ...; linalg.reduce (sum) ...
    // becomes
    scf.forall (%row) in (%n) {
      %max = scf.for .. { .. }; gpu.shuffle xor ..; gpu.barrier; ..
    } {mapping = [#gpu.block<x>], tegula.threads = 128}
    ```
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::gpu::GPUDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect",
                           "::tegula::sched::SchedDialect"];
}

def OutlineGpuKernelsPass
    : Pass<"tegula-tile-outline-gpu-kernels", "::mlir::ModuleOp"> {
  let summary = "Split a kernel function into GPU kernels and their launches";
  let description = [{
    Every `scf.forall` of the top level becomes a GPU kernel with one iteration
    a thread (in steps of the grid); other work in between, one of one thread.
    The function becomes a line of launches. Temporaries of static size become
    views of one scratch argument (`tegula.scratch`).

    ```mlir
    func.func @k(%a: memref<8xf32>) { scf.forall (%i) in (8) { .. } }
    // becomes
    func.func @k(%a: memref<8xf32>) {
      gpu.launch_func @k_gpu::@k_0 blocks in (%c1, %c1, %c1)
          threads in (%c256, %c1, %c1) args(%a : memref<8xf32>)
      return
    }
    gpu.module @k_gpu { gpu.func @k_0(%a: memref<8xf32>) kernel { .. } }
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::gpu::GPUDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect"];
}

#endif // TEGULA_TILE_GRAPHTOGPU_PASSES
