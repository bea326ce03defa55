//===- EmitArtifact.h - Code, weights and manifest to a file ----*- C++ -*-===//

#ifndef TEGULA_PIPELINE_EMITARTIFACT_H
#define TEGULA_PIPELINE_EMITARTIFACT_H

#include "EmitGpu.h"
#include "mlir/IR/BuiltinOps.h"
#include "tegula/Machine/Machine.h"
#include "tegula/Pipeline/Compile.h"
#include "tegula/Target/CPU/Signature.h"
#include "tegula/Tile/Transforms/Weights.h"
#include "llvm/Support/Error.h"

namespace tegula::pipeline {

/// Everything that goes into the file besides the options.
struct ArtifactParts {
  /// Nested modules in the LLVM dialect, each a unit of compilation.
  mlir::ModuleOp code;
  const tile::WeightBlob &weights;
  const target::ArtifactSignature &signature;
  const machine::Machine &machine;
  /// Null unless the kernels run on a GPU.
  const GpuParts *gpu = nullptr;
};

/// Writes what `options.emit` asks for to `output`. Libraries get a C header
/// beside them.
llvm::Error emitArtifact(const ArtifactParts &parts,
                         const CompileOptions &options, llvm::StringRef output);

} // namespace tegula::pipeline

#endif // TEGULA_PIPELINE_EMITARTIFACT_H
