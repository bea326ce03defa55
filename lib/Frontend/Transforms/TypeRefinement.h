//===- TypeRefinement.h - More precise types of onnx values -----*- C++ -*-===//
//
// Private to lib/Frontend/Transforms.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_FRONTEND_TRANSFORMS_TYPEREFINEMENT_H
#define TEGULA_LIB_FRONTEND_TRANSFORMS_TYPEREFINEMENT_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace tegula::frontend {

/// What holds for values that are of both types: the more precise extents.
mlir::Type refined(mlir::Type known, mlir::Type inferred);

/// Infers the types of the results of `op`, of its regions first. Fails after
/// a diagnostic when ONNX finds the operation ill-formed; with `mayFail` the
/// types stay as they are then: a branch that never runs may be ill-formed,
/// such as a Squeeze of an axis that is not 1. What ONNX found then is `why`.
mlir::LogicalResult refineTypes(mlir::Operation *op, bool mayFail = false,
                                std::string *why = nullptr);

/// `refineTypes` on every operation of a region, in order.
mlir::LogicalResult refineRegion(mlir::Region &region, bool mayFail = false);

/// Makes the result types of a function those of what it returns.
void updateSignature(mlir::func::FuncOp function);

} // namespace tegula::frontend

#endif // TEGULA_LIB_FRONTEND_TRANSFORMS_TYPEREFINEMENT_H
