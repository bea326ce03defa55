//===- UpgradeSequence.cpp - Recurrence, scans and signals of old sets ----===//

#include "Upgrade.h"

using llvm::Error;
using ::onnx::AttributeProto;

namespace tegula::frontend {

/// The first sets said by an attribute whether Y is returned; names do now.
static Error recurrent(NodeUpgrade &upgrade) {
  upgrade.drop("output_sequence");
  return Error::success();
}

/// DFT-17 had its axis as an attribute.
static Error dft(NodeUpgrade &upgrade) {
  int64_t axis = upgrade.takeInt("axis").value_or(1);
  std::string scalar = upgrade.call("Constant", {}, [&](auto &made) {
    AttributeProto *attribute = made.add_attribute();
    attribute->set_name("value_int");
    attribute->set_type(AttributeProto::INT);
    attribute->set_i(axis);
  });
  upgrade.setInput(2, scalar);
  return Error::success();
}

static void setInts(::onnx::NodeProto &node, const char *name, int64_t value) {
  AttributeProto *attribute = node.add_attribute();
  attribute->set_name(name);
  attribute->set_type(AttributeProto::INT);
  attribute->set_i(value);
}

/// Scan-8 runs once for each row of a batch: an outer Scan over axis 0 of
/// every operand, whose body is the Scan of today.
static Error scan(NodeUpgrade &upgrade) {
  if (upgrade.find("scan_input_axes"))
    return Error::success(); // The inner Scan made below.
  if (upgrade.hasInput(0))
    return llvm::createStringError(
        "Scan of operator set 8 with sequence_lens is not supported");
  const AttributeProto *body = upgrade.find("body"),
                       *count = upgrade.find("num_scan_inputs"),
                       *directions = upgrade.find("directions");
  if (!body || !count)
    return llvm::createStringError(
        "Scan needs attributes 'body' and 'num_scan_inputs'");
  ::onnx::NodeProto outer;
  outer.set_op_type("Scan");
  outer.set_name(upgrade.node.name());
  AttributeProto *attribute = outer.add_attribute();
  attribute->set_name("body");
  attribute->set_type(AttributeProto::GRAPH);
  ::onnx::GraphProto &graph = *attribute->mutable_g();
  ::onnx::NodeProto &inner = *graph.add_node();
  inner.set_op_type("Scan");
  inner.set_name(upgrade.node.name());
  *inner.add_attribute() = *body;
  *inner.add_attribute() = *count;
  AttributeProto *axes = inner.add_attribute();
  axes->set_name("scan_input_axes");
  axes->set_type(AttributeProto::INTS);
  for (int64_t i = 0; i < std::min<int64_t>(count->i(), 10000); ++i)
    axes->add_ints(0);
  if (directions) {
    AttributeProto *renamed = inner.add_attribute();
    *renamed = *directions;
    renamed->set_name("scan_input_directions");
  }
  for (int i = 1; i < upgrade.node.input_size(); ++i) {
    std::string row = upgrade.fresh();
    graph.add_input()->set_name(row);
    inner.add_input(row);
    outer.add_input(upgrade.input(i));
  }
  for (const std::string &name : upgrade.node.output()) {
    std::string row = upgrade.fresh();
    graph.add_output()->set_name(row);
    inner.add_output(row);
    outer.add_output(name);
  }
  setInts(outer, "num_scan_inputs", outer.input_size());
  upgrade.node = std::move(outer);
  return Error::success();
}

llvm::ArrayRef<UpgradeRule> sequenceUpgrades() {
  static constexpr UpgradeRule rules[] = {
      {"RNN", 6, recurrent}, {"GRU", 6, recurrent}, {"LSTM", 6, recurrent},
      {"DFT", 19, dft},      {"Scan", 8, scan},
  };
  return rules;
}

} // namespace tegula::frontend
