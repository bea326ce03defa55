//===- PackedCodes.h - Vectors of decoded weights ---------------*- C++ -*-===//

#ifndef TEGULA_LIB_TILE_GRAPHTOTILE_PACKEDCODES_H
#define TEGULA_LIB_TILE_GRAPHTOTILE_PACKEDCODES_H

#include "tegula/LowPrecision/IR/LowPrecision.h"
#include "tegula/Tile/GraphToTile/IndexBuilder.h"
#include "tegula/Tile/GraphToTile/KernelFunction.h"

#include <string>

namespace tegula::tile {

/// The columns of a product, lp.dequantize of packed codes, read as vectors of
/// `lanes` columns at one k.
class PackedCodes {
public:
  /// Fails with a reason unless the codes lie such that neighbouring columns
  /// are neighbouring containers, and the scales lie by panels of columns.
  static mlir::FailureOr<PackedCodes> read(const KernelFunction &kernel,
                                           lp::DequantizeOp op, int64_t columns,
                                           int64_t lanes, std::string &reason);

  /// Positions of k in one tile: what one trip of the loop over k covers.
  int64_t tilePositions() const { return op.getLayout().getK(); }

  /// The columns [vector * lanes, ..) of panel `panel` at k = `start` + `step`;
  /// `start` is a multiple of tilePositions(), `step` less than that.
  mlir::Value load(const IndexBuilder &at, mlir::Value panel, int64_t vector,
                   mlir::Value start, int64_t step) const;

private:
  mlir::Value loadCodes(const IndexBuilder &at, mlir::Value panel,
                        int64_t vector, mlir::Value start, int64_t step) const;

  mutable lp::DequantizeOp op;
  mlir::Value codes; ///< memref<bytes x i8>
  mlir::Value scales,
      zeros; ///< memref<panels x groups x columns>; may be null.
  int64_t lanes = 1;
};

} // namespace tegula::tile

#endif // TEGULA_LIB_TILE_GRAPHTOTILE_PACKEDCODES_H
