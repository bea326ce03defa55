//===- UpgradeNode.cpp - Nodes of older operator sets ---------------------===//
//
// Node by node, inside subgraphs and functions as well, without a copy of the
// weights: ONNX's own converter works on whole models, copies every
// initialiser and does not enter functions.
//
//===----------------------------------------------------------------------===//

#include "Upgrade.h"

#include "tegula/Frontend/IR/ShapeInference.h"

using ::onnx::AttributeProto;
using ::onnx::NodeProto;

namespace tegula::frontend {

void NodeUpgrade::setInput(int index, const std::string &name) {
  while (node.input_size() <= index)
    node.add_input();
  node.set_input(index, name);
}

void NodeUpgrade::truncateOutputs(int count) {
  while (node.output_size() > count)
    node.mutable_output()->RemoveLast();
}

mlir::Type NodeUpgrade::typeOf(int index) const {
  return hasInput(index) ? values.typeOf(node.input(index)) : mlir::Type();
}

std::optional<int64_t> NodeUpgrade::rankOf(int index) const {
  auto type = mlir::dyn_cast_or_null<mlir::RankedTensorType>(typeOf(index));
  return type ? std::optional(type.getRank()) : std::nullopt;
}

const AttributeProto *NodeUpgrade::find(llvm::StringRef name) const {
  for (const AttributeProto &attribute : node.attribute())
    if (attribute.name() == name)
      return &attribute;
  return nullptr;
}

void NodeUpgrade::drop(llvm::StringRef name) {
  auto &all = *node.mutable_attribute();
  for (int i = all.size() - 1; i >= 0; --i)
    if (all[i].name() == name)
      all.DeleteSubrange(i, 1);
}

std::optional<int64_t> NodeUpgrade::takeInt(llvm::StringRef name) {
  const AttributeProto *found = find(name);
  if (!found || !found->has_i())
    return std::nullopt;
  int64_t value = found->i();
  drop(name);
  return value;
}

std::optional<float> NodeUpgrade::takeFloat(llvm::StringRef name) {
  const AttributeProto *found = find(name);
  if (!found || !found->has_f())
    return std::nullopt;
  float value = found->f();
  drop(name);
  return value;
}

std::optional<std::string> NodeUpgrade::takeString(llvm::StringRef name) {
  const AttributeProto *found = find(name);
  if (!found || !found->has_s())
    return std::nullopt;
  std::string value = found->s();
  drop(name);
  return value;
}

std::optional<std::vector<int64_t>>
NodeUpgrade::takeInts(llvm::StringRef name) {
  const AttributeProto *found = find(name);
  if (!found)
    return std::nullopt;
  std::vector<int64_t> value(found->ints().begin(), found->ints().end());
  drop(name);
  return value;
}

std::optional<std::vector<float>>
NodeUpgrade::takeFloats(llvm::StringRef name) {
  const AttributeProto *found = find(name);
  if (!found)
    return std::nullopt;
  std::vector<float> value(found->floats().begin(), found->floats().end());
  drop(name);
  return value;
}

static void setInt(NodeProto &node, llvm::StringRef name, int64_t value) {
  AttributeProto *attribute = node.add_attribute();
  attribute->set_name(name.str());
  attribute->set_type(AttributeProto::INT);
  attribute->set_i(value);
}

void NodeUpgrade::set(llvm::StringRef name, int64_t value) {
  drop(name);
  setInt(node, name, value);
}

void NodeUpgrade::set(llvm::StringRef name, float value) {
  drop(name);
  AttributeProto *attribute = node.add_attribute();
  attribute->set_name(name.str());
  attribute->set_type(AttributeProto::FLOAT);
  attribute->set_f(value);
}

void NodeUpgrade::set(llvm::StringRef name, llvm::StringRef value) {
  drop(name);
  AttributeProto *attribute = node.add_attribute();
  attribute->set_name(name.str());
  attribute->set_type(AttributeProto::STRING);
  attribute->set_s(value.str());
}

NodeProto NodeUpgrade::make(llvm::StringRef op,
                            llvm::ArrayRef<std::string> inputs) const {
  NodeProto made;
  made.set_op_type(op.str());
  // The diagnostics of helpers name the node that they were made for.
  made.set_name(node.name().empty() && node.output_size() ? node.output(0)
                                                          : node.name());
  for (const std::string &name : inputs)
    made.add_input(name);
  return made;
}

std::string NodeUpgrade::call(llvm::StringRef op,
                              llvm::ArrayRef<std::string> inputs,
                              llvm::function_ref<void(NodeProto &)> edit) {
  NodeProto made = make(op, inputs);
  std::string output = fresh();
  made.add_output(output);
  if (edit)
    edit(made);
  before.push_back(std::move(made));
  return output;
}

std::string NodeUpgrade::finish(int index, llvm::StringRef op,
                                llvm::ArrayRef<std::string> more) {
  std::string renamed = fresh();
  std::vector<std::string> inputs = {renamed};
  inputs.insert(inputs.end(), more.begin(), more.end());
  NodeProto made = make(op, inputs);
  made.add_output(node.output(index));
  node.set_output(index, renamed);
  after.insert(after.begin(), std::move(made));
  return renamed;
}

std::string NodeUpgrade::ints(llvm::ArrayRef<int64_t> numbers) {
  return call("Constant", {}, [&](NodeProto &made) {
    AttributeProto *attribute = made.add_attribute();
    attribute->set_name("value_ints");
    attribute->set_type(AttributeProto::INTS);
    for (int64_t number : numbers)
      attribute->add_ints(number);
  });
}

std::string NodeUpgrade::floats(llvm::ArrayRef<float> numbers) {
  return call("Constant", {}, [&](NodeProto &made) {
    AttributeProto *attribute = made.add_attribute();
    attribute->set_name("value_floats");
    attribute->set_type(AttributeProto::FLOATS);
    for (float number : numbers)
      attribute->add_floats(number);
  });
}

std::string NodeUpgrade::scalarLike(int like, float number) {
  std::string value = call("Constant", {}, [&](NodeProto &made) {
    AttributeProto *attribute = made.add_attribute();
    attribute->set_name("value_float");
    attribute->set_type(AttributeProto::FLOAT);
    attribute->set_f(number);
  });
  auto type = mlir::dyn_cast_or_null<mlir::TensorType>(typeOf(like));
  if (!type || type.getElementType().isF32())
    return value;
  return call("Cast", {value}, [&](NodeProto &made) {
    setInt(made, "to", onnx::elementTypeNumber(type.getElementType()));
  });
}

static llvm::ArrayRef<UpgradeRule> rulesOf(size_t family) {
  switch (family) {
  case 0:
    return elementwiseUpgrades();
  case 1:
    return reductionUpgrades();
  case 2:
    return shapeUpgrades();
  case 3:
    return normalizationUpgrades();
  case 4:
    return spatialUpgrades();
  default:
    return sequenceUpgrades();
  }
}

/// The rule with the oldest `lastVersion` that a node of `version` needs.
static const UpgradeRule *nextRule(llvm::StringRef op, int64_t version) {
  const UpgradeRule *next = nullptr;
  for (size_t family = 0; family < 6; ++family)
    for (const UpgradeRule &rule : rulesOf(family))
      if (op == rule.op && version <= rule.lastVersion &&
          (!next || rule.lastVersion < next->lastVersion))
        next = &rule;
  return next;
}

bool needsUpgrade(const NodeProto &node, int64_t version) {
  if (version < 6)
    for (const AttributeProto &attribute : node.attribute())
      if (attribute.name() == "consumed_inputs")
        return true;
  return nextRule(node.op_type(), version) != nullptr;
}

llvm::Error upgradeNode(const NodeProto &node, int64_t version,
                        ValueNames values, std::vector<NodeProto> &upgraded) {
  NodeUpgrade upgrade(node, values);
  if (version < 6)
    upgrade.drop("consumed_inputs");
  while (const UpgradeRule *rule = nextRule(upgrade.node.op_type(), version)) {
    if (llvm::Error error = rule->apply(upgrade))
      return error;
    version = rule->lastVersion + 1;
  }
  for (NodeProto &step : upgrade.before)
    upgraded.push_back(std::move(step));
  upgraded.push_back(std::move(upgrade.node));
  for (NodeProto &step : upgrade.after)
    upgraded.push_back(std::move(step));
  return llvm::Error::success();
}

} // namespace tegula::frontend
