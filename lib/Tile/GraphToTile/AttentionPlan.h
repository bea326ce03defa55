//===- AttentionPlan.h - How one kernel of attention is lowered -*- C++ -*-===//

#ifndef TEGULA_LIB_TILE_GRAPHTOTILE_ATTENTIONPLAN_H
#define TEGULA_LIB_TILE_GRAPHTOTILE_ATTENTIONPLAN_H

#include "tegula/Schedule/IR/Attention.h"
#include "tegula/Schedule/IR/Sched.h"
#include "tegula/Tile/GraphToTile/KernelFunction.h"
#include "tegula/Tile/GraphToTile/RegisterTile.h"
#include "tegula/Tile/GraphToTile/RowReduction.h"

namespace tegula::tile {

struct AttentionPlan {
  sched::AttentionAttr schedule;
  sched::Attention roles;
  /// Of the scores: scalars are keys, vectors queries. Of the result: scalars
  /// are weights, vectors values.
  MultiplyAdd scores, result;
  /// Along the keys of one query.
  RowReduction maximum, sum;
  /// The queries of one head lie with their summed dimension last.
  bool transposedQueries = false;
  /// See traceOutputs.
  llvm::SmallVector<llvm::SmallVector<int64_t>> outputDims;

  /// Reads the function; fails with a reason when the attention lowering does
  /// not cover it. `emitter` gets the inputs bound.
  static mlir::FailureOr<AttentionPlan> make(const KernelFunction &kernel,
                                             sched::AttentionAttr schedule,
                                             ElementwiseEmitter &emitter,
                                             std::string &reason);
};

} // namespace tegula::tile

#endif // TEGULA_LIB_TILE_GRAPHTOTILE_ATTENTIONPLAN_H
