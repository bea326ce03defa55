//===- Passes.h - Passes that lower kernel functions ------------*- C++ -*-===//

#ifndef TEGULA_TILE_GRAPHTOTILE_PASSES_H
#define TEGULA_TILE_GRAPHTOTILE_PASSES_H

#include "mlir/Pass/Pass.h"
#include "tegula/LowPrecision/IR/LowPrecision.h"

namespace tegula::tile {

#define GEN_PASS_DECL
#include "tegula/Tile/GraphToTile/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "tegula/Tile/GraphToTile/Passes.h.inc"

} // namespace tegula::tile

#endif // TEGULA_TILE_GRAPHTOTILE_PASSES_H
