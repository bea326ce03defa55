//===- Indices.h - Integer tensors that are used as indices -----*- C++ -*-===//
//
// Shapes, axes, starts and gathered positions: integers of the model that
// address memory. They come from outside, so each use is both checked (the run
// fails with a message) and made safe (clamped into the tensor).
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_GRAPH_ONNXTOGRAPH_INDICES_H
#define TEGULA_LIB_GRAPH_ONNXTOGRAPH_INDICES_H

#include "Structured.h"

namespace tegula::graph {

/// The elements of a tensor of integers with static shape, as extents.
Dims indicesOf(mlir::OpBuilder &b, mlir::Location loc, mlir::Value tensor);

/// The elements of a small integer tensor when all are known now.
std::optional<llvm::SmallVector<int64_t>>
constantIndicesOf(mlir::OpBuilder &b, mlir::Location loc, mlir::Value tensor);

/// An integer scalar as index, and an index as integer of type `type`.
mlir::Value toIndex(mlir::OpBuilder &b, mlir::Location loc,
                    mlir::Value integer);
mlir::Value fromIndex(mlir::OpBuilder &b, mlir::Location loc,
                      mlir::OpFoldResult index, mlir::Type type);

/// A constant of type index.
mlir::Value indexConstant(mlir::OpBuilder &b, mlir::Location loc,
                          int64_t value);

/// Whether an index value is known not to be negative, as extents are.
bool isNonNegative(mlir::Value index);

/// Folded arithmetic on index values.
mlir::Value addIndex(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                     mlir::Value y);
mlir::Value subIndex(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                     mlir::Value y);
mlir::Value mulIndex(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                     mlir::Value y);
mlir::Value minIndex(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                     mlir::Value y);
mlir::Value maxIndex(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                     mlir::Value y);
mlir::Value compareIndex(mlir::OpBuilder &b, mlir::Location loc,
                         mlir::arith::CmpIPredicate predicate, mlir::Value x,
                         mlir::Value y);
mlir::Value selectOf(mlir::OpBuilder &b, mlir::Location loc,
                     mlir::Value condition, mlir::Value x, mlir::Value y);

/// `index` counted from the back when it is negative.
mlir::Value wrapNegative(mlir::OpBuilder &b, mlir::Location loc,
                         mlir::Value index, mlir::Value extent);

/// `index` brought into [low, high].
mlir::Value clampIndex(mlir::OpBuilder &b, mlir::Location loc,
                       mlir::Value index, mlir::Value low, mlir::Value high);

/// A stored integer as a position in [0, extent): negative ones count from the
/// back, others are clamped.
mlir::Value safePosition(mlir::OpBuilder &b, mlir::Location loc,
                         mlir::Value integer, mlir::Value extent);

/// Fails the run with `message` unless all elements of the integer tensor
/// `indices` lie in [-extent, extent). Emits nothing when that is known now.
void checkIndices(mlir::OpBuilder &b, mlir::Location loc, mlir::Value indices,
                  mlir::OpFoldResult extent, llvm::StringRef message);

/// Fails the run with `message` unless `condition`; nothing when it is true
/// now.
void checkThat(mlir::OpBuilder &b, mlir::Location loc, mlir::Value condition,
               llvm::StringRef message);

/// `dims` with the extents that `type` (of the model) knows as constants.
Dims refined(mlir::OpBuilder &b, llvm::ArrayRef<mlir::OpFoldResult> dims,
             mlir::Type type);

} // namespace tegula::graph

#endif // TEGULA_LIB_GRAPH_ONNXTOGRAPH_INDICES_H
