//===- FoldTransposes.cpp - Transposes into the products beside them ------===//

#include "tegula/Graph/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace tegula::graph {
#define GEN_PASS_DEF_FOLDTRANSPOSESPASS
#include "tegula/Graph/Transforms/Passes.h.inc"
} // namespace tegula::graph

using namespace mlir;

/// A sum of products of two operands, each accessed by loops alone.
static bool isProduct(linalg::LinalgOp op) {
  return op.hasPureTensorSemantics() && op.getNumReductionLoops() != 0 &&
         op.getNumDpsInputs() == 2 && op.getNumDpsInits() == 1 &&
         op->getNumResults() == 1 && !op.hasIndexSemantics() &&
         llvm::all_of(op.getIndexingMapsArray(), [](AffineMap map) {
           return map.isProjectedPermutation();
         });
}

namespace {

/// An elementwise operation on one tensor that it reads in another order:
/// result[loops] = f(source[order(loops)]).
struct Transposed {
  linalg::LinalgOp op;
  Value source;
  AffineMap order;
  bool isCopy;
};

} // namespace

static std::optional<Transposed> matchTransposed(Value value) {
  auto op = value.getDefiningOp<linalg::LinalgOp>();
  if (!op || op.getNumReductionLoops() != 0 || op.getNumDpsInputs() != 1 ||
      op.getNumDpsInits() != 1 || op.hasIndexSemantics() ||
      !op.getMatchingBlockArgument(op.getDpsInitOperand(0)).use_empty())
    return std::nullopt;
  // Maps of the result's dimensions, whichever way round they are written.
  AffineMap result = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  AffineMap input = op.getMatchingIndexingMap(op.getDpsInputOperand(0));
  if (!result.isPermutation() || !input.isPermutation())
    return std::nullopt;
  AffineMap order = input.compose(inversePermutation(result));
  if (order.isIdentity())
    return std::nullopt;
  Block *block = op.getBlock();
  bool isCopy = block->getTerminator()->getOperand(0) == block->getArgument(0);
  return Transposed{op, op.getDpsInputs()[0], order, isCopy};
}

/// `tensor` of the same elements as `source`, in the order of `order`.
static Value emptyInOrder(OpBuilder &builder, Location loc, Value source,
                          AffineMap order, Type element) {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, source),
                            ordered;
  for (AffineExpr expr : order.getResults())
    ordered.push_back(sizes[cast<AffineDimExpr>(expr).getPosition()]);
  return tensor::EmptyOp::create(builder, loc, ordered, element);
}

/// The elementwise operation in the order of its source.
static Value inSourceOrder(OpBuilder &builder, const Transposed &transposed) {
  linalg::LinalgOp op = transposed.op;
  auto element =
      cast<RankedTensorType>(op->getResult(0).getType()).getElementType();
  Location loc = op.getLoc();
  unsigned rank = transposed.order.getNumResults();
  AffineMap identity = builder.getMultiDimIdentityMap(rank);
  Value empty =
      emptyInOrder(builder, loc, transposed.source, identity, element);
  auto generic = linalg::GenericOp::create(
      builder, loc, empty.getType(), transposed.source, empty,
      ArrayRef<AffineMap>{identity, identity},
      SmallVector<utils::IteratorType>(rank, utils::IteratorType::parallel));
  IRMapping mapping;
  op->getRegion(0).cloneInto(&generic.getRegion(), mapping);
  return generic->getResult(0);
}

/// The product as a linalg.generic with other operands and maps.
static linalg::GenericOp rebuild(OpBuilder &builder, linalg::LinalgOp op,
                                 ValueRange inputs, Value init,
                                 ArrayRef<AffineMap> maps) {
  auto generic =
      linalg::GenericOp::create(builder, op.getLoc(), init.getType(), inputs,
                                init, maps, op.getIteratorTypesArray());
  IRMapping mapping;
  op->getRegion(0).cloneInto(&generic.getRegion(), mapping);
  return generic;
}

namespace {

struct FoldOperand : OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::LinalgOp op,
                                PatternRewriter &rewriter) const override {
    if (!isProduct(op))
      return rewriter.notifyMatchFailure(op, "not a product");
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    for (unsigned number : {0, 1}) {
      Value operand = op.getDpsInputs()[number];
      std::optional<Transposed> transposed = matchTransposed(operand);
      if (!transposed || (!transposed->isCopy && !operand.hasOneUse()))
        continue;
      AffineMap map = transposed->order.compose(maps[number]);
      if (!isReadWell(op, maps[number], map))
        continue;
      SmallVector<Value> inputs(op.getDpsInputs());
      inputs[number] = transposed->isCopy
                           ? transposed->source
                           : inSourceOrder(rewriter, *transposed);
      maps[number] = map;
      rewriter.replaceOp(
          op, rebuild(rewriter, op, inputs, op.getDpsInits()[0], maps));
      return success();
    }
    return rewriter.notifyMatchFailure(op, "no operand is transposed");
  }

private:
  /// Neighbours in memory are those of before, or neighbours in the sum: other
  /// operands would be read in strides.
  static bool isReadWell(linalg::LinalgOp op, AffineMap before,
                         AffineMap after) {
    AffineExpr last = after.getResults().back();
    unsigned loop = cast<AffineDimExpr>(last).getPosition();
    return last == before.getResults().back() ||
           op.getIteratorTypesArray()[loop] == utils::IteratorType::reduction;
  }
};

struct FoldResult : OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::LinalgOp copy,
                                PatternRewriter &rewriter) const override {
    if (copy->getNumResults() != 1)
      return rewriter.notifyMatchFailure(copy, "not a transpose");
    std::optional<Transposed> transposed = matchTransposed(copy->getResult(0));
    if (!transposed || !transposed->isCopy)
      return rewriter.notifyMatchFailure(copy, "not a transpose");
    auto op = transposed->source.getDefiningOp<linalg::LinalgOp>();
    if (!op || !isProduct(op) || !transposed->source.hasOneUse())
      return rewriter.notifyMatchFailure(copy, "not the only use of a product");
    auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
    AffineMap toResult = inversePermutation(transposed->order);
    AffineExpr last =
        rewriter.getAffineDimExpr(transposed->order.getNumDims() - 1);
    if (!fill || toResult.getResults().back() != last)
      return rewriter.notifyMatchFailure(copy, "rows would be scattered");
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    maps[2] = toResult.compose(maps[2]);
    Location loc = op.getLoc();
    rewriter.setInsertionPoint(op);
    Value empty = emptyInOrder(
        rewriter, loc, op.getDpsInits()[0], toResult,
        cast<RankedTensorType>(transposed->source.getType()).getElementType());
    Value init = linalg::FillOp::create(rewriter, loc, fill.getInputs(), empty)
                     .getResult(0);
    linalg::GenericOp product =
        rebuild(rewriter, op, op.getDpsInputs(), init, maps);
    rewriter.replaceOp(copy, product);
    return success();
  }
};

struct FoldTransposesPass
    : tegula::graph::impl::FoldTransposesPassBase<FoldTransposesPass> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<FoldOperand, FoldResult>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
