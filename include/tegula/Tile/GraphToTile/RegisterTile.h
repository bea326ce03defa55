//===- RegisterTile.h - The multiply-accumulate loop ------------*- C++ -*-===//
//
// The register-blocked inner loop that contractions and convolutions share:
// `rows` x `vectors` accumulators carried through one loop over k.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_TILE_GRAPHTOTILE_REGISTERTILE_H
#define TEGULA_TILE_GRAPHTOTILE_REGISTERTILE_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "tegula/Schedule/IR/KernelBody.h"
#include "tegula/Tile/GraphToTile/EmitElementwise.h"
#include "tegula/Tile/GraphToTile/IndexBuilder.h"

#include <functional>

namespace tegula::tile {

/// acc + lhs'(lhs) * rhs'(rhs) on registers: a scalar per row, a vector per
/// column group.
struct MultiplyAdd {
  mlir::linalg::LinalgOp op;
  sched::ContractionBody body;
  /// The first operand of `op` is the vector one.
  bool swapped = false;
  /// Fused, or a product and a sum, each rounded.
  bool fused = true;

  /// The type that is accumulated.
  mlir::Type accumulatorType() const {
    mlir::linalg::LinalgOp root = op;
    return root.getBlock()->getArgument(2).getType();
  }
  mlir::Type vectorOperandType() const {
    return swapped ? body.lhs.getType() : body.rhs.getType();
  }
  /// Applies lhs' (rhs') to the operand that is a scalar in the register tile.
  mlir::Value prepareScalar(mlir::OpBuilder &builder,
                            ElementwiseEmitter &emitter,
                            mlir::Value value) const;
  mlir::Value prepareVector(mlir::OpBuilder &builder,
                            ElementwiseEmitter &emitter,
                            mlir::Value value) const;
  /// `scalar` and `vector` already prepared, `scalar` broadcast.
  mlir::Value accumulate(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value scalar, mlir::Value vector,
                         mlir::Value accumulator) const;
};

struct RegisterTile {
  int64_t rows = 1;
  int64_t vectors = 1;
  /// Positions of k per trip of the loop. `count` is a multiple of it or known
  /// at compile time.
  int64_t unroll = 1;
  /// The prepared scalar of row `row` at position `k` + `step`, where `k` is a
  /// multiple of `unroll` and `step` is less than that.
  std::function<mlir::Value(mlir::OpBuilder &, int64_t row, mlir::Value k,
                            int64_t step)>
      loadScalar;
  /// The prepared vector number `vector` at position `k` + `step`.
  std::function<mlir::Value(mlir::OpBuilder &, int64_t vector, mlir::Value k,
                            int64_t step)>
      loadVector;

  /// Runs k in [0, count) from the accumulators `initial` (row by row), and
  /// returns the accumulators.
  llvm::SmallVector<mlir::Value>
  emit(mlir::OpBuilder &builder, mlir::Location loc, const MultiplyAdd &mac,
       const ElementwiseEmitter &emitter, mlir::Value count,
       mlir::ValueRange initial) const;
};

/// Covers the rows [low, high) by tiles of `mr` rows and smaller ones: of what
/// is left of `extent` rows where that is known (`low` is then a multiple of
/// `mr`), of powers of two where not.
void forRowTiles(const IndexBuilder &index, mlir::Value low, mlir::Value high,
                 std::optional<int64_t> extent, int64_t mr,
                 llvm::function_ref<void(mlir::Value, int64_t rows)> body);

} // namespace tegula::tile

#endif // TEGULA_TILE_GRAPHTOTILE_REGISTERTILE_H
