//===- ExportModel.h - The onnx dialect to ONNX files -----------*- C++ -*-===//

#ifndef TEGULA_FRONTEND_EXPORTMODEL_H
#define TEGULA_FRONTEND_EXPORTMODEL_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"

namespace tegula::frontend {

/// Writes the @main of a module in the onnx dialect as a model of the newest
/// operator set, weights included. Fails after a diagnostic when the module
/// holds operations of other dialects or more than protobuf's 2 GiB.
mlir::LogicalResult exportModel(mlir::ModuleOp module, llvm::raw_ostream &out);

} // namespace tegula::frontend

#endif // TEGULA_FRONTEND_EXPORTMODEL_H
