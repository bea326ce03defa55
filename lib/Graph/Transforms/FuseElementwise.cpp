//===- FuseElementwise.cpp - Fuse elementwise chains ----------------------===//

#include "tegula/Graph/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tegula::graph {
#define GEN_PASS_DEF_FUSEELEMENTWISEPASS
#include "tegula/Graph/Transforms/Passes.h.inc"
} // namespace tegula::graph

using namespace mlir;

/// Whether computing the body of `op` once more costs less than storing and
/// loading its result.
static bool isCheap(linalg::LinalgOp op) {
  constexpr unsigned kCheapOps = 4;
  unsigned count = 0;
  for (Operation &inner : op->getRegion(0).front().without_terminator()) {
    if (isa<math::MathDialect>(inner.getDialect()) || inner.getNumRegions() ||
        isa<tensor::ExtractOp, arith::DivFOp, arith::DivSIOp, arith::DivUIOp,
            arith::RemFOp>(inner))
      return false;
    ++count;
  }
  return count <= kCheapOps;
}

/// The control function of the upstream pattern: see Passes.td.
static bool shouldFuse(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::LinalgOp>();
  auto consumer = dyn_cast<linalg::LinalgOp>(operand->getOwner());
  if (!producer || !consumer || !operand->get().hasOneUse() ||
      producer->getNumResults() != 1 ||
      producer->getBlock() != consumer->getBlock())
    return false;
  if (consumer.getNumReductionLoops() != 0 && consumer.getNumDpsInputs() != 1)
    return false;
  constexpr unsigned kMaxOperands = 12;
  if (producer->getNumOperands() + consumer->getNumOperands() > kMaxOperands)
    return false;
  AffineMap map = consumer.getMatchingIndexingMap(operand);
  return map.isPermutation() || isCheap(producer);
}

namespace {

struct FuseElementwisePass
    : tegula::graph::impl::FuseElementwisePassBase<FuseElementwisePass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseOpsFusionPatterns(patterns, shouldFuse);
    linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
    // Sizes are taken from the inputs, so that they do not count as users.
    memref::populateResolveRankedShapedTypeResultDimsPatterns(patterns);
    tensor::DimOp::getCanonicalizationPatterns(patterns, &getContext());
    GreedyRewriteConfig config;
    config.setUseTopDownTraversal(true);
    if (failed(
            applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace
