//===- TransposedReads.h - Inputs across a kernel's lanes -------*- C++ -*-===//
//
// A point of an elementwise kernel has lanes along the last dimension of the
// result. An input that is contiguous along another dimension would be read one
// element after the other:
//
//   y[t, l .. l + 7] = x[l .. l + 7, t]
//
// Of a square of n x n elements, n vectors along t are read and transposed in
// registers instead; the n points t .. t + n - 1 then find their lanes there.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_TILE_GRAPHTOTILE_TRANSPOSEDREADS_H
#define TEGULA_LIB_TILE_GRAPHTOTILE_TRANSPOSEDREADS_H

#include "tegula/Tile/GraphToTile/EmitElementwise.h"
#include "tegula/Tile/GraphToTile/IndexBuilder.h"

#include <optional>

namespace tegula::tile {

/// The transposed square of `rows`, as many as they have lanes (a power of 2).
llvm::SmallVector<mlir::Value>
transposeSquare(mlir::OpBuilder &builder, mlir::Location loc,
                llvm::SmallVector<mlir::Value> rows);

/// The dimension of a result of `rank` along which some of its inputs is
/// contiguous that is read across the last one; nothing if there is none, or if
/// indices are computed with.
std::optional<int64_t> findTransposedDim(llvm::ArrayRef<TensorAccess> accesses,
                                         int64_t rank);

class TransposedReads {
public:
  /// Binds, in `emitter`, all of `inputs` that lie in memory.
  TransposedReads(ElementwiseEmitter &emitter, mlir::ValueRange inputs);

  /// Starts the square of `size` rows from `row` and lanes from `column` on;
  /// where `rows` or `columns` is given, only so many are inside.
  void beginSquare(int64_t size, mlir::Value row, mlir::Value rows,
                   mlir::Value column, mlir::Value columns);
  /// The next point is row number `number` of the square, at index `row`. The
  /// first one is to be emitted before all others, in a block that dominates
  /// theirs.
  void beginRow(int64_t number, mlir::Value row);

private:
  struct Square {
    mlir::Value tensor;
    llvm::SmallVector<Coord> coords; ///< Without the last.
    llvm::SmallVector<mlir::Value> rows;
  };

  mlir::Value read(mlir::OpBuilder &builder, mlir::Location loc,
                   mlir::Value tensor, llvm::ArrayRef<Coord> coords);
  Square load(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value tensor,
              llvm::ArrayRef<Coord> coords) const;

  ElementwiseEmitter &emitter;
  int64_t size = 0, number = 0;
  mlir::Value firstRow, rows, column, columns, row;
  std::vector<Square> squares;
};

} // namespace tegula::tile

#endif // TEGULA_LIB_TILE_GRAPHTOTILE_TRANSPOSEDREADS_H
