//===- Structured.h - Loop nests over tensors as linalg ops -----*- C++ -*-===//

#ifndef TEGULA_LIB_GRAPH_ONNXTOGRAPH_STRUCTURED_H
#define TEGULA_LIB_GRAPH_ONNXTOGRAPH_STRUCTURED_H

#include "ElementType.h"
#include "Shapes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace tegula::graph {

/// Computes one element from one of each input: scalars in, scalar out.
using ScalarBody = llvm::function_ref<mlir::Value(
    mlir::OpBuilder &, mlir::Location, mlir::ValueRange)>;

/// A tensor with the onnx element type it has in the model; the value itself
/// is stored as storageType(element).
struct TypedTensor {
  mlir::Value value;
  mlir::Type element;
};

/// `body` applied elementwise, inputs broadcast against each other as NumPy
/// does. Scalars of the body are in compute types; its result becomes an
/// element of the onnx type `element`. Small integer tensors, which mostly are
/// shapes, become scalar arithmetic instead of a loop.
mlir::Value elementwise(mlir::OpBuilder &b, mlir::Location loc,
                        llvm::ArrayRef<TypedTensor> inputs, mlir::Type element,
                        ScalarBody body);

/// Like elementwise, but on stored elements: no conversion of what is loaded
/// and what the body returns, which is of type `storage`.
mlir::Value elementwiseStored(mlir::OpBuilder &b, mlir::Location loc,
                              llvm::ArrayRef<mlir::Value> inputs,
                              mlir::Type storage, ScalarBody body);

/// A tensor of extents `dims` whose element at index (i, j, ...) `body`
/// computes from the indices, for data movement: stored elements of type
/// `storage`. The body may read tensors by tensor.extract.
mlir::Value generate(mlir::OpBuilder &b, mlir::Location loc,
                     llvm::ArrayRef<mlir::OpFoldResult> dims,
                     mlir::Type storage, ScalarBody body);

/// Combines all elements along `axes` (sorted, unique, in range). The running
/// value starts as `initial` of type `accumulator`; `body` gets the stored
/// element and the running value. The result has the other dimensions only.
mlir::Value reduce(mlir::OpBuilder &b, mlir::Location loc, mlir::Value input,
                   llvm::ArrayRef<int64_t> axes, mlir::Value initial,
                   ScalarBody body);

/// `tensor` filled with the scalar `value`.
mlir::Value filled(mlir::OpBuilder &b, mlir::Location loc,
                   llvm::ArrayRef<mlir::OpFoldResult> dims, mlir::Value value);

/// The dimensions of `tensor` in another order: result dim i is dim perm[i].
mlir::Value transposed(mlir::OpBuilder &b, mlir::Location loc,
                       mlir::Value tensor, llvm::ArrayRef<int64_t> perm);

/// Whether `type` is a static integer tensor so small that it is computed by
/// scalars (shapes and the like).
bool isScalarized(mlir::Type type);

/// All elements of a small static tensor in order, as stored scalars.
llvm::SmallVector<mlir::Value> elementsOf(mlir::OpBuilder &b,
                                          mlir::Location loc,
                                          mlir::Value tensor);

} // namespace tegula::graph

#endif // TEGULA_LIB_GRAPH_ONNXTOGRAPH_STRUCTURED_H
