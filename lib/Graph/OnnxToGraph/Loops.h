//===- Loops.h - Sequential loops over tensors ------------------*- C++ -*-===//
//
// For what no linalg op can say: elements that depend on earlier ones, or
// results whose extent follows from the data.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_GRAPH_ONNXTOGRAPH_LOOPS_H
#define TEGULA_LIB_GRAPH_ONNXTOGRAPH_LOOPS_H

#include "Shapes.h"

namespace tegula::graph {

/// One iteration: the indices and the carried values, which it returns anew.
using LoopBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(
    mlir::OpBuilder &, mlir::Location, mlir::ValueRange indices,
    mlir::ValueRange carried)>;

/// Runs `body` for all indices below `dims`, the last one fastest.
llvm::SmallVector<mlir::Value>
forEachIndex(mlir::OpBuilder &b, mlir::Location loc,
             llvm::ArrayRef<mlir::OpFoldResult> dims, mlir::ValueRange initial,
             LoopBody body);

/// `then` where `condition` holds, else the carried values as they are.
llvm::SmallVector<mlir::Value>
onlyIf(mlir::OpBuilder &b, mlir::Location loc, mlir::Value condition,
       mlir::ValueRange carried,
       llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::OpBuilder &,
                                                         mlir::Location)>
           then);

/// `all` with `part` written at `index` of dimension `axis`, in place, element
/// by element. `part` has the other dimensions of `all` in order.
mlir::Value writePart(mlir::OpBuilder &b, mlir::Location loc, mlir::Value part,
                      mlir::Value all, int64_t axis, mlir::Value index);

} // namespace tegula::graph

#endif // TEGULA_LIB_GRAPH_ONNXTOGRAPH_LOOPS_H
