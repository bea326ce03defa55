//===- Allocations.h - Whose memory a buffer shows --------------*- C++ -*-===//

#ifndef TEGULA_TILE_TRANSFORMS_ALLOCATIONS_H
#define TEGULA_TILE_TRANSFORMS_ALLOCATIONS_H

#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace tegula::tile {

/// The allocation that `value` shows all of, in the same order; null if there
/// is none.
mlir::memref::AllocOp allocationBehind(mlir::Value value);

} // namespace tegula::tile

#endif // TEGULA_TILE_TRANSFORMS_ALLOCATIONS_H
