//===- Quads.h - Quantised matrices as quads of bytes -----------*- C++ -*-===//

#ifndef TEGULA_LIB_GRAPH_ONNXTOGRAPH_QUADS_H
#define TEGULA_LIB_GRAPH_ONNXTOGRAPH_QUADS_H

#include "Pairs.h"
#include "tegula/Graph/OnnxToGraph/ConvertOptions.h"

namespace tegula::graph {

/// Weights of a product as constants.
struct QuadWeights {
  mlir::Value quads; ///< Four signed bytes along k in one i32, zero points off.
  mlir::Value sums;  ///< [n]: the sums over all of k, for each n.
};

/// Dimension `k` of the weights is that of the quads; of the two first
/// dimensions the other one is n, and all but n are summed. Fails for what is
/// not constant, or not signed bytes less one zero point, for a `k` that is no
/// multiple of 4, and, unless `options` says that sums of products are exact,
/// for weights so large that many products of two need more than 16 bits: pairs
/// are faster then.
mlir::FailureOr<QuadWeights> quadWeights(mlir::OpBuilder &b, mlir::Location loc,
                                         const QuantisedTensor &weights,
                                         int64_t k,
                                         const ConvertOptions &options);

/// The bytes of `tensor` as unsigned ones, four neighbours along `dim` in one
/// i32: signed ones plus 128. Zero points stay on.
mlir::Value quadsAlong(mlir::OpBuilder &b, mlir::Location loc,
                       const QuantisedTensor &tensor, int64_t dim);

/// `sum`, a product of what these two give, less the zero points of `lhs` (as
/// unsigned bytes) times `sums`.
mlir::Value withoutZeros(mlir::OpBuilder &b, mlir::Location loc,
                         mlir::Value sum, const QuantisedTensor &lhs,
                         mlir::Value sums);

} // namespace tegula::graph

#endif // TEGULA_LIB_GRAPH_ONNXTOGRAPH_QUADS_H
