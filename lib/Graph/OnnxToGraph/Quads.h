//===- Quads.h - Quantised matrices as quads of bytes -----------*- C++ -*-===//

#ifndef TEGULA_LIB_GRAPH_ONNXTOGRAPH_QUADS_H
#define TEGULA_LIB_GRAPH_ONNXTOGRAPH_QUADS_H

#include "Pairs.h"

namespace tegula::graph {

/// Weights of a matrix product, [k, n], as constants.
struct QuadWeights {
  mlir::Value
      quads;        ///< [k / 4, n]: four signed bytes along k, zero points off.
  mlir::Value sums; ///< [n]: the sums of the columns.
};

/// Fails for what is no constant matrix with one zero point, or not signed
/// bytes less that, for a k that is no multiple of 4, and for weights so large
/// that many products of pairs need more than 16 bits: pairs are faster then.
mlir::FailureOr<QuadWeights> quadWeights(mlir::OpBuilder &b, mlir::Location loc,
                                         const QuantisedTensor &weights);

/// The bytes of `tensor` as unsigned ones, four neighbours along the last
/// dimension in one i32: signed ones plus 128. Zero points stay on.
mlir::Value quadsOfRows(mlir::OpBuilder &b, mlir::Location loc,
                        const QuantisedTensor &tensor);

/// `sum`, a product of what these two give, less the zero points of `lhs` (as
/// unsigned bytes) times `columnSums`.
mlir::Value withoutZeros(mlir::OpBuilder &b, mlir::Location loc,
                         mlir::Value sum, const QuantisedTensor &lhs,
                         mlir::Value columnSums);

} // namespace tegula::graph

#endif // TEGULA_LIB_GRAPH_ONNXTOGRAPH_QUADS_H
