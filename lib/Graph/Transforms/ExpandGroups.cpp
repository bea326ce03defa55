//===- ExpandGroups.cpp - Grouped convolutions take their neighbours in ---===//

#include "tegula/Graph/Transforms/Passes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tegula::graph {
#define GEN_PASS_DEF_EXPANDGROUPSPASS
#include "tegula/Graph/Transforms/Passes.h.inc"
} // namespace tegula::graph

using namespace mlir;

/// Is `op` a convolution with a loop over groups and one over their channels?
static bool isGroupedConvolution(Operation *op) {
  auto linalgOp = dyn_cast_if_present<linalg::LinalgOp>(op);
  if (!linalgOp || linalgOp.getNumReductionLoops() == 0)
    return false;
  FailureOr<linalg::ConvolutionDimensions> dims =
      linalg::inferConvolutionDims(linalgOp);
  return succeeded(dims) && !dims->depth.empty() &&
         !dims->inputChannel.empty() && !dims->outputImage.empty();
}

/// The control function of the upstream patterns: `operand` is the reshape of
/// a padded tensor, or what an elementwise operation reads from a reshape.
static bool shouldExpand(OpOperand *operand) {
  Operation *producer = operand->get().getDefiningOp();
  if (!producer || !producer->hasOneUse())
    return false;
  Operation *user = operand->getOwner();
  if (isa<tensor::ExpandShapeOp>(user))
    return isa<tensor::PadOp>(producer) && user->hasOneUse() &&
           isGroupedConvolution(*user->user_begin());
  auto generic = dyn_cast<linalg::GenericOp>(user);
  auto collapse = dyn_cast<tensor::CollapseShapeOp>(producer);
  return generic && collapse && generic.getNumReductionLoops() == 0 &&
         !generic.hasIndexSemantics() && collapse.getSrc().hasOneUse() &&
         isGroupedConvolution(collapse.getSrc().getDefiningOp());
}

namespace {

struct ExpandGroupsPass
    : tegula::graph::impl::ExpandGroupsPassBase<ExpandGroupsPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    linalg::populateFoldReshapeOpsByExpansionPatterns(patterns, shouldExpand);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
