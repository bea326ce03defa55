//===- ContractionPlan.h - How one contraction is lowered -------*- C++ -*-===//

#ifndef TEGULA_LIB_TILE_GRAPHTOTILE_CONTRACTIONPLAN_H
#define TEGULA_LIB_TILE_GRAPHTOTILE_CONTRACTIONPLAN_H

#include "PackedCodes.h"
#include "PackedSteps.h"

#include "tegula/Schedule/IR/Sched.h"
#include "tegula/Tile/GraphToTile/KernelFunction.h"
#include "tegula/Tile/GraphToTile/RegisterTile.h"

#include <string>

namespace tegula::tile {

/// A contraction in canonical form: batch loops, one folded row loop m, one
/// folded column loop n (the lanes), one folded loop k.
struct ContractionPlan {
  sched::ContractionAttr schedule;
  sched::ContractionLoops loops;
  MultiplyAdd mac;
  mlir::Value root; ///< The result of the contraction.
  mlir::Value rows, columns,
      initial; ///< Operand tensors (m x k, k x n, m x n).
  mlir::AffineMap rowsMap, columnsMap, resultMap;
  /// Per output, see traceOutputs.
  llvm::SmallVector<llvm::SmallVector<int64_t>> outputDims;
  /// The packed constant that holds the columns, [.., n/nr, .., nr], or null,
  /// with the tensor dimension that each of its outer dimensions follows.
  mlir::Value packedColumns;
  llvm::SmallVector<int64_t> packedDims;
  /// The columns are packed codes, decoded in registers.
  std::optional<PackedCodes> codes;
  /// The columns are steps of quads of bytes.
  std::optional<PackedSteps> steps;
  /// `columns` lie in memory with k contiguous: packing transposes them.
  bool transposedColumns = false;
  /// Partial sums may be kept in the (only) output between blocks of k.
  bool revisitsOutput = false;

  /// Reads the function; fails with a reason when the contraction lowering does
  /// not cover it. `emitter` gets the inputs bound.
  static mlir::FailureOr<ContractionPlan> make(const KernelFunction &kernel,
                                               sched::ContractionAttr schedule,
                                               ElementwiseEmitter &emitter,
                                               std::string &reason);

  /// The columns are read from a constant in the schedule's layout.
  bool hasPackedColumns() const { return packedColumns || codes || steps; }

  /// Coordinates of a tensor accessed by `map`, from the loops' own.
  llvm::SmallVector<Coord> coordsOf(mlir::AffineMap map,
                                    llvm::ArrayRef<Coord> loopCoords) const;
};

} // namespace tegula::tile

#endif // TEGULA_LIB_TILE_GRAPHTOTILE_CONTRACTIONPLAN_H
