//===- PackedSteps.h - Weights of byte products in steps --------*- C++ -*-===//

#ifndef TEGULA_LIB_TILE_GRAPHTOTILE_PACKEDSTEPS_H
#define TEGULA_LIB_TILE_GRAPHTOTILE_PACKEDSTEPS_H

#include "tegula/LowPrecision/IR/LowPrecision.h"
#include "tegula/Tile/GraphToTile/IndexBuilder.h"
#include "tegula/Tile/GraphToTile/KernelFunction.h"

#include <string>

namespace tegula::tile {

/// The weights of a product, lp.sum_steps of buffers. The loop over k runs
/// through the steps of a panel and block.
class PackedSteps {
public:
  /// Fails with a reason unless panels are of `columns` and blocks of `block`
  /// positions.
  static mlir::FailureOr<PackedSteps> read(const KernelFunction &kernel,
                                           lp::SumStepsOp op, int64_t columns,
                                           int64_t block, std::string &reason);

  /// The first step, and how many there are, of panel `panel` in the block that
  /// starts at position `start`.
  std::pair<mlir::Value, mlir::Value>
  range(const IndexBuilder &at, mlir::Value panel, mlir::Value start) const;

  /// The position of k that a step belongs to.
  mlir::Value position(const IndexBuilder &at, mlir::Value step) const {
    return at.load(positions, step);
  }

  mlir::Value quads; ///< memref<steps x columns x i32>

private:
  int64_t block = 1, blocks = 1;
  mlir::Value positions, starts; ///< Buffers of i32.
};

} // namespace tegula::tile

#endif // TEGULA_LIB_TILE_GRAPHTOTILE_PACKEDSTEPS_H
