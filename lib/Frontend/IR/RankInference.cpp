//===- RankInference.cpp - Ranks that ONNX's inference leaves open --------===//
//
// ONNX says nothing about a result as soon as it does not know the value of an
// operand, although the rank often follows from the shape of that operand.
// Tegula needs ranks, not extents.
//
//===----------------------------------------------------------------------===//

#include "RankInference.h"

#include "tegula/Frontend/IR/Onnx.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace tegula::onnx {

namespace {

std::optional<int64_t> rankOf(Operation *op, unsigned index) {
  if (index >= op->getNumOperands())
    return std::nullopt;
  auto type = dyn_cast<RankedTensorType>(op->getOperand(index).getType());
  return type ? std::optional(type.getRank()) : std::nullopt;
}

/// The number of elements of a vector operand.
std::optional<int64_t> lengthOf(Operation *op, unsigned index) {
  if (index >= op->getNumOperands())
    return std::nullopt;
  auto type = dyn_cast<RankedTensorType>(op->getOperand(index).getType());
  if (!type || !type.hasStaticShape() || type.getRank() > 1)
    return std::nullopt;
  return type.getNumElements();
}

int64_t integerAttribute(Operation *op, StringRef name, int64_t otherwise) {
  auto attribute = op->getAttrOfType<IntegerAttr>(name);
  return attribute ? attribute.getValue().getSExtValue() : otherwise;
}

std::optional<int64_t> reducedRank(Operation *op) {
  std::optional<int64_t> rank = rankOf(op, 0), count = lengthOf(op, 1);
  if (!rank || integerAttribute(op, "keepdims", 1) != 0)
    return rank;
  if (!count)
    return std::nullopt;
  if (*count == 0)
    return integerAttribute(op, "noop_with_empty_axes", 0) != 0 ? *rank : 0;
  return *rank - *count;
}

/// The rank of the operand `data` with the length of operand `by` added
/// (`sign` 1) or taken away (-1).
std::optional<int64_t> changedRank(Operation *op, int64_t sign) {
  std::optional<int64_t> rank = rankOf(op, 0), count = lengthOf(op, 1);
  if (!rank || !count)
    return std::nullopt;
  return *rank + sign * *count;
}

/// Expand broadcasts: the larger of both ranks.
std::optional<int64_t> expandedRank(Operation *op) {
  std::optional<int64_t> rank = rankOf(op, 0), count = lengthOf(op, 1);
  if (!rank || !count)
    return std::nullopt;
  return std::max(*rank, *count);
}

std::optional<int64_t> rankOfResult(Operation *op) {
  StringRef name = operatorName(op);
  if (name.starts_with("Reduce"))
    return reducedRank(op);
  if (name == "Unsqueeze")
    return changedRank(op, 1);
  if (name == "Squeeze")
    return changedRank(op, -1);
  if (name == "Expand")
    return expandedRank(op);
  if (name == "AffineGrid")
    return lengthOf(op, 1);
  return llvm::StringSwitch<std::optional<int64_t>>(name)
      .Cases({"Pad", "Split", "Slice", "Tile", "Resize", "TopK"}, rankOf(op, 0))
      .Cases({"Conv", "ConvTranspose", "ConvInteger", "QLinearConv"},
             rankOf(op, 0))
      .Cases({"CumSum", "CumProd", "DFT", "MaxUnpool"}, rankOf(op, 0))
      .Cases({"Compress", "Unique"},
             op->hasAttr("axis") ? rankOf(op, 0) : std::optional<int64_t>(1))
      .Cases({"Reshape", "ConstantOfShape"},
             lengthOf(op, name == "Reshape" ? 1 : 0))
      .Cases({"Range", "NonMaxSuppression"}, name == "Range" ? 1 : 2)
      .Case("MelWeightMatrix", 2)
      .Case("STFT", 4)
      .Default(std::nullopt);
}

} // namespace

void completeRanks(Operation *op, MutableArrayRef<Type> types) {
  std::optional<int64_t> rank;
  for (auto [index, type] : llvm::enumerate(types)) {
    auto open = dyn_cast_or_null<UnrankedTensorType>(type);
    if (!open)
      continue;
    if (!rank)
      rank = rankOfResult(op);
    if (!rank || *rank < 0)
      return;
    // All results of these operators but Unique's have one rank.
    bool isVector = operatorName(op) == "Unique" && index != 0;
    SmallVector<int64_t> shape(isVector ? 1 : *rank, ShapedType::kDynamic);
    type = RankedTensorType::get(shape, open.getElementType());
  }
}

} // namespace tegula::onnx
