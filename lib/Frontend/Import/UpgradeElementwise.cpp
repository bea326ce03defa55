//===- UpgradeElementwise.cpp - Elementwise operators of old sets ---------===//

#include "Upgrade.h"

using llvm::Error;

namespace tegula::frontend {

/// Before 7 only the second operand was broadcast, from `axis` on, and only
/// when the node said so. It gets ones behind its own extents.
static Error binary(NodeUpgrade &upgrade) {
  upgrade.drop("broadcast");
  std::optional<int64_t> axis = upgrade.takeInt("axis");
  if (!axis)
    return Error::success();
  std::optional<int64_t> left = upgrade.rankOf(0), right = upgrade.rankOf(1);
  if (!left || !right)
    return llvm::createStringError("attribute 'axis' needs operands of known "
                                   "rank");
  auto misfit = [&] {
    return llvm::createStringError(
        "axis %lld does not fit operands of rank %lld and %lld",
        (long long)*axis, (long long)*left, (long long)*right);
  };
  // An axis of the file may be any number: it is no extent before this.
  if (*axis < -*left || *axis > *left)
    return misfit();
  int64_t first = *axis < 0 ? *axis + *left : *axis;
  int64_t behind = *left - first - *right;
  if (behind < 0)
    return misfit();
  if (behind == 0)
    return Error::success();
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < behind; ++i)
    axes.push_back(*right + i);
  upgrade.setInput(
      1, upgrade.call("Unsqueeze", {upgrade.input(1), upgrade.ints(axes)}));
  return Error::success();
}

/// Before 7 a slope with one element a channel stood along axis 1.
static Error prelu(NodeUpgrade &upgrade) {
  std::optional<int64_t> data = upgrade.rankOf(0), slope = upgrade.rankOf(1);
  if (!data || !slope)
    return llvm::createStringError("PRelu of an operator set below 7 needs "
                                   "operands of known rank");
  if (*slope != 1 || *data <= 2)
    return Error::success();
  std::vector<int64_t> axes;
  for (int64_t i = 1; i < *data - 1; ++i)
    axes.push_back(i);
  upgrade.setInput(
      1, upgrade.call("Unsqueeze", {upgrade.input(1), upgrade.ints(axes)}));
  return Error::success();
}

/// Attributes `min` and `max` become inputs.
static Error clip(NodeUpgrade &upgrade) {
  std::optional<float> low = upgrade.takeFloat("min"),
                       high = upgrade.takeFloat("max");
  if (low)
    upgrade.setInput(1, upgrade.scalarLike(0, *low));
  if (high)
    upgrade.setInput(2, upgrade.scalarLike(0, *high));
  return Error::success();
}

/// A compiled model infers: the ratio of Dropout plays no part.
static Error dropout(NodeUpgrade &upgrade) {
  upgrade.drop("is_test");
  upgrade.drop("ratio");
  return Error::success();
}

/// Selu's defaults of the first set had fewer digits.
static Error selu(NodeUpgrade &upgrade) {
  if (!upgrade.find("alpha"))
    upgrade.set("alpha", 1.6732f);
  if (!upgrade.find("gamma"))
    upgrade.set("gamma", 1.0507f);
  return Error::success();
}

/// Cast-1 names the element type.
static Error cast(NodeUpgrade &upgrade) {
  std::optional<std::string> name = upgrade.takeString("to");
  ::onnx::TensorProto::DataType type;
  if (!name || !::onnx::TensorProto::DataType_Parse(*name, &type))
    return llvm::createStringError("Cast to '%s', which is no element type",
                                   name ? name->c_str() : "");
  upgrade.set("to", int64_t(type));
  return Error::success();
}

static Error gemm(NodeUpgrade &upgrade) {
  upgrade.drop("broadcast");
  return Error::success();
}

llvm::ArrayRef<UpgradeRule> elementwiseUpgrades() {
  static constexpr UpgradeRule rules[] = {
      {"Add", 6, binary},     {"Sub", 6, binary},       {"Mul", 6, binary},
      {"Div", 6, binary},     {"Pow", 6, binary},       {"And", 6, binary},
      {"Or", 6, binary},      {"Xor", 6, binary},       {"Equal", 6, binary},
      {"Greater", 6, binary}, {"Less", 6, binary},      {"PRelu", 6, prelu},
      {"Clip", 10, clip},     {"Dropout", 11, dropout}, {"Selu", 5, selu},
      {"Cast", 5, cast},      {"Gemm", 6, gemm},
  };
  return rules;
}

} // namespace tegula::frontend
