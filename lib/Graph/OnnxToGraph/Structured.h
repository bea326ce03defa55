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

/// `tensor` repeated along its dimensions of extent 1, and leading ones, so
/// that it has the extents `dims`, to which it must be broadcastable.
mlir::Value broadcastTo(mlir::OpBuilder &b, mlir::Location loc,
                        mlir::Value tensor,
                        llvm::ArrayRef<mlir::OpFoldResult> dims);

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

/// An operand of a loop nest whose access is given: its dimensions are the loop
/// dimensions `dims`, in this order.
struct MappedTensor {
  mlir::Value value;
  mlir::Type element;
  llvm::SmallVector<int64_t> dims;
};

/// Elementwise over the extents `dims` with operands that each have some of the
/// dimensions only, such as the statistics of a normalisation. Scalars are in
/// compute types; the result is an element of the onnx type `element`.
mlir::Value mapped(mlir::OpBuilder &b, mlir::Location loc,
                   llvm::ArrayRef<mlir::OpFoldResult> dims,
                   llvm::ArrayRef<MappedTensor> inputs, mlir::Type element,
                   ScalarBody body);

/// The sum over products of elements of `lhs` and `rhs`, as linalg.generic with
/// the given maps; loops that no result map names are reductions. Elements are
/// widened to the type of `initial`, which is what the result holds.
mlir::Value contract(mlir::OpBuilder &b, mlir::Location loc, mlir::Value lhs,
                     mlir::Value rhs, mlir::Value initial,
                     llvm::ArrayRef<mlir::AffineMap> maps);

/// The type that sums of products of the onnx type `element` are kept in.
mlir::Type accumulatorType(mlir::Type element);

/// 0, 1, ..., n - 1.
llvm::SmallVector<int64_t> allDims(int64_t n);

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
llvm::SmallVector<mlir::Value>
elementsOf(mlir::OpBuilder &b, mlir::Location loc, mlir::Value tensor);

/// The bytes of the constant `value`; of one element if all are equal. Empty if
/// it is no constant.
llvm::ArrayRef<char> constantBytes(mlir::Value value);

} // namespace tegula::graph

#endif // TEGULA_LIB_GRAPH_ONNXTOGRAPH_STRUCTURED_H
