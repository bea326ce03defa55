//===- AttentionPlan.cpp - How one kernel of attention is lowered ---------===//

#include "AttentionPlan.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

/// The logits are elementwise in the scores: at each point they need that of
/// the scores alone.
static LogicalResult checkLogits(const sched::Attention &roles,
                                 const ElementwiseEmitter &emitter,
                                 std::string &reason) {
  auto accesses = emitter.trace(roles.logits, &reason);
  if (failed(accesses))
    return failure();
  auto inOrder = llvm::to_vector(llvm::seq<int64_t>(0, roles.keyDim() + 1));
  for (const TensorAccess &access : *accesses)
    if (access.tensor == roles.scores->getResult(0) && access.dims != inOrder) {
      reason = "the softmax reads the scores in another order";
      return failure();
    }
  return success();
}

FailureOr<AttentionPlan> AttentionPlan::make(const KernelFunction &kernel,
                                             sched::AttentionAttr schedule,
                                             ElementwiseEmitter &emitter,
                                             std::string &reason) {
  std::optional<sched::Attention> roles = sched::matchAttention(kernel.body);
  if (!roles) {
    reason = "the kernel is not attention";
    return failure();
  }
  AttentionPlan plan;
  plan.schedule = schedule;
  plan.roles = *roles;
  bool fused = schedule.getNumerics().ends_with("fma");
  plan.scores = {roles->scores, roles->scoresBody,
                 /*swapped=*/roles->queries == 0, fused};
  plan.result = {roles->result, roles->resultBody,
                 /*swapped=*/roles->values == 0, fused};
  AffineMap queries = roles->scores.getIndexingMapsArray()[roles->queries];
  plan.transposedQueries =
      queries.getResults().back() ==
      getAffineDimExpr(roles->depthLoop, schedule.getContext());

  kernel.bindInputs(emitter);
  linalg::LinalgOp scores = roles->scores, result = roles->result;
  for (Value operand : {scores.getDpsInputs()[0], scores.getDpsInputs()[1],
                        scores.getDpsInits()[0], result.getDpsInits()[0],
                        result.getDpsInputs()[roles->values]})
    if (failed(emitter.trace(operand, &reason)))
      return failure();
  emitter.bindSource(scores->getResult(0), nullptr);
  if (failed(checkLogits(*roles, emitter, reason)))
    return failure();
  for (auto [op, reduction] : {std::pair(roles->maximum, &plan.maximum),
                               std::pair(roles->sum, &plan.sum)}) {
    FailureOr<RowReduction> read =
        RowReduction::make(op, roles->keyDim(), emitter, reason);
    if (failed(read))
      return failure();
    *reduction = *read;
    emitter.bindSource(op->getResult(0), nullptr);
  }
  emitter.bindSource(result->getResult(0), nullptr);
  auto outputDims =
      traceOutputs(kernel, emitter, result->getResult(0), &reason);
  if (failed(outputDims))
    return failure();
  plan.outputDims = *outputDims;
  return plan;
}
