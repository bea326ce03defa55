//===- AsyncTiles.h - Tiles that the GPU copies by itself -------*- C++ -*-===//

#ifndef TEGULA_LIB_TILE_GRAPHTOGPU_ASYNCTILES_H
#define TEGULA_LIB_TILE_GRAPHTOGPU_ASYNCTILES_H

#include "SharedTile.h"

namespace tegula::tile {

/// Starts to copy the tile_k positions from `k` on into a stage, 16 bytes at a
/// time (cp.async), zeros where the operand ends. The copies belong to the next
/// group that is committed.
void copyTile(const SharedTile &tile, mlir::Value stage, mlir::Value k,
              int64_t threads);

} // namespace tegula::tile

#endif // TEGULA_LIB_TILE_GRAPHTOGPU_ASYNCTILES_H
