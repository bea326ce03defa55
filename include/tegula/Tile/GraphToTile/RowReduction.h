//===- RowReduction.h - One reduction of one row ----------------*- C++ -*-===//

#ifndef TEGULA_TILE_GRAPHTOTILE_ROWREDUCTION_H
#define TEGULA_TILE_GRAPHTOTILE_ROWREDUCTION_H

#include "tegula/Tile/GraphToTile/EmitElementwise.h"
#include "tegula/Tile/GraphToTile/IndexBuilder.h"
#include "tegula/Tile/GraphToTile/KernelFunction.h"

#include <string>

namespace tegula::tile {

/// The index values of scalar coordinates.
llvm::SmallVector<mlir::Value> basesOf(llvm::ArrayRef<Coord> coords);

/// The trailing dimensions of a row. Lanes run along the last; those that fold
/// into their successor are counted through.
struct RowSpace {
  llvm::SmallVector<bool> folded;
  llvm::SmallVector<mlir::Value> extents;
  llvm::SmallVector<Coord> row; ///< Coordinates of the row.

  /// Replaces the extents by those of the dimensions that remain.
  void foldExtents(const IndexBuilder &index);

  /// All coordinates for the outer remaining dimensions `outer` and lanes at
  /// `column`.
  llvm::SmallVector<Coord> pointAt(llvm::ArrayRef<mlir::Value> outer,
                                   mlir::Value column) const;

  /// Calls `body` for every vector of the row, the last one under a mask. Once,
  /// with scalar coordinates, if there are no trailing dimensions.
  void forPoints(
      mlir::OpBuilder &builder, mlir::Location loc, int64_t vl,
      llvm::function_ref<void(llvm::ArrayRef<Coord>, mlir::Value)> body) const;

  /// The number of points of the outer remaining dimensions.
  mlir::Value outerCount(const IndexBuilder &index) const;
};

struct RowReduction {
  mlir::linalg::LinalgOp op;
  mlir::Operation *combiner = nullptr; ///< The body's last operation.
  mlir::TypedAttr neutral;
  RowSpace space;
  llvm::SmallVector<Coord> row;
  /// Several accumulators may be one wide vector (see canWiden).
  bool inStep = true;

  /// Fails with a reason unless `op` reduces its trailing loops, after `rank`
  /// loops of rows in order, with an associative operation.
  static mlir::FailureOr<RowReduction> make(mlir::linalg::LinalgOp op,
                                            unsigned rank,
                                            const ElementwiseEmitter &emitter,
                                            std::string &reason);

  /// The reduction's value, a scalar, by `accumulators` vectors of the
  /// emitter's lanes, `unroll` of them side by side.
  mlir::Value emit(mlir::OpBuilder &builder, mlir::Location loc,
                   ElementwiseEmitter &emitter, int64_t accumulators,
                   int64_t unroll) const;

  /// `accumulator` with the values at one point; lanes that `mask` leaves out
  /// stay.
  mlir::Value step(mlir::OpBuilder &builder, mlir::Location loc,
                   ElementwiseEmitter &emitter, llvm::ArrayRef<Coord> point,
                   mlir::Value mask, mlir::Value accumulator) const;
  /// The combining operation on two partial results.
  mlir::Value combine(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value a, mlir::Value b) const;

private:
  llvm::SmallVector<mlir::Value>
  accumulate(mlir::OpBuilder &builder, mlir::Location loc,
             ElementwiseEmitter &emitter, const RowSpace &points,
             llvm::ArrayRef<mlir::Value> outer, mlir::Value low,
             mlir::Value high, llvm::ArrayRef<mlir::Value> values) const;
  mlir::Value collapse(mlir::OpBuilder &builder, mlir::Location loc,
                       llvm::ArrayRef<mlir::Value> accumulators,
                       int64_t vl) const;
};

/// All reductions of `kernel`, whose inputs `emitter` knows; their results are
/// bound as sources. Fails with a reason; see RowReduction::make.
mlir::FailureOr<std::vector<RowReduction>>
readReductions(const KernelFunction &kernel, ElementwiseEmitter &emitter,
               std::string &reason);

/// What `output` accesses, which may read the values of `reductions` of its own
/// row alone, a row being its first `rank` dimensions. Fails with a reason.
mlir::FailureOr<llvm::SmallVector<TensorAccess>>
traceRowOutput(const KernelOutput &output, unsigned rank,
               llvm::ArrayRef<RowReduction> reductions,
               const ElementwiseEmitter &emitter, std::string &reason);

} // namespace tegula::tile

#endif // TEGULA_TILE_GRAPHTOTILE_ROWREDUCTION_H
