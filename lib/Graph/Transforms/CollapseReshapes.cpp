//===- CollapseReshapes.cpp - Reshapes out of the way of fusion -----------===//

#include "tegula/Graph/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tegula::graph {
#define GEN_PASS_DEF_COLLAPSERESHAPESPASS
#include "tegula/Graph/Transforms/Passes.h.inc"
} // namespace tegula::graph

using namespace mlir;

/// The control function of the upstream patterns: `operand` is that of the
/// generic which follows a reshape, or of the reshape which follows a generic.
static bool shouldCollapse(OpOperand *operand) {
  auto generic = dyn_cast<linalg::GenericOp>(operand->getOwner());
  if (!generic)
    generic = operand->get().getDefiningOp<linalg::GenericOp>();
  // Loop numbers of merged loops would have to be divided. Contractions keep
  // the loops that schedules know.
  return generic && !generic.hasIndexSemantics() &&
         (generic.getNumReductionLoops() == 0 ||
          generic.getNumDpsInputs() == 1);
}

namespace {

struct CollapseReshapesPass
    : tegula::graph::impl::CollapseReshapesPassBase<CollapseReshapesPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    linalg::populateFoldReshapeOpsByCollapsingPatterns(patterns,
                                                       shouldCollapse);
    // A reshaped fill is a fill: kernels repeat those.
    linalg::FillOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::populateFoldTensorEmptyPatterns(patterns);
    tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, &getContext());
    tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns,
                                                         &getContext());
    // Sizes come from the inputs, so that they do not count as users.
    memref::populateResolveRankedShapedTypeResultDimsPatterns(patterns);
    tensor::DimOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
