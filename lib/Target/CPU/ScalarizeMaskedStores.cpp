//===- ScalarizeMaskedStores.cpp - Masked stores of one lane -------------===//

#include "ScalarizeMaskedStores.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include <optional>

using namespace llvm;
using namespace tegula::target;

/// The only lane of a constant mask; nothing if it has others, or lanes that
/// are not known.
static std::optional<unsigned> onlyLane(const Value *mask) {
  const auto *type = dyn_cast<FixedVectorType>(mask->getType());
  const auto *constant = dyn_cast<Constant>(mask);
  if (!type || !constant)
    return std::nullopt;
  std::optional<unsigned> lane;
  for (unsigned i = 0; i != type->getNumElements(); ++i) {
    const auto *bit =
        dyn_cast_or_null<ConstantInt>(constant->getAggregateElement(i));
    if (!bit || (bit->isOne() && lane))
      return std::nullopt;
    if (bit->isOne())
      lane = i;
  }
  return lane;
}

static bool scalarize(IntrinsicInst &call) {
  const std::optional<unsigned> lane = onlyLane(call.getArgOperand(2));
  if (!lane)
    return false;
  Value *vector = call.getArgOperand(0), *pointer = call.getArgOperand(1);
  Type *type = cast<VectorType>(vector->getType())->getElementType();
  const DataLayout &layout = call.getModule()->getDataLayout();
  // Elements in memory are as far apart as those of an array only if they fill
  // their bytes.
  if (layout.getTypeSizeInBits(type) != layout.getTypeAllocSizeInBits(type))
    return false;
  IRBuilder<> builder(&call);
  Value *element = builder.CreateExtractElement(vector, *lane);
  Value *address = builder.CreateConstGEP1_32(type, pointer, *lane);
  const Align align = commonAlignment(call.getParamAlign(1).valueOrOne(),
                                      *lane * layout.getTypeAllocSize(type));
  builder.CreateAlignedStore(element, address, align);
  call.eraseFromParent();
  return true;
}

PreservedAnalyses ScalarizeMaskedStoresPass::run(Function &function,
                                                 FunctionAnalysisManager &) {
  bool changed = false;
  for (Instruction &instruction : make_early_inc_range(instructions(function)))
    if (auto *call = dyn_cast<IntrinsicInst>(&instruction))
      if (call->getIntrinsicID() == Intrinsic::masked_store)
        changed |= scalarize(*call);
  return changed ? PreservedAnalyses::none() : PreservedAnalyses::all();
}
