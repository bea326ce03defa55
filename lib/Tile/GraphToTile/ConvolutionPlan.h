//===- ConvolutionPlan.h - How one convolution is lowered -------*- C++ -*-===//

#ifndef TEGULA_LIB_TILE_GRAPHTOTILE_CONVOLUTIONPLAN_H
#define TEGULA_LIB_TILE_GRAPHTOTILE_CONVOLUTIONPLAN_H

#include "PackedSteps.h"

#include "tegula/Schedule/IR/Sched.h"
#include "tegula/Tile/GraphToTile/KernelFunction.h"
#include "tegula/Tile/GraphToTile/RegisterTile.h"

#include <string>

namespace tegula::tile {

/// One spatial dimension: output position o and tap t read the input at
/// `o * stride + t * dilation - padding`.
struct ConvolutionWindow {
  unsigned position = 0, tap = 0; ///< Loops.
  int64_t inputDim = 0;           ///< Dimension of the input.
  int64_t stride = 1, dilation = 1, padding = 0;
};

/// A convolution in canonical form: loops batch, depth (groups), filter f,
/// positions, channel c, taps; k = (c, taps..) folded.
struct ConvolutionPlan {
  sched::ConvolutionAttr schedule;
  MultiplyAdd mac;
  mlir::Value root;
  mlir::Value inputMemory;  ///< Dense row-major buffer behind the padding.
  mlir::Value filter;       ///< Tensor, when it is not packed.
  mlir::Value packedFilter; ///< [.., f / mr, c, taps.., mr], or null.
  std::optional<PackedSteps> steps; ///< The filter as steps of quads of bytes.
  mlir::Value initial;
  mlir::AffineMap inputMap, filterMap, resultMap;
  std::optional<unsigned> batch, depth;
  unsigned outputChannel = 0, inputChannel = 0;
  llvm::SmallVector<ConvolutionWindow> windows;
  llvm::SmallVector<llvm::SmallVector<int64_t>> outputDims;
  bool revisitsOutput = false;

  /// Does every pixel of the result read the input's pixel of the same number?
  bool isPointwise() const;

  /// Reads the function, all but the filter; fails with a reason when no
  /// lowering of convolutions covers it. `emitter` gets the inputs bound.
  static mlir::FailureOr<ConvolutionPlan> make(const KernelFunction &kernel,
                                               bool fusedMultiplyAdd,
                                               ElementwiseEmitter &emitter,
                                               std::string &reason);
  /// A point of the result; `pixel` counts through the positions.
  llvm::SmallVector<Coord> resultAt(mlir::Value image, mlir::Value group,
                                    Coord filter, Coord pixel) const;
  /// Where the input of an image and group starts, in elements.
  mlir::Value inputOffset(const IndexBuilder &index, mlir::Value image,
                          mlir::Value group) const;
  /// Takes the filter packed in tiles of `tile` filters, and no other.
  llvm::LogicalResult setPackedFilter(const KernelFunction &kernel,
                                      int64_t tile, std::string &reason);
  /// Takes `schedule`, and the filter as that wants it.
  llvm::LogicalResult setSchedule(const KernelFunction &kernel,
                                  sched::ConvolutionAttr wanted,
                                  std::string &reason);
};

} // namespace tegula::tile

#endif // TEGULA_LIB_TILE_GRAPHTOTILE_CONVOLUTIONPLAN_H
