//===- WindowTiles.h - Windows in tiles of rows and columns -----*- C++ -*-===//
//
// One task computes a block of rows of one plane (image and channel):
//
//   copy the input rows of the block to scratch, with their padding
//   for each tile of rows
//     for each group of vectors of columns
//       rows x columns accumulators over the taps; store
//
// Inside the tile nothing asks where the borders are, and each loaded vector
// serves all rows that it is a tap of. With a stride of two even and odd
// columns lie apart in scratch, so that every tap is one load. A window is
// unrolled with its weights loaded once for the block, or its rows are a loop.
// Without padding (and `in_place`) the input is read where it lies. The sums
// are those of the window point by point.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_TILE_GRAPHTOTILE_WINDOWTILES_H
#define TEGULA_LIB_TILE_GRAPHTOTILE_WINDOWTILES_H

#include "WindowPlan.h"

#include "tegula/Schedule/IR/PlaneWindow.h"
#include "tegula/Tile/GraphToTile/IndexBuilder.h"

namespace tegula::tile {

class WindowTiles {
public:
  /// None unless the window moves over the last two dimensions only, with sizes
  /// that are known, by one or two columns.
  static std::optional<WindowTiles> make(WindowPlan &plan);

  void emit(mlir::OpBuilder &builder, mlir::Location loc);

private:
  /// Results in registers: `rows` rows from `row` of the block on, at each a
  /// vector for each of `columns`.
  struct Tile {
    int64_t rows = 0;
    mlir::Value row;
    llvm::SmallVector<mlir::Value> columns;
    mlir::Value mask; ///< Or null.
  };
  using Accumulators = llvm::SmallVector<mlir::Value>; ///< rows x columns.
  using Operands = llvm::SmallVector<mlir::Value>;
  /// The operands but the first for row `row` of a tile at tap column `tap`.
  using OperandsOf = llvm::function_ref<Operands(int64_t row, int64_t tap)>;

  WindowTiles(WindowPlan &plan, const sched::PlaneWindow &window)
      : plan(plan), y(window.y), x(window.x) {}

  bool canReadInPlace() const;
  bool chooseBlock();

  void stageRows(IndexBuilder &index, mlir::Value rows);
  void copyRow(IndexBuilder &index, mlir::Value row, mlir::Value at);
  void copyPart(IndexBuilder &index, llvm::MutableArrayRef<Coord> coords,
                mlir::Value column, int64_t count, mlir::Value at);
  void fillRow(IndexBuilder &index, int64_t from, int64_t to, mlir::Value at);
  mlir::Value placeOf(IndexBuilder &index, mlir::Value column,
                      int64_t offset) const;
  llvm::SmallVector<Coord> inputRow(IndexBuilder &index, mlir::Value row);

  Operands loadOthers(IndexBuilder &index, mlir::Value row, int64_t column);
  void emitTiles(IndexBuilder &index, mlir::Value rows);
  void emitRowOfTiles(IndexBuilder &index, int64_t rows, mlir::Value row);
  void emitTile(IndexBuilder &index, Tile tile);
  void emitUnrolled(IndexBuilder &index, const Tile &tile,
                    Accumulators &accumulators);
  void emitLooped(IndexBuilder &index, const Tile &tile,
                  Accumulators &accumulators);
  void accumulate(IndexBuilder &index, const Tile &tile, mlir::Value row,
                  llvm::ArrayRef<int64_t> rows, OperandsOf others,
                  Accumulators &accumulators);
  mlir::Value loadTap(IndexBuilder &index, mlir::Value row, mlir::Value column,
                      int64_t tap);

  WindowPlan &plan;
  sched::WindowAxis y, x;
  int64_t vl = 1;
  bool unroll = true, inPlace = false;
  int64_t blockRows = 0; ///< Of the result.
  int64_t pitch = 0;     ///< Of scratch, for each parity of columns.
  mlir::Value memory, scratch, padding;
  llvm::SmallVector<Operands> weights; ///< Unrolled: of each tap.
  llvm::SmallVector<Coord> loops;      ///< The point's coordinates.
  mlir::Value firstRow;                ///< Of the block.
};

} // namespace tegula::tile

#endif // TEGULA_LIB_TILE_GRAPHTOTILE_WINDOWTILES_H
