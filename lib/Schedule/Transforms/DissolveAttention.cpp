//===- DissolveAttention.cpp - Attention as several kernels ---------------===//

#include "Problems.h"
#include "Ranking.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "tegula/Graph/IR/Graph.h"
#include "tegula/Schedule/IR/Attention.h"
#include "tegula/Schedule/IR/Sched.h"
#include "tegula/Schedule/Transforms/CostModelFile.h"
#include "tegula/Schedule/Transforms/Passes.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::sched;

namespace tegula::sched {
#define GEN_PASS_DEF_DISSOLVEATTENTIONPASS
#include "tegula/Schedule/Transforms/Passes.h.inc"
} // namespace tegula::sched

/// Predicted seconds of the problem under its fastest schedule.
static double secondsOf(const cost::Problem &problem, Ranker &ranker) {
  return ranker.rank(problem).best->time.seconds;
}

/// The same of a product alone.
static double productSeconds(linalg::LinalgOp op, Ranker &ranker) {
  KernelBody body;
  body.reductions = {op};
  body.results = {op->getResult(0)};
  return secondsOf(contractionProblem(body), ranker);
}

/// Is the kernel attention, and predicted to be faster as one?
static bool isFasterWhole(const KernelBody &body, Ranker &ranker) {
  std::optional<Attention> a = matchAttention(body);
  if (!a)
    return false;
  if (!matchContraction(a->scores) || !matchContraction(a->result))
    return true;
  return secondsOf(attentionProblem(body), ranker) <=
         productSeconds(a->scores, ranker) +
             secondsOf(softmaxProblem(body), ranker) +
             productSeconds(a->result, ranker);
}

static bool hasTwoProducts(const KernelBody &body) {
  return llvm::count_if(body.reductions, [](linalg::LinalgOp op) {
           return matchContractionBody(op).has_value();
         }) > 1;
}

/// Puts the kernel's operations in its place.
static void dissolve(graph::KernelOp kernel) {
  IRRewriter rewriter(kernel);
  Block *block = &kernel.getBody().front();
  Operation *yield = block->getTerminator();
  rewriter.inlineBlockBefore(block, kernel, kernel->getOperands());
  rewriter.replaceOp(kernel, yield->getOperands());
  rewriter.eraseOp(yield);
}

namespace {

struct DissolveAttentionPass
    : public sched::impl::DissolveAttentionPassBase<DissolveAttentionPass> {
  using DissolveAttentionPassBase::DissolveAttentionPassBase;

  void runOnOperation() override {
    Location loc = getOperation()->getLoc();
    auto target = makeTarget(loc, vectorBits, vectorRegisters, fusedMultiplyAdd,
                             l1Bytes, l2Bytes);
    NamedCostModel model;
    if (failed(target) || failed(model.find(costModel, loc)))
      return signalPassFailure();
    Ranker ranker(*target, *model);
    SmallVector<graph::KernelOp> kernels;
    getOperation()->walk([&](graph::KernelOp kernel) {
      KernelBody body = readKernelBody(kernel.getBody().front());
      if (!kernel->hasAttr(kScheduleAttrName) && hasTwoProducts(body) &&
          !isFasterWhole(body, ranker))
        kernels.push_back(kernel);
    });
    for (graph::KernelOp kernel : kernels)
      dissolve(kernel);
  }
};

} // namespace
