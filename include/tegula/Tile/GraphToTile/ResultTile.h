//===- ResultTile.h - What stands around a multiply-add loop ----*- C++ -*-===//
//
// A tile of the result is computed block by block of the summed loop. Its
// accumulators begin as the initial value of the result (first block) or as the
// partial sums that the block before left in the output, and end there again
// or, after the last block, in the epilogue: the elementwise operations that
// follow the sum, and the stores of all outputs.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_TILE_GRAPHTOTILE_RESULTTILE_H
#define TEGULA_TILE_GRAPHTOTILE_RESULTTILE_H

#include "tegula/Tile/GraphToTile/IndexBuilder.h"
#include "tegula/Tile/GraphToTile/KernelFunction.h"

namespace tegula::tile {

/// Vectors of the result `root`, row by row: `points[i]` is where vector `i`
/// lies, `masks[i % masks.size()]` which of its lanes exist (no masks: all).
struct ResultTile {
  const KernelFunction &kernel;
  ElementwiseEmitter &emitter;
  mlir::Value root;    ///< The sum, inside the body.
  mlir::Value initial; ///< What the sum begins with.
  /// See traceOutputs.
  llvm::ArrayRef<llvm::SmallVector<int64_t>> outputDims;
  mlir::VectorType type; ///< Of one accumulator.
  llvm::ArrayRef<llvm::SmallVector<Coord>> points;
  llvm::ArrayRef<mlir::Value> masks;

  /// The accumulators before a block; `first`: is it the first one?
  llvm::SmallVector<mlir::Value>
  begin(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value first) const;
  /// Stores them after a block; `last`: is it the last one?
  void end(mlir::OpBuilder &builder, IndexBuilder &index,
           mlir::ValueRange accumulators, mlir::Value last) const;

private:
  void beginPoint(size_t i) const {
    emitter.beginPoint(masks.empty() ? mlir::Value() : masks[i % masks.size()]);
  }
  llvm::SmallVector<mlir::Value> readInitial(mlir::OpBuilder &builder,
                                             mlir::Location loc) const;
  llvm::SmallVector<mlir::Value> readPartial(mlir::OpBuilder &builder,
                                             mlir::Location loc) const;
  void storeOutputs(mlir::OpBuilder &builder, mlir::Location loc,
                    mlir::ValueRange accumulators) const;
  void storePartial(mlir::OpBuilder &builder, mlir::Location loc,
                    mlir::ValueRange accumulators) const;
};

} // namespace tegula::tile

#endif // TEGULA_TILE_GRAPHTOTILE_RESULTTILE_H
