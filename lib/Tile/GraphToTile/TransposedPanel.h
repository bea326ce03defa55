//===- TransposedPanel.h - Packing columns that lie along k -----*- C++ -*-===//

#ifndef TEGULA_LIB_TILE_GRAPHTOTILE_TRANSPOSEDPANEL_H
#define TEGULA_LIB_TILE_GRAPHTOTILE_TRANSPOSEDPANEL_H

#include "tegula/Tile/GraphToTile/EmitElementwise.h"
#include "tegula/Tile/GraphToTile/IndexBuilder.h"

namespace tegula::tile {

/// Writes `columns` (a multiple of `vl`) columns to panel[k, first ..] for all
/// k below `count`. `read(column, k)` makes the elements of one column from k
/// on: a vector where k has lanes, else a scalar. Squares of vl x vl are
/// transposed in registers.
void packTransposed(
    const IndexBuilder &index, int64_t vl, int64_t columns, mlir::Value count,
    mlir::Value panel, mlir::Value first,
    llvm::function_ref<mlir::Value(int64_t column, Coord k)> read);

} // namespace tegula::tile

#endif // TEGULA_LIB_TILE_GRAPHTOTILE_TRANSPOSEDPANEL_H
