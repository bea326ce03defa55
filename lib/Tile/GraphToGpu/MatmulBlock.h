//===- MatmulBlock.h - One block's part of a product ------------*- C++ -*-===//

#ifndef TEGULA_LIB_TILE_GRAPHTOGPU_MATMULBLOCK_H
#define TEGULA_LIB_TILE_GRAPHTOGPU_MATMULBLOCK_H

#include "MatmulPlan.h"

#include "tegula/Tile/GraphToTile/IndexBuilder.h"

namespace tegula::tile {

/// The tile of the result that one block computes: where it lies in the
/// operands, and what becomes of its sums. How the sums are computed is left to
/// the lowerings.
class MatmulBlock {
public:
  /// The tile's rows (columns) and the operand that they come from.
  struct Side {
    const MatmulPlan::Operand *operand;
    int64_t tile;                           ///< tile_m (tile_n).
    mlir::Value first;                      ///< m (n) where the tile starts.
    mlir::Value extent;                     ///< M (N).
    llvm::SmallVector<mlir::Value> extents; ///< Of the operand's loops.
  };

  /// Opens the loop over all blocks, `threads` each; new code goes inside.
  MatmulBlock(KernelFunction &kernel, MatmulPlan &plan,
              ElementwiseEmitter &emitter, int64_t threads);

  /// The point of a side's operand at row `row` (not of the tile) and `k`.
  llvm::SmallVector<Coord> pointOf(const Side &side, mlir::Value row,
                                   mlir::Value k);

  /// What is fused behind the product, then the stores, for the sums that a
  /// thread holds: `fragmentsM` x `fragmentsN` fragments as TensorCore.h says,
  /// the first of which has its first element at (`row`, `column`) of the tile.
  void emitResults(mlir::Value row, mlir::Value column, int64_t fragmentsM,
                   int64_t fragmentsN,
                   llvm::ArrayRef<mlir::Value> accumulators);

  /// Where the block stands in a batch loop.
  mlir::Value batchIndex(unsigned loop) const;

  /// `value` modulo `by`.
  mlir::Value remainder(mlir::Value value, int64_t by) {
    return builder.createOrFold<mlir::arith::RemUIOp>(loc, value,
                                                      index.constant(by));
  }

  KernelFunction &kernel;
  MatmulPlan &plan;
  ElementwiseEmitter &emitter;
  mlir::OpBuilder builder;
  mlir::Location loc;
  IndexBuilder index;
  Side rows, columns;
  mlir::Value extentK;
  mlir::Value thread;

private:
  /// A row (column) of the tile.
  struct Position {
    mlir::Value inside; ///< It is one of the result.
    llvm::SmallVector<mlir::Value> indices;
  };

  Position positionAt(const Side &side, mlir::Value inTile);
  mlir::Value extentOf(unsigned loop);
  mlir::Value productOf(llvm::ArrayRef<unsigned> loops,
                        llvm::SmallVectorImpl<mlir::Value> &extents);
  void prepareSide(Side &side, const MatmulPlan::Operand &operand,
                   int64_t tile);
  void emitInside(const Position &row, const Position &column,
                  mlir::Value accumulator);

  llvm::SmallVector<mlir::Value> batchExtents, batchIndices, kExtents;
};

} // namespace tegula::tile

#endif // TEGULA_LIB_TILE_GRAPHTOGPU_MATMULBLOCK_H
