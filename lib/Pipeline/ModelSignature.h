//===- ModelSignature.h - The signature of an imported model ----*- C++ -*-===//

#ifndef TEGULA_PIPELINE_MODELSIGNATURE_H
#define TEGULA_PIPELINE_MODELSIGNATURE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "tegula/Target/CPU/Signature.h"

namespace tegula::pipeline {

/// The inputs and outputs of `entry` as ONNX has them, read before element
/// types become what memory holds. Fails on a type that an artifact cannot
/// have.
llvm::FailureOr<target::ArtifactSignature>
modelSignature(mlir::func::FuncOp entry);

} // namespace tegula::pipeline

#endif // TEGULA_PIPELINE_MODELSIGNATURE_H
