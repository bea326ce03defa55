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
