//===- TransposedConvolution.h - One filter for each phase -----*- C++ -*-===//

#ifndef TEGULA_LIB_GRAPH_ONNXTOGRAPH_TRANSPOSEDCONVOLUTION_H
#define TEGULA_LIB_GRAPH_ONNXTOGRAPH_TRANSPOSEDCONVOLUTION_H

#include "mlir/IR/Builders.h"
#include "llvm/ADT/SmallVector.h"

namespace tegula::graph {

/// A spatial dimension of a transposed convolution. It makes
/// `(extent - 1) * stride + kernel - before - after` positions; either padding
/// may be negative.
struct TransposedWindow {
  int64_t kernel, stride, before, after;
};

/// The transposed convolution of `x` [N, C, ...] with constant `w` [C, F, ...]
/// and the optional `bias` [F], finished, of the onnx type `element`; null
/// where it is not covered (weights that are not known, padding beyond the
/// kernel).
///
/// Results whose position is equal modulo the strides form a phase: an ordinary
/// convolution of `x` with every stride-th tap. All phases are one convolution
/// with `F * strides` filters, whose results are then interleaved. No zeros are
/// multiplied.
mlir::Value convolveByPhases(mlir::OpBuilder &b, mlir::Location loc,
                             mlir::Value x, mlir::Value w, mlir::Value bias,
                             llvm::ArrayRef<TransposedWindow> windows,
                             mlir::Type element);

} // namespace tegula::graph

#endif // TEGULA_LIB_GRAPH_ONNXTOGRAPH_TRANSPOSEDCONVOLUTION_H
