//===- Axes.h - Axes that are known at run time only ------------*- C++ -*-===//
//
// A set of dimensions as one i1 each. Ranks are always known, so that shapes
// follow by scalar arithmetic.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_GRAPH_ONNXTOGRAPH_AXES_H
#define TEGULA_LIB_GRAPH_ONNXTOGRAPH_AXES_H

#include "Structured.h"

namespace tegula::graph {

/// For each of `rank` dimensions whether the vector of integers `axes` names
/// it. The run fails when an axis is out of range.
llvm::SmallVector<mlir::Value> axisMask(mlir::OpBuilder &b, mlir::Location loc,
                                        mlir::Value axes, int64_t rank);

/// The `count` extents of `dims` that `mask` does not name, in order. The run
/// fails when there are more or fewer.
Dims maskedOut(mlir::OpBuilder &b, mlir::Location loc,
               llvm::ArrayRef<mlir::OpFoldResult> dims,
               llvm::ArrayRef<mlir::Value> mask, int64_t count);

/// `dims` with ones put in at the places that `mask` names. The run fails when
/// there are more or fewer other places than `dims`.
Dims maskedIn(mlir::OpBuilder &b, mlir::Location loc,
              llvm::ArrayRef<mlir::OpFoldResult> dims,
              llvm::ArrayRef<mlir::Value> mask);

/// The vector `tensor` as one of static length `count`; the run fails when it
/// has another.
mlir::Value withLength(mlir::OpBuilder &b, mlir::Location loc,
                       mlir::Value tensor, int64_t count,
                       llvm::StringRef message);

} // namespace tegula::graph

#endif // TEGULA_LIB_GRAPH_ONNXTOGRAPH_AXES_H
