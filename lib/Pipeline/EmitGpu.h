//===- EmitGpu.h - Kernels of a model to device code ------------*- C++ -*-===//

#ifndef TEGULA_PIPELINE_EMITGPU_H
#define TEGULA_PIPELINE_EMITGPU_H

#include "mlir/IR/BuiltinOps.h"
#include "tegula/Pipeline/Compile.h"
#include "tegula/Target/GPU/Program.h"

namespace tegula::pipeline {

/// The device code of a model.
struct GpuParts {
  machine::Gpu gpu;
  std::vector<target::GpuKernelRecord> kernels;
  std::string image; ///< A cubin or PTX.
  bool isPtx = true;
};

/// Moves the gpu.modules of `module` and its nested modules out, and compiles
/// them to `parts.image` for `parts.gpu`.
llvm::Error compileKernels(mlir::ModuleOp module, const CompileOptions &options,
                           GpuParts &parts);

} // namespace tegula::pipeline

#endif // TEGULA_PIPELINE_EMITGPU_H
