//===- PlaneWindow.h - Windows over the last two dimensions -----*- C++ -*-===//
//
// A depthwise convolution or a pooling whose window moves over planes: each
// result is made of `taps` x `taps` elements of one plane (image and channel),
// `dilation` apart, from its row and column times `stride` less `padding` on.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_SCHEDULE_IR_PLANEWINDOW_H
#define TEGULA_SCHEDULE_IR_PLANEWINDOW_H

#include "tegula/Schedule/IR/KernelBody.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace tegula::sched {

/// One of the two dimensions. All sizes are known.
struct WindowAxis {
  int64_t input = 0, output = 0; ///< Extents.
  int64_t stride = 1, padding = 0;
  int64_t taps = 1, dilation = 1;
  unsigned loop = 0;               ///< Counts results.
  std::optional<unsigned> tapLoop; ///< Counts taps; none: one tap.

  int64_t reach() const { return (taps - 1) * dilation; }
  /// Elements of the padded input that results depend on.
  int64_t read() const { return (output - 1) * stride + reach() + 1; }
};

struct PlaneWindow {
  WindowAxis y, x;
  mlir::Value input;       ///< Without padding.
  mlir::tensor::PadOp pad; ///< Of it; or null.
};

/// Reads `op`, whose result's dimensions must be its parallel loops. Nothing
/// unless the last two dimensions of the input and of the result belong
/// together, no other is padded or moves with the window, and the other
/// operands have one value for all points of a plane.
std::optional<PlaneWindow> matchPlaneWindow(mlir::linalg::LinalgOp op);

} // namespace tegula::sched

#endif // TEGULA_SCHEDULE_IR_PLANEWINDOW_H
