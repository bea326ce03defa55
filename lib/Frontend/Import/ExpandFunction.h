//===- ExpandFunction.h - Operators as their function bodies ----*- C++ -*-===//
//
// Private to the Frontend.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_FRONTEND_IMPORT_EXPANDFUNCTION_H
#define TEGULA_LIB_FRONTEND_IMPORT_EXPANDFUNCTION_H

#include "mlir/IR/Operation.h"

namespace tegula::frontend {

/// Whether ONNX's schemas give `op` a body.
bool hasFunctionBody(mlir::Operation *op);

/// Builds the body of `op` in front of it and returns the values of its
/// results, null for those that are absent. Nothing is built when ONNX has no
/// body for these types and attributes; fails after a diagnostic when the body
/// cannot be imported.
llvm::FailureOr<llvm::SmallVector<mlir::Value>>
expandFunction(mlir::Operation *op);

} // namespace tegula::frontend

#endif // TEGULA_LIB_FRONTEND_IMPORT_EXPANDFUNCTION_H
