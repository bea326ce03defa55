//===- SharedTile.h - Tiles of an operand in shared memory ------*- C++ -*-===//

#ifndef TEGULA_LIB_TILE_GRAPHTOGPU_SHAREDTILE_H
#define TEGULA_LIB_TILE_GRAPHTOGPU_SHAREDTILE_H

#include "MatmulBlock.h"

namespace tegula::tile {

/// A ring of `stages` tiles of one operand: rows of tile_k elements each, or
/// tile_k rows of the operand's rows (`isTransposed`). Rows are padded such
/// that what a warp reads at once lies in different banks.
class SharedTile {
public:
  SharedTile(MatmulBlock &block, const MatmulBlock::Side &side,
             mlir::Type element, int64_t stages, bool isTransposed);

  /// Indices of an element of a stage's tile.
  llvm::SmallVector<mlir::Value> at(mlir::Value stage, mlir::Value row,
                                    mlir::Value k) const {
    return isTransposed ? llvm::SmallVector<mlir::Value>{stage, k, row}
                        : llvm::SmallVector<mlir::Value>{stage, row, k};
  }

  /// `count` (2 or 4) registers of the warp's fragments from `row` and `k` on,
  /// as TensorCore.h says: 8 rows and half of an instruction's depth each, rows
  /// first for the left operand, k first for the right one.
  llvm::SmallVector<mlir::Value> readMatrices(mlir::Value stage,
                                              mlir::Value row, int64_t k,
                                              int64_t count) const;

  MatmulBlock &block;
  const MatmulBlock::Side &side;
  mlir::Value memory;
  bool isTransposed;

private:
  mlir::Value readElement(mlir::Value stage, mlir::Value row, int64_t k,
                          int64_t matrix) const;

  int64_t bits;
  mlir::Value lane;
};

} // namespace tegula::tile

#endif // TEGULA_LIB_TILE_GRAPHTOGPU_SHAREDTILE_H
