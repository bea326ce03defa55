//===- UpgradeReduction.cpp - Reductions, softmax and top-k of old sets ---===//

#include "Upgrade.h"

namespace tegula::frontend {

/// Attribute `axes` becomes the second input.
static llvm::Error reduce(NodeUpgrade &upgrade) {
  auto axes = upgrade.takeInts("axes");
  if (axes && !axes->empty())
    upgrade.setInput(1, upgrade.ints(*axes));
  return llvm::Error::success();
}

/// Before 13 the input counted as a matrix: all axes from `axis` on are one.
static llvm::Error softmax(NodeUpgrade &upgrade) {
  int64_t axis = upgrade.takeInt("axis").value_or(1);
  upgrade.set("axis", int64_t(-1));
  std::optional<int64_t> rank = upgrade.rankOf(0);
  if (axis == -1 || (rank && axis == *rank - 1))
    return llvm::Error::success();
  std::string data = upgrade.input(0);
  std::string shape = upgrade.call("Shape", {data});
  upgrade.setInput(0, upgrade.call("Flatten", {data}, [&](auto &made) {
    auto *attribute = made.add_attribute();
    attribute->set_name("axis");
    attribute->set_type(::onnx::AttributeProto::INT);
    attribute->set_i(axis);
  }));
  upgrade.finish(0, "Reshape", {shape});
  return llvm::Error::success();
}

/// Attribute `k` becomes the second input.
static llvm::Error topK(NodeUpgrade &upgrade) {
  std::optional<int64_t> k = upgrade.takeInt("k");
  if (!k)
    return llvm::createStringError("TopK needs attribute 'k'");
  upgrade.setInput(1, upgrade.ints({*k}));
  return llvm::Error::success();
}

/// LpPool-1 and GlobalLpPool-1 had a float `p`.
static llvm::Error integralP(NodeUpgrade &upgrade) {
  if (std::optional<float> p = upgrade.takeFloat("p")) {
    if (*p != float(int(*p)))
      return llvm::createStringError("p = %f is not a whole number", *p);
    upgrade.set("p", int64_t(*p));
  }
  return llvm::Error::success();
}

llvm::ArrayRef<UpgradeRule> reductionUpgrades() {
  static constexpr UpgradeRule rules[] = {
      {"ReduceSum", 12, reduce},       {"ReduceMean", 17, reduce},
      {"ReduceMax", 17, reduce},       {"ReduceMin", 17, reduce},
      {"ReduceProd", 17, reduce},      {"ReduceL1", 17, reduce},
      {"ReduceL2", 17, reduce},        {"ReduceLogSum", 17, reduce},
      {"ReduceLogSumExp", 17, reduce}, {"ReduceSumSquare", 17, reduce},
      {"Softmax", 12, softmax},        {"LogSoftmax", 12, softmax},
      {"Hardmax", 12, softmax},        {"TopK", 9, topK},
      {"LpPool", 1, integralP},        {"GlobalLpPool", 1, integralP},
  };
  return rules;
}

} // namespace tegula::frontend
