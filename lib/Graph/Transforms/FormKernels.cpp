//===- FormKernels.cpp - Put tensor computations into graph.kernel --------===//

#include "tegula/Graph/Transforms/Passes.h"

#include "KernelGroups.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Transforms/RegionUtils.h"

namespace tegula::graph {
#define GEN_PASS_DEF_FORMKERNELSPASS
#include "tegula/Graph/Transforms/Passes.h.inc"
} // namespace tegula::graph

using namespace mlir;
using namespace tegula::graph;

/// The tensor.empty that `init` starts from, directly or through a fill.
static tensor::EmptyOp originOfInit(Value init) {
  if (auto fill = init.getDefiningOp<linalg::FillOp>())
    init = fill.getOutputs()[0];
  return init.getDefiningOp<tensor::EmptyOp>();
}

namespace {

/// Moves one group of operations into a new graph.kernel.
class KernelBuilder {
public:
  KernelBuilder(IRRewriter &rewriter, const KernelGroup &group)
      : rewriter(rewriter), group(group), last(group.back()) {}

  LogicalResult build() {
    rewriter.setInsertionPoint(last);
    if (failed(createOutputs()))
      return failure();
    for (Operation *op : group)
      inlineMember(op);
    SmallVector<Value> results;
    for (Value result : last->getResults())
      results.push_back(mapping.lookup(result));
    {
      OpBuilder::InsertionGuard guard(rewriter);
      rewriter.setInsertionPointToEnd(block.get());
      YieldOp::create(rewriter, last->getLoc(), results);
    }
    auto kernel = KernelOp::create(rewriter, last->getLoc(),
                                   last->getResultTypes(), inputs, outputs);
    kernel.getBody().push_back(block.release());
    rewriter.replaceOp(last, kernel.getResults());
    for (Operation *op : llvm::reverse(ArrayRef(group).drop_back()))
      rewriter.eraseOp(op);
    return success();
  }

private:
  /// One empty tensor per result of the last operation, with its shape.
  LogicalResult createOutputs() {
    ReifiedRankedShapedTypeDims shapes;
    for (OpResult result : last->getResults()) {
      auto type = dyn_cast<RankedTensorType>(result.getType());
      if (!type)
        return last->emitError("cannot form a kernel with a result of type ")
               << result.getType();
      SmallVector<OpFoldResult> shape;
      if (tensor::EmptyOp origin = emptyInitOf(result)) {
        shape = origin.getMixedSizes();
      } else if (type.hasStaticShape()) {
        shape = getAsIndexOpFoldResult(type.getContext(), type.getShape());
      } else {
        if (shapes.empty() && failed(reifyResultShapes(rewriter, last, shapes)))
          return last->emitError("cannot tell the shape of the result of '")
                 << last->getName() << "'";
        shape = shapes[result.getResultNumber()];
      }
      Value empty = tensor::EmptyOp::create(rewriter, last->getLoc(), shape,
                                            type.getElementType());
      if (empty.getType() != type)
        empty = tensor::CastOp::create(rewriter, last->getLoc(), type, empty);
      outputs.push_back(empty);
      block->addArgument(type, last->getLoc());
    }
    return success();
  }

  static tensor::EmptyOp emptyInitOf(OpResult result) {
    auto owner = dyn_cast<DestinationStyleOpInterface>(result.getOwner());
    if (!owner)
      return {};
    return originOfInit(owner.getDpsInits()[result.getResultNumber()]);
  }

  void inlineMember(Operation *op) {
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointToEnd(block.get());
    SetVector<Value> captured;
    getUsedValuesDefinedAbove(op->getRegions(), captured);
    for (Value value : captured)
      mapping.map(value, inlineValue(value));
    SmallVector<Value> operands;
    auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
    for (OpOperand &operand : op->getOpOperands()) {
      Value destination;
      if (op == last && linalgOp && linalgOp.isDpsInit(&operand))
        destination = outputArgument(
            linalgOp.getTiedOpResult(&operand).getResultNumber());
      operands.push_back(inlineValue(operand.get(), destination));
    }
    Operation *clone = rewriter.clone(*op, mapping);
    clone->setOperands(operands);
  }

  Value outputArgument(unsigned index) {
    return block->getArgument(inputs.size() + index);
  }

  /// The value inside the kernel that stands for `value`. Where it is an empty
  /// tensor, `destination` takes its place, if given.
  Value inlineValue(Value value, Value destination = {}) {
    Operation *def = value.getDefiningOp();
    if (def && isInlinedIntoKernels(def) && !mapping.contains(value)) {
      if (isa<tensor::EmptyOp>(def) && destination)
        return destination;
      SmallVector<Value> operands;
      for (Value operand : def->getOperands())
        operands.push_back(inlineValue(operand, destination));
      Operation *clone = rewriter.clone(*def);
      clone->setOperands(operands);
      return clone->getResult(0);
    }
    if (Value known = mapping.lookupOrNull(value)) {
      return known;
    }
    Value argument =
        block->insertArgument(inputs.size(), value.getType(), value.getLoc());
    inputs.push_back(value);
    mapping.map(value, argument);
    return argument;
  }

  IRRewriter &rewriter;
  const KernelGroup &group;
  Operation *last;
  std::unique_ptr<Block> block = std::make_unique<Block>();
  SmallVector<Value> inputs;
  SmallVector<Value> outputs;
  IRMapping mapping;
};

struct FormKernelsPass
    : tegula::graph::impl::FormKernelsPassBase<FormKernelsPass> {
  using FormKernelsPassBase::FormKernelsPassBase;

  void runOnOperation() override {
    SmallVector<Block *> blocks;
    collectBlocks(getOperation().getBody(), blocks);
    IRRewriter rewriter(&getContext());
    for (Block *block : blocks)
      for (const KernelGroup &group :
           groupKernels(*block, {fuse, fuse && attention}))
        if (failed(KernelBuilder(rewriter, group).build()))
          return signalPassFailure();
    for (Block *block : blocks)
      eraseDeadProducers(*block, rewriter);
  }

  /// The blocks that hold operations of the model: not the bodies of
  /// operations on tensors.
  static void collectBlocks(Region &region, SmallVectorImpl<Block *> &blocks) {
    for (Block &block : region) {
      blocks.push_back(&block);
      for (Operation &op : block)
        if (isa<scf::SCFDialect>(op.getDialect()))
          for (Region &nested : op.getRegions())
            collectBlocks(nested, blocks);
    }
  }

  static void eraseDeadProducers(Block &block, IRRewriter &rewriter) {
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isOpTriviallyDead(&op))
        rewriter.eraseOp(&op);
  }
};

} // namespace
