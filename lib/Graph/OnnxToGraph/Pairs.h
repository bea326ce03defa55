//===- Pairs.h - Quantised tensors as pairs of 16-bit integers --*- C++ -*-===//

#ifndef TEGULA_LIB_GRAPH_ONNXTOGRAPH_PAIRS_H
#define TEGULA_LIB_GRAPH_ONNXTOGRAPH_PAIRS_H

#include "Products.h"

namespace tegula::graph {

/// 8-bit integers of the onnx type `element` and their zero points, which
/// broadcast against them (null: 0).
struct QuantisedTensor {
  mlir::Value value, zero;
  mlir::Type element;
};

/// Values less their zero points, two neighbours along `dim` in one i32, the
/// first in the low half; an odd extent is filled up with 0. The extent along
/// `dim` must be static and the zero points equal along it. Constants become
/// constants.
mlir::Value pairsAlong(mlir::OpBuilder &b, mlir::Location loc,
                       const QuantisedTensor &tensor, int64_t dim);

/// The one zero point of all elements, if it is known.
std::optional<int64_t> commonZero(const QuantisedTensor &tensor);

/// As contract (Structured.h), with lp.dot of pairs as terms.
mlir::Value contractPairs(mlir::OpBuilder &b, mlir::Location loc,
                          mlir::Value lhs, mlir::Value rhs, mlir::Value initial,
                          llvm::ArrayRef<mlir::AffineMap> maps);
/// The same with lp.dot_bytes of quads: unsigned bytes times signed ones.
mlir::Value contractQuads(mlir::OpBuilder &b, mlir::Location loc,
                          mlir::Value lhs, mlir::Value rhs, mlir::Value initial,
                          llvm::ArrayRef<mlir::AffineMap> maps);

/// What sums these terms.
inline decltype(&contract) sumOf(Terms terms) {
  switch (terms) {
  case Terms::Products:
    break;
  case Terms::Pairs:
    return contractPairs;
  case Terms::Quads:
    return contractQuads;
  }
  return contract;
}

} // namespace tegula::graph

#endif // TEGULA_LIB_GRAPH_ONNXTOGRAPH_PAIRS_H
