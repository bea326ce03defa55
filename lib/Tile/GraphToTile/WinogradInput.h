//===- WinogradInput.h - Input tiles, transformed ---------------*- C++ -*-===//
//
// Transforms rows of tiles of the input, channel by channel: first down the
// columns of the image, which neighbouring tiles share, into a scratch row;
// then along its rows, on vectors of tiles. What lies outside the image is
// zero.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_TILE_GRAPHTOTILE_WINOGRADINPUT_H
#define TEGULA_LIB_TILE_GRAPHTOTILE_WINOGRADINPUT_H

#include "WinogradPlan.h"
#include "WinogradTransforms.h"

#include "tegula/Tile/GraphToTile/IndexBuilder.h"

namespace tegula::tile {

class WinogradInput {
public:
  WinogradInput(const WinogradPlan &plan, WinogradEmitter &transforms,
                mlir::OpBuilder &builder, mlir::Location loc);

  /// Buffers: call once, inside the tasks.
  void prepare();

  /// Transforms all channels of row `row` of tiles of `image`. The tiles go to
  /// tiles[element][channel][first..].
  void emit(mlir::Value tiles, mlir::Value image, mlir::Value row,
            mlir::Value first);

private:
  using Rows = llvm::ArrayRef<mlir::Value>;
  void emitColumns(mlir::Value base, Rows valid);
  void emitChunk(mlir::Value base, mlir::Value chunk, Rows valid);
  mlir::Value loadColumns(mlir::Value at, int64_t column, mlir::Value valid);
  void emitTiles(mlir::Value tiles, mlir::Value channel, mlir::Value first);

  const WinogradPlan &plan;
  WinogradEmitter &transforms;
  mlir::OpBuilder &builder;
  mlir::Location loc;
  IndexBuilder index;
  mlir::VectorType vector;
  /// Vectors of columns that one chunk transforms, and how many chunks cover a
  /// row of tiles.
  int64_t chunkColumns, chunks;
  mlir::Value flat; ///< The input.
  /// [element of a column][column of a tile][tile].
  mlir::Value scratch;
};

} // namespace tegula::tile

#endif // TEGULA_LIB_TILE_GRAPHTOTILE_WINOGRADINPUT_H
