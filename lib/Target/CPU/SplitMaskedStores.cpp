//===- SplitMaskedStores.cpp - Masked stores of known lanes --------------===//

#include "SplitMaskedStores.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include <optional>

using namespace llvm;
using namespace tegula::target;

namespace {

/// Lanes next to each other.
struct Run {
  unsigned first = 0, count = 0;
};

} // namespace

/// The lanes of a constant mask; nothing if they are not known, none, or not
/// next to each other.
static std::optional<Run> lanesOf(const Value *mask) {
  const auto *type = dyn_cast<FixedVectorType>(mask->getType());
  const auto *constant = dyn_cast<Constant>(mask);
  if (!type || !constant)
    return std::nullopt;
  Run run;
  for (unsigned i = 0; i != type->getNumElements(); ++i) {
    const auto *bit =
        dyn_cast_or_null<ConstantInt>(constant->getAggregateElement(i));
    if (!bit)
      return std::nullopt;
    if (!bit->isOne())
      continue;
    if (run.count == 0)
      run.first = i;
    else if (run.first + run.count != i)
      return std::nullopt;
    ++run.count;
  }
  return run.count == 0 ? std::nullopt : std::optional(run);
}

/// Stores the lanes of `run` of the value that `call` stores.
static void storeLanes(IRBuilder<> &builder, IntrinsicInst &call, Run run) {
  Value *vector = call.getArgOperand(0), *pointer = call.getArgOperand(1);
  Type *type = cast<VectorType>(vector->getType())->getElementType();
  Value *part;
  if (run.count == 1)
    part = builder.CreateExtractElement(vector, run.first);
  else
    part = builder.CreateShuffleVector(
        vector,
        llvm::to_vector(llvm::seq<int>(run.first, int(run.first + run.count))));
  const uint64_t bytes =
      run.first * call.getModule()->getDataLayout().getTypeAllocSize(type);
  builder.CreateAlignedStore(
      part, builder.CreateConstGEP1_32(type, pointer, run.first),
      commonAlignment(call.getParamAlign(1).valueOrOne(), bytes));
}

static bool split(IntrinsicInst &call, bool hasMaskRegisters) {
  const std::optional<Run> run = lanesOf(call.getArgOperand(2));
  if (!run || (run->count > 1 && hasMaskRegisters))
    return false;
  Type *type = call.getArgOperand(0)->getType()->getScalarType();
  const DataLayout &layout = call.getModule()->getDataLayout();
  // Elements in memory are as far apart as those of an array only if they fill
  // their bytes.
  if (layout.getTypeSizeInBits(type) != layout.getTypeAllocSizeInBits(type))
    return false;
  IRBuilder<> builder(&call);
  const unsigned part = llvm::bit_floor(run->count);
  storeLanes(builder, call, {run->first, part});
  if (run->count != part)
    storeLanes(builder, call, {run->first + run->count - part, part});
  call.eraseFromParent();
  return true;
}

PreservedAnalyses SplitMaskedStoresPass::run(Function &function,
                                             FunctionAnalysisManager &) {
  bool changed = false;
  for (Instruction &instruction : make_early_inc_range(instructions(function)))
    if (auto *call = dyn_cast<IntrinsicInst>(&instruction))
      if (call->getIntrinsicID() == Intrinsic::masked_store)
        changed |= split(*call, hasMaskRegisters);
  return changed ? PreservedAnalyses::none() : PreservedAnalyses::all();
}
