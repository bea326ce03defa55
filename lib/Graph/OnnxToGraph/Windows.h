//===- Windows.h - Sliding windows of convolutions and pooling --*- C++ -*-===//
//
// For each spatial dimension: extent `kernel`, `stride`, `dilation`, and how
// much is padded before and after. Example: an extent of 7 with kernel 3,
// stride 2, dilation 1, padding (1, 1) has (7 + 2 - 3) / 2 + 1 = 4 positions.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_GRAPH_ONNXTOGRAPH_WINDOWS_H
#define TEGULA_LIB_GRAPH_ONNXTOGRAPH_WINDOWS_H

#include "Structured.h"

namespace tegula::graph {

struct Window {
  mlir::OpFoldResult kernel;
  int64_t stride = 1, dilation = 1;
  mlir::OpFoldResult before, after;
};

/// Attributes that all windowed operators share.
struct WindowAttributes {
  llvm::StringRef autoPad;
  llvm::ArrayRef<int64_t> strides, dilations, pads;
  bool ceilMode = false;
};

/// One window for each spatial dimension of `input` ([N, C, spatial...]), with
/// automatic padding resolved; an error text for attributes of wrong length or
/// range.
llvm::Expected<llvm::SmallVector<Window>>
windowsOf(mlir::OpBuilder &b, mlir::Location loc, mlir::Value input,
          llvm::ArrayRef<mlir::OpFoldResult> kernel,
          const WindowAttributes &attributes);

/// Number of positions of each window over `input`. In ceil mode a last,
/// partial window counts when it starts inside the input or its padding before,
/// and the padding after grows to hold it.
Dims positionsOf(mlir::OpBuilder &b, mlir::Location loc, mlir::Value input,
                 llvm::MutableArrayRef<Window> windows, bool ceilMode);

/// `input` padded for its windows with `value` (stored).
mlir::Value padded(mlir::OpBuilder &b, mlir::Location loc, mlir::Value input,
                   llvm::ArrayRef<Window> windows, mlir::Value value);

/// Combines the stored elements of every window of `x` ([N, C, spatial...],
/// padded) with a running value that begins as `initial`: `body(element,
/// running)`. `positions`: see positionsOf.
mlir::Value pooled(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                   llvm::ArrayRef<Window> windows,
                   llvm::ArrayRef<mlir::OpFoldResult> positions,
                   mlir::Value initial, ScalarBody body);

/// Index expression of dim `position` strided over and dim `tap` dilated.
mlir::AffineExpr windowExpr(mlir::OpBuilder &b, const Window &window,
                            unsigned position, unsigned tap);

/// The attributes of a windowed operator without pooling's.
template <typename Op>
WindowAttributes windowAttributesOf(Op op) {
  WindowAttributes attributes;
  attributes.autoPad = op.getAutoPad();
  if (auto strides = op.getStrides())
    attributes.strides = *strides;
  if (auto dilations = op.getDilations())
    attributes.dilations = *dilations;
  if (auto pads = op.getPads())
    attributes.pads = *pads;
  return attributes;
}

/// The attributes of a pooling operator.
template <typename Op>
WindowAttributes attributesOf(Op op) {
  WindowAttributes attributes = windowAttributesOf(op);
  attributes.ceilMode = op.getCeilMode() != 0;
  return attributes;
}

inline Dims kernelDims(mlir::OpBuilder &b, llvm::ArrayRef<int64_t> kernel) {
  Dims dims;
  for (int64_t extent : kernel)
    dims.push_back(b.getIndexAttr(extent));
  return dims;
}

} // namespace tegula::graph

#endif // TEGULA_LIB_GRAPH_ONNXTOGRAPH_WINDOWS_H
