//===- FoldBranches.cpp - Ifs that can take one branch only ---------------===//
//
// Exporters write the squeezing of an axis "if its extent is 1" as an If whose
// branches differ in rank. The rank of what follows, and with it all types, is
// then open, although one of the branches mostly leads to an error: an operator
// behind it does not take that rank. The branch that does not gives way to a
// check, so that a run which would take it fails with a message as before.
//
//===----------------------------------------------------------------------===//

#include "ConstantFolder.h"
#include "ConstantTensor.h"

#include "tegula/Frontend/IR/ShapeInference.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace tegula::frontend {

/// The region of a branch, null when it is missing or yields another number of
/// values than `op` has results.
static Region *branchOf(onnx::IfOp op, bool taken) {
  Region &region = taken ? op.getThenBranch() : op.getElseBranch();
  if (region.empty() ||
      region.front().getTerminator()->getNumOperands() != op->getNumResults())
    return nullptr;
  return &region;
}

static void inlineBranch(onnx::IfOp op, Region &region) {
  Block &branch = region.front();
  Operation *yield = branch.getTerminator();
  SmallVector<Value> values(yield->getOperands());
  yield->erase();
  op->getBlock()->getOperations().splice(op->getIterator(),
                                         branch.getOperations());
  op->replaceAllUsesWith(values);
  op->erase();
}

bool ConstantFolder::takeKnownBranch(onnx::IfOp op) {
  ElementsAttr condition = onnx::constantData(op->getOperand(0));
  auto tensor = condition ? ConstantTensor::get(condition, 64) : std::nullopt;
  if (!tensor || tensor->bytes().size() != 1)
    return false;
  Region *region = branchOf(op, tensor->bytes()[0] != 0);
  if (region)
    inlineBranch(op, *region);
  return region;
}

/// Whether the branches are known to yield values of different ranks.
static bool ranksDiffer(Region &a, Region &b) {
  auto rankOf = [](Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    return type ? type.getRank() : -1;
  };
  for (auto [x, y] : llvm::zip_equal(a.front().getTerminator()->getOperands(),
                                     b.front().getTerminator()->getOperands()))
    if (rankOf(x) >= 0 && rankOf(y) >= 0 && rankOf(x) != rankOf(y))
      return true;
  return false;
}

std::string ConstantFolder::objection(onnx::IfOp op, bool taken) {
  IRMapping mapping;
  Operation *parent = op->getParentOp();
  Operation *trial = parent->clone(mapping);
  auto copy = cast<onnx::IfOp>(mapping.lookup(op.getOperation()));
  Region *region = copy->getParentRegion();
  Operation *behind = copy->getNextNode();
  inlineBranch(copy, *branchOf(copy, taken));
  // Shapes are what matters here; large weights would be folded twice.
  ConstantFolder folder(resultBytes, std::min(weightBytes, resultBytes));
  folder.numTrials = 0;
  ScopedDiagnosticHandler quiet(op->getContext(),
                                [](Diagnostic &) { return success(); });
  std::string found;
  if (failed(folder.foldFrom(behind, /*mayFail=*/true)))
    found = "an operator behind it is ill-formed";
  else if (auto why = folder.illFormed.find(region);
           why != folder.illFormed.end())
    found = why->second;
  trial->erase();
  return found;
}

bool ConstantFolder::takeOnlyPossibleBranch(onnx::IfOp op) {
  Region *branches[] = {branchOf(op, false), branchOf(op, true)};
  if (!branches[0] || !branches[1])
    return false;
  std::string why[] = {illFormed.lookup(branches[0]),
                       illFormed.lookup(branches[1])};
  if (why[0].empty() && why[1].empty() && numTrials > 0 &&
      ranksDiffer(*branches[0], *branches[1])) {
    --numTrials;
    for (bool taken : {false, true})
      why[taken] = objection(op, taken);
  }
  illFormed.erase(branches[0]);
  illFormed.erase(branches[1]);
  if (why[0].empty() == why[1].empty()) {
    // Both fail: so does whatever holds the If.
    if (!why[0].empty())
      illFormed.try_emplace(op->getParentRegion(), why[0]);
    return false;
  }
  bool taken = why[1].empty();
  OpBuilder builder(op);
  std::string message = std::string("the ") + (taken ? "else" : "then") +
                        " branch of If is an error: " + why[!taken];
  onnx::CheckOp::create(
      builder, op->getLoc(), TypeRange(), op->getOperand(0),
      {builder.getNamedAttr("expected", builder.getBoolAttr(taken)),
       builder.getNamedAttr("message", builder.getStringAttr(message))});
  inlineBranch(op, *branches[taken]);
  return true;
}

} // namespace tegula::frontend
