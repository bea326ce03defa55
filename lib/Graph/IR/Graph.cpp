//===- Graph.cpp - The graph dialect --------------------------------------===//

#include "tegula/Graph/IR/Graph.h"

#include "tegula/Graph/IR/Winograd.h"

#include "tegula/Graph/IR/GraphDialect.cpp.inc"

#define GET_OP_CLASSES
#include "tegula/Graph/IR/GraphOps.cpp.inc"

using namespace mlir;
using namespace tegula::graph;

void GraphDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "tegula/Graph/IR/GraphOps.cpp.inc"
      >();
}

/// The body takes one argument per operand and yields one tensor per output.
LogicalResult KernelOp::verifyRegions() {
  Block &block = getBody().front();
  if (block.getNumArguments() != getNumOperands())
    return emitOpError("expects one body argument per operand (")
           << getNumOperands() << "), found " << block.getNumArguments();
  for (auto [index, arg, operand] :
       llvm::enumerate(block.getArguments(), getOperands()))
    if (arg.getType() != operand.getType())
      return emitOpError("expects body argument #")
             << index << " of type " << operand.getType() << ", found "
             << arg.getType();
  auto yield = dyn_cast<YieldOp>(block.getTerminator());
  if (!yield)
    return emitOpError("expects a body that ends with graph.yield");
  if (yield.getNumOperands() != getOutputs().size())
    return yield.emitOpError("expects one value per output (")
           << getOutputs().size() << "), found " << yield.getNumOperands();
  for (auto [index, value, output] :
       llvm::enumerate(yield.getValues(), getOutputs()))
    if (value.getType() != output.getType())
      return yield.emitOpError("expects value #")
             << index << " of type " << output.getType() << ", found "
             << value.getType();
  return success();
}

void CallOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  for (OpOperand &input : getInputsMutable())
    if (isa<BaseMemRefType>(input.get().getType()))
      effects.emplace_back(MemoryEffects::Read::get(), &input);
  for (OpOperand &output : getOutputsMutable())
    if (isa<BaseMemRefType>(output.get().getType()))
      effects.emplace_back(MemoryEffects::Write::get(), &output);
}

/// graph.check true -> nothing.
LogicalResult CheckOp::canonicalize(CheckOp op, PatternRewriter &rewriter) {
  BoolAttr condition;
  if (!matchPattern(op.getCondition(), m_Constant(&condition)) ||
      !condition.getValue())
    return rewriter.notifyMatchFailure(op, "condition is not constant true");
  rewriter.eraseOp(op);
  return success();
}

LogicalResult WinogradFilterOp::verify() {
  auto from = cast<RankedTensorType>(getTransform().getType());
  auto to = cast<RankedTensorType>(getFilter().getType());
  if (from.getRank() != 3 || !from.hasStaticShape() ||
      !WinogradTransform::ofElements(from.getDimSize(0)))
    return emitOpError("expects 16 or 36 elements of every filter and channel, "
                       "found ")
           << from;
  constexpr int64_t taps = WinogradTransform::kTaps;
  int64_t expected[] = {from.getDimSize(1), from.getDimSize(2), taps, taps};
  if (to.getShape() != ArrayRef<int64_t>(expected))
    return emitOpError("expects a filter of shape ")
           << RankedTensorType::get(expected, to.getElementType()) << ", found "
           << to;
  return success();
}
