//===- Attention.h - What a kernel of attention computes --------*- C++ -*-===//
//
// result[q, c] = sum over t of weights[q, t] * values[t, c], where the weights
// are the softmax over t of an elementwise function (scale, mask) of
// scores[q, t] = sum over d of queries[q, d] * keys[t, d].
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_SCHEDULE_IR_ATTENTION_H
#define TEGULA_SCHEDULE_IR_ATTENTION_H

#include "tegula/Schedule/IR/KernelBody.h"

namespace tegula::sched {

/// The operations of one kernel, by role. The tensors of scores, logits and
/// weights have the same dimensions in the same order, keys last.
struct Attention {
  mlir::linalg::LinalgOp scores, maximum, sum, result;
  mlir::Value logits;     ///< What the softmax is of.
  mlir::Value numerators; ///< exp(logits - maximum).
  mlir::Value weights;    ///< numerators / sum.
  ContractionBody scoresBody, resultBody;
  /// Numbers of the operands of `scores` (of `result`).
  unsigned queries = 0, keys = 1, weightsOperand = 0, values = 1;
  /// Dimension of the scores that counts queries; those before the last that
  /// are not this one are counted by tasks.
  unsigned queryDim = 0;
  /// Loops of `scores`, per dimension of the scores, and the summed one.
  llvm::SmallVector<unsigned> scoresLoops;
  unsigned depthLoop = 0;
  /// Loops of `result`, per dimension of the weights, and that of the columns.
  llvm::SmallVector<unsigned> resultLoops;
  unsigned columnLoop = 0;

  unsigned keyDim() const { return scoresLoops.size() - 1; }
};

/// Finds the roles in a kernel of four reductions, all of f32.
std::optional<Attention> matchAttention(const KernelBody &body);

} // namespace tegula::sched

#endif // TEGULA_SCHEDULE_IR_ATTENTION_H
