//===- GpuBlock.h - Work of a whole block of threads ------------*- C++ -*-===//

#ifndef TEGULA_LIB_TILE_GRAPHTOGPU_GPUBLOCK_H
#define TEGULA_LIB_TILE_GRAPHTOGPU_GPUBLOCK_H

#include "mlir/Dialect/SCF/IR/SCF.h"

namespace tegula::tile {

/// Threads of a warp.
constexpr int64_t kWarpThreads = 32;

/// The memory space of what the threads of a block share.
constexpr int64_t kSharedSpace = 3;

/// The attribute of a parallel loop with one block per iteration: its threads.
constexpr llvm::StringLiteral kThreadsAttrName = "tegula.threads";

/// Creates the parallel loop `(%block) in (count)`, one block of `threads` per
/// iteration, and leaves the builder inside.
mlir::Value beginBlocks(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value count, int64_t threads);

/// What kernels become that a lowering for blocks does not cover.
mlir::Attribute pointsFallback(mlir::MLIRContext *context);

/// Splits `linear` into one index per extent, the last one fastest. With 32
/// bits where the extents are known to be small enough: GPUs divide by
/// software.
llvm::SmallVector<mlir::Value> delinearize(mlir::OpBuilder &builder,
                                           mlir::Location loc,
                                           mlir::Value linear,
                                           llvm::ArrayRef<mlir::Value> extents);

} // namespace tegula::tile

#endif // TEGULA_LIB_TILE_GRAPHTOGPU_GPUBLOCK_H
