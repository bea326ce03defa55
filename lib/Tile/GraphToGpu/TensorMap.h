//===- TensorMap.h - Operands that the GPU copies by the tile ---*- C++ -*-===//

#ifndef TEGULA_LIB_TILE_GRAPHTOGPU_TENSORMAP_H
#define TEGULA_LIB_TILE_GRAPHTOGPU_TENSORMAP_H

#include "MatmulBlock.h"

namespace tegula::tile {

/// Elements of a row of a box: 128 bytes, the span of the swizzle.
constexpr int64_t kBoxRow = 64;
constexpr int64_t kBoxRowBytes = 128;

/// Creates the tensor map of `operand` in the host's part of the kernel
/// function, to copy boxes of kBoxRow elements of k and `tile` of m (n); of
/// kBoxRow of them if they lie next to each other in memory.
mlir::Value createTensorMap(KernelFunction &kernel,
                            const MatmulPlan::Operand &operand, int64_t tile);

/// Starts to copy the tile of a side at `k` to `target` in shared memory, as
/// boxes one behind the other; `barrier` counts the bytes. For one thread.
void copyBoxes(MatmulBlock &block, const MatmulBlock::Side &side,
               mlir::Value map, mlir::Value k, mlir::Value target,
               mlir::Value barrier);

/// `pointer` moved by `bytes`, in shared memory.
mlir::Value advance(MatmulBlock &block, mlir::Value pointer, mlir::Value bytes);

} // namespace tegula::tile

#endif // TEGULA_LIB_TILE_GRAPHTOGPU_TENSORMAP_H
