//===- Shapes.h - Extents of tensors, static or at run time -----*- C++ -*-===//
//
// Every extent is an OpFoldResult: an index attribute when it is known now, an
// index value otherwise. dimsOf follows values back to the tensor.empty that
// they were written into, so that two tensors of one computation have the same
// SSA extents and need no run-time comparison.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_GRAPH_ONNXTOGRAPH_SHAPES_H
#define TEGULA_LIB_GRAPH_ONNXTOGRAPH_SHAPES_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"

namespace tegula::graph {

using Dims = llvm::SmallVector<mlir::OpFoldResult>;

/// The extents of a ranked tensor.
Dims dimsOf(mlir::OpBuilder &b, mlir::Location loc, mlir::Value tensor);
mlir::OpFoldResult dimOf(mlir::OpBuilder &b, mlir::Location loc,
                         mlir::Value tensor, int64_t dim);

/// `dims` as a static shape with kDynamic where the extent is a value.
llvm::SmallVector<int64_t> staticShape(llvm::ArrayRef<mlir::OpFoldResult> dims);

/// An extent as an index value.
mlir::Value asValue(mlir::OpBuilder &b, mlir::Location loc,
                    mlir::OpFoldResult dim);

/// Folded arithmetic on extents.
mlir::OpFoldResult addDims(mlir::OpBuilder &b, mlir::Location loc,
                           mlir::OpFoldResult x, mlir::OpFoldResult y);
mlir::OpFoldResult subDims(mlir::OpBuilder &b, mlir::Location loc,
                           mlir::OpFoldResult x, mlir::OpFoldResult y);
mlir::OpFoldResult mulDims(mlir::OpBuilder &b, mlir::Location loc,
                           mlir::OpFoldResult x, mlir::OpFoldResult y);
mlir::OpFoldResult divDims(mlir::OpBuilder &b, mlir::Location loc,
                           mlir::OpFoldResult x, mlir::OpFoldResult y);
mlir::OpFoldResult productOf(mlir::OpBuilder &b, mlir::Location loc,
                             llvm::ArrayRef<mlir::OpFoldResult> dims);

/// Whether two extents are known to be equal now.
bool sameDim(mlir::OpFoldResult x, mlir::OpFoldResult y);

/// `axis` counted from the front, or nothing when it is outside of [-rank,
/// rank).
std::optional<int64_t> normalizedAxis(int64_t axis, int64_t rank);

/// The shape that NumPy's broadcasting gives to tensors of these extents. Emits
/// a graph.check where two run-time extents might not agree.
Dims broadcastDims(mlir::OpBuilder &b, mlir::Location loc,
                   llvm::ArrayRef<Dims> shapes);

/// An uninitialised tensor of these extents and (stored) element type.
mlir::Value emptyTensor(mlir::OpBuilder &b, mlir::Location loc,
                        llvm::ArrayRef<mlir::OpFoldResult> dims,
                        mlir::Type storage);

/// `tensor` with another shape of as many elements (no data moves).
mlir::Value reshapeTo(mlir::OpBuilder &b, mlir::Location loc,
                      mlir::Value tensor,
                      llvm::ArrayRef<mlir::OpFoldResult> dims);

/// Casts between static and dynamic extents where `tensor` has not `type`.
mlir::Value castTo(mlir::OpBuilder &b, mlir::Location loc, mlir::Value tensor,
                   mlir::Type type);

} // namespace tegula::graph

#endif // TEGULA_LIB_GRAPH_ONNXTOGRAPH_SHAPES_H
