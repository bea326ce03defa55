//===- WinogradTransforms.h - Winograd's transforms on vectors --*- C++ -*-===//
//
// One-dimensional transforms (Graph/IR/Winograd.h): what B^T and A^T make of a
// column of n vectors. Lane l of every vector belongs to tile l.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_TILE_GRAPHTOTILE_WINOGRADTRANSFORMS_H
#define TEGULA_LIB_TILE_GRAPHTOTILE_WINOGRADTRANSFORMS_H

#include "mlir/IR/Builders.h"
#include "tegula/Graph/IR/Winograd.h"

namespace tegula::tile {

struct WinogradEmitter {
  mlir::OpBuilder &builder;
  mlir::Location loc;
  graph::WinogradTransform transform;
  /// Multiply-add rounds once.
  bool fused = true;

  using Values = llvm::SmallVector<mlir::Value>;

  /// B^T d, n vectors.
  Values input(llvm::ArrayRef<mlir::Value> d) const;
  /// A^T m, as many vectors as a tile has results.
  Values result(llvm::ArrayRef<mlir::Value> m) const;

  /// Vectors of neighbouring columns, side by side, to vectors of neighbouring
  /// tiles: number j holds column j of each tile. As many as a tile has
  /// results.
  Values toTiles(llvm::ArrayRef<mlir::Value> columns) const;
  /// The inverse.
  Values toColumns(llvm::ArrayRef<mlir::Value> tiles) const;

private:
  mlir::Value add(mlir::Value a, mlir::Value b) const;
  mlir::Value sub(mlir::Value a, mlir::Value b) const;
  mlir::Value mul(double factor, mlir::Value a) const;
  /// factor * a + b
  mlir::Value fma(double factor, mlir::Value a, mlir::Value b) const;
  mlir::Value splat(double factor, mlir::Type type) const;
};

} // namespace tegula::tile

#endif // TEGULA_LIB_TILE_GRAPHTOTILE_WINOGRADTRANSFORMS_H
