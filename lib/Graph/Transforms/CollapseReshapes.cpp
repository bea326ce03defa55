//===- CollapseReshapes.cpp - Reshapes out of the way of fusion -----------===//

#include "tegula/Graph/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/IR/DialectResourceBlobManager.h"
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

/// A reshaped constant is a constant of the same bytes: it can be packed as the
/// schedule of the kernel that reads it says.
template <typename ReshapeOp>
struct ReshapeConstant : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern<ReshapeOp>::OpRewritePattern;

  LogicalResult matchAndRewrite(ReshapeOp op,
                                PatternRewriter &rewriter) const override {
    auto constant = op.getSrc().template getDefiningOp<arith::ConstantOp>();
    if (!constant)
      return rewriter.notifyMatchFailure(op, "not of a constant");
    RankedTensorType type = op.getResultType();
    ElementsAttr reshaped;
    if (auto dense = dyn_cast<DenseElementsAttr>(constant.getValue()))
      reshaped = dense.reshape(type);
    else if (auto resource =
                 dyn_cast<DenseResourceElementsAttr>(constant.getValue()))
      reshaped = DenseResourceElementsAttr::get(type, resource.getRawHandle());
    if (!reshaped)
      return rewriter.notifyMatchFailure(op, "a constant of another kind");
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(op, reshaped);
    return success();
  }
};

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
    patterns.add<ReshapeConstant<tensor::ExpandShapeOp>,
                 ReshapeConstant<tensor::CollapseShapeOp>>(&getContext());
    // Sizes come from the inputs, so that they do not count as users.
    memref::populateResolveRankedShapedTypeResultDimsPatterns(patterns);
    tensor::DimOp::getCanonicalizationPatterns(patterns, &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
