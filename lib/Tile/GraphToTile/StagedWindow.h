//===- StagedWindow.h - Windows over padded rows ----------------*- C++ -*-===//
//
// One task computes a block of rows of one plane (image and channel):
//
//   copy the input rows of the block to scratch, with their padding
//   for each tile of rows
//     for each vector of columns: rows accumulators over the taps; store
//
// Inside the tile nothing asks where the borders are, each loaded vector serves
// all rows that it is a tap of, and every other column of a stride of two is
// picked in registers. The sums are those of the window point by point.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_TILE_GRAPHTOTILE_STAGEDWINDOW_H
#define TEGULA_LIB_TILE_GRAPHTOTILE_STAGEDWINDOW_H

#include "WindowPlan.h"

#include "tegula/Tile/GraphToTile/IndexBuilder.h"

namespace tegula::tile {

class StagedWindow {
public:
  /// None unless the window moves over the last two dimensions only, with sizes
  /// that are known, by one or two columns.
  static std::optional<StagedWindow> make(WindowPlan &plan);

  void emit(mlir::OpBuilder &builder, mlir::Location loc);

private:
  /// Where a tap reads: `row`, `column` from the first element of the window.
  struct Tap {
    int64_t row = 0, column = 0;
    llvm::SmallVector<mlir::Value> others; ///< Values of the other inputs.
  };
  /// One of the two dimensions.
  struct Axis {
    int64_t input = 0, output = 0;              ///< Extents.
    int64_t stride = 1, padding = 0, reach = 0; ///< `reach`: of the last tap.
  };

  explicit StagedWindow(WindowPlan &plan) : plan(plan) {}

  /// Columns of scratch that results depend on.
  int64_t columnsRead() const {
    return (x.output - 1) * x.stride + x.reach + 1;
  }
  bool readAxes();
  bool readTaps();
  bool chooseBlock();
  void loadOthers(mlir::OpBuilder &builder, mlir::Location loc);
  void copyRow(IndexBuilder &index, mlir::Value row, mlir::Value at);
  void fillRow(IndexBuilder &index, int64_t from, int64_t to, mlir::Value at);
  void emitTiles(IndexBuilder &index, mlir::Value rows);
  void emitTile(IndexBuilder &index, int64_t rows, mlir::Value row);
  void emitVector(IndexBuilder &index, int64_t rows, mlir::Value row,
                  mlir::Value column, mlir::Value mask);
  mlir::Value loadTap(IndexBuilder &index, mlir::Value row, mlir::Value column,
                      int64_t tapColumn);

  WindowPlan &plan;
  Axis y, x;
  llvm::SmallVector<Tap> taps;
  int64_t vl = 1;
  int64_t blockRows = 0, pitch = 0; ///< Rows of the result; of scratch.
  mlir::Value memory, scratch, padding;
  llvm::SmallVector<Coord> loops; ///< The point's coordinates.
  mlir::Value firstRow;           ///< Of the block.
};

} // namespace tegula::tile

#endif // TEGULA_LIB_TILE_GRAPHTOTILE_STAGEDWINDOW_H
