//===- UpgradeShape.cpp - Data movement of old operator sets --------------===//

#include "Upgrade.h"

#include <climits>

using llvm::Error;

namespace tegula::frontend {

/// Squeeze and Unsqueeze: attribute `axes` becomes the second input.
static Error axesInput(NodeUpgrade &upgrade) {
  if (auto axes = upgrade.takeInts("axes"))
    upgrade.setInput(1, upgrade.ints(*axes));
  return Error::success();
}

/// Attribute `split` becomes the second input.
static Error splitInput(NodeUpgrade &upgrade) {
  auto split = upgrade.takeInts("split");
  if (split && !split->empty() && !upgrade.hasInput(1))
    upgrade.setInput(1, upgrade.ints(*split));
  return Error::success();
}

/// Without `split` the number of parts is an attribute since 18.
static Error splitCount(NodeUpgrade &upgrade) {
  if (!upgrade.hasInput(1))
    upgrade.set("num_outputs", int64_t(upgrade.node.output_size()));
  return Error::success();
}

/// Attributes become inputs.
static Error slice(NodeUpgrade &upgrade) {
  auto starts = upgrade.takeInts("starts"), ends = upgrade.takeInts("ends"),
       axes = upgrade.takeInts("axes");
  if (!starts || !ends)
    return llvm::createStringError("Slice needs attributes 'starts' and "
                                   "'ends'");
  upgrade.setInput(1, upgrade.ints(*starts));
  upgrade.setInput(2, upgrade.ints(*ends));
  if (axes)
    upgrade.setInput(3, upgrade.ints(*axes));
  return Error::success();
}

/// `paddings` was the name of `pads` in the first set.
static Error padName(NodeUpgrade &upgrade) {
  if (auto pads = upgrade.takeInts("paddings")) {
    auto *attribute = upgrade.node.add_attribute();
    attribute->set_name("pads");
    attribute->set_type(::onnx::AttributeProto::INTS);
    attribute->mutable_ints()->Add(pads->begin(), pads->end());
  }
  return Error::success();
}

/// Attributes `pads` and `value` become inputs.
static Error padInputs(NodeUpgrade &upgrade) {
  auto pads = upgrade.takeInts("pads");
  if (!pads)
    return llvm::createStringError("Pad needs attribute 'pads'");
  upgrade.setInput(1, upgrade.ints(*pads));
  if (std::optional<float> value = upgrade.takeFloat("value"))
    if (*value != 0.0f)
      upgrade.setInput(2, upgrade.scalarLike(0, *value));
  return Error::success();
}

static Error reshape(NodeUpgrade &upgrade) {
  auto shape = upgrade.takeInts("shape");
  if (!shape)
    return llvm::createStringError("Reshape needs attribute 'shape'");
  upgrade.setInput(1, upgrade.ints(*shape));
  return Error::success();
}

/// Tile-1 repeats one axis: inputs `tiles` and `axis`, both scalars.
static Error tile(NodeUpgrade &upgrade) {
  std::optional<int64_t> rank = upgrade.rankOf(0);
  if (!rank)
    return llvm::createStringError("Tile of operator set 1 needs an input of "
                                   "known rank");
  std::string one = upgrade.ints({1});
  auto vectorOf = [&](int index) {
    std::string whole = upgrade.call(
        "Cast", {upgrade.input(index)}, [](::onnx::NodeProto &made) {
          auto *to = made.add_attribute();
          to->set_name("to");
          to->set_type(::onnx::AttributeProto::INT);
          to->set_i(::onnx::TensorProto::INT64);
        });
    return upgrade.call("Reshape", {whole, one});
  };
  std::string tiles = vectorOf(1), axis = vectorOf(2);
  std::string ones = upgrade.ints(std::vector<int64_t>(*rank, 1));
  std::string repeats = upgrade.call("ScatterElements", {ones, axis, tiles});
  upgrade.node.mutable_input()->DeleteSubrange(1,
                                               upgrade.node.input_size() - 1);
  upgrade.setInput(1, repeats);
  return Error::success();
}

static Error concat(NodeUpgrade &upgrade) {
  if (!upgrade.find("axis"))
    upgrade.set("axis", int64_t(1));
  return Error::success();
}

static Error scatter(NodeUpgrade &upgrade) {
  upgrade.node.set_op_type("ScatterElements");
  return Error::success();
}

llvm::ArrayRef<UpgradeRule> shapeUpgrades() {
  static constexpr UpgradeRule rules[] = {
      {"Squeeze", 12, axesInput},
      {"Unsqueeze", 12, axesInput},
      {"Split", 12, splitInput},
      {"Split", 17, splitCount},
      {"Slice", 9, slice},
      {"Pad", 1, padName},
      {"Pad", 10, padInputs},
      {"Reshape", 4, reshape},
      {"Tile", 5, tile},
      {"Concat", 3, concat},
      {"Scatter", INT64_MAX - 1, scatter},
  };
  return rules;
}

} // namespace tegula::frontend
