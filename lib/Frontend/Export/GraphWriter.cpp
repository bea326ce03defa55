//===- GraphWriter.cpp - Operations as ONNX protobufs ---------------------===//

#include "GraphWriter.h"

#include "../IR/OnnxProto.h"
#include "tegula/Frontend/IR/Onnx.h"
#include "tegula/Frontend/IR/ShapeInference.h"

#include "mlir/IR/DialectResourceBlobManager.h"

#include "onnx/defs/schema.h"

using namespace mlir;
using ::onnx::AttributeProto;
using ::onnx::TensorProto;

namespace tegula::frontend {

/// Elements of fewer than 8 bits, one a byte, as ONNX packs them.
static std::string packedBits(ArrayRef<char> bytes, unsigned bits) {
  unsigned perByte = 8 / bits;
  std::string out((bytes.size() + perByte - 1) / perByte, '\0');
  for (size_t i = 0; i < bytes.size(); ++i)
    out[i / perByte] |= (bytes[i] & ((1u << bits) - 1))
                        << (bits * (i % perByte));
  return out;
}

/// The bytes of a constant, one element in whole bytes.
static std::string bytesOf(ElementsAttr value) {
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    return blob ? std::string(blob->getData().data(), blob->getData().size())
                : std::string();
  }
  auto dense = cast<DenseElementsAttr>(value);
  std::string out;
  if (dense.getElementType().isInteger(1)) {
    for (bool bit : dense.getValues<bool>())
      out += char(bit);
    return out;
  }
  ArrayRef<char> raw = dense.getRawData();
  for (int64_t i = 0, n = dense.isSplat() ? dense.getNumElements() : 1; i < n;
       ++i)
    out.append(raw.data(), raw.size());
  return out;
}

TensorProto wholeTensor(ElementsAttr value) {
  TensorProto proto;
  ShapedType type = value.getShapedType();
  Type element = type.getElementType();
  proto.set_data_type(onnx::elementTypeNumber(element));
  for (int64_t extent : type.getShape())
    proto.add_dims(extent);
  if (auto strings = dyn_cast<DenseStringElementsAttr>(value)) {
    for (StringRef text : strings.getValues<StringRef>())
      proto.add_string_data(text.str());
    return proto;
  }
  std::string bytes = bytesOf(value);
  unsigned bits = element.isIntOrFloat() ? element.getIntOrFloatBitWidth() : 64;
  bool isPacked = bits == 2 || bits == 4;
  proto.set_raw_data(isPacked ? packedBits(bytes, bits) : std::move(bytes));
  return proto;
}

bool GraphWriter::setName(Value value, StringRef name) {
  if (!taken.insert(name).second)
    return false;
  given[value] = name.str();
  return true;
}

std::string GraphWriter::nameOf(Value value) {
  if (onnx::isAbsent(value))
    return "";
  auto found = given.find(value);
  if (found != given.end())
    return found->second;
  std::string name;
  do
    name = prefix + std::to_string(numFresh++);
  while (!setName(value, name));
  return name;
}

/// The name that the importer put into a location: "conv1 (Conv)".
static std::string nodeName(Location loc) {
  auto named = dyn_cast<NameLoc>(loc);
  return named ? named.getName().getValue().rsplit(" (").first.str() : "";
}

::onnx::NodeProto GraphWriter::node(Operation *op) {
  ::onnx::NodeProto node;
  node.set_op_type(onnx::operatorName(op).str());
  node.set_domain(onnx::operatorDomain(op).str());
  node.set_name(nodeName(op->getLoc()));
  for (Value operand : op->getOperands())
    node.add_input(nameOf(operand));
  while (node.input_size() > 0 && node.input(node.input_size() - 1).empty())
    node.mutable_input()->RemoveLast();
  for (Value result : op->getResults())
    node.add_output(nameOf(result));
  while (node.output_size() > 0 && node.output(node.output_size() - 1).empty())
    node.mutable_output()->RemoveLast();
  bool isCustom = isa<onnx::CustomOp>(op);
  for (NamedAttribute attribute : op->getAttrs()) {
    StringRef name = attribute.getName();
    if (isCustom && (name == "domain" || name == "op_type"))
      continue;
    AttributeProto proto = onnx::attributeToProto(name, attribute.getValue());
    if (auto tensor = dyn_cast<ElementsAttr>(attribute.getValue());
        tensor && proto.type() == AttributeProto::TENSOR)
      *proto.mutable_t() = wholeTensor(tensor);
    *node.add_attribute() = std::move(proto);
  }
  const ::onnx::OpSchema *schema = ::onnx::OpSchemaRegistry::Schema(
      onnx::operatorName(op).str(), onnx::operatorDomain(op).str());
  if (!schema)
    return node;
  unsigned index = 0;
  for (const auto &[name, known] : schema->attributes()) {
    if (known.type != AttributeProto::GRAPH || index >= op->getNumRegions())
      continue;
    Region &region = op->getRegion(index++);
    if (region.empty())
      continue;
    AttributeProto *attribute = node.add_attribute();
    attribute->set_name(name);
    attribute->set_type(AttributeProto::GRAPH);
    *attribute->mutable_g() = graph(region);
  }
  return node;
}

void GraphWriter::appendBody(Block &block, ::onnx::GraphProto &graph,
                             bool weightsAsNodes) {
  for (Operation &op : block.without_terminator()) {
    // ONNX cannot say that a run fails; such a graph is undefined there.
    if (isa<onnx::NoValueOp, onnx::CheckOp>(op))
      continue;
    if (auto weight = dyn_cast<onnx::WeightOp>(op)) {
      TensorProto tensor = wholeTensor(weight.getValue());
      if (weightsAsNodes) {
        ::onnx::NodeProto *node = graph.add_node();
        node->set_op_type("Constant");
        node->add_output(nameOf(weight.getResult()));
        AttributeProto *attribute = node->add_attribute();
        attribute->set_name("value");
        attribute->set_type(AttributeProto::TENSOR);
        *attribute->mutable_t() = std::move(tensor);
        continue;
      }
      tensor.set_name(nameOf(weight.getResult()));
      *graph.add_initializer() = std::move(tensor);
      continue;
    }
    *graph.add_node() = node(&op);
  }
}

::onnx::GraphProto GraphWriter::graph(Region &region) {
  ::onnx::GraphProto graph;
  graph.set_name(prefix + std::to_string(numFresh++));
  Block &block = region.front();
  for (BlockArgument argument : block.getArguments()) {
    auto *input = graph.add_input();
    input->set_name(nameOf(argument));
    *input->mutable_type() = onnx::typeToProto(argument.getType());
  }
  // Function bodies take nodes of a graph over, not its initialisers.
  appendBody(block, graph, /*weightsAsNodes=*/true);
  for (Value value : block.getTerminator()->getOperands()) {
    auto *output = graph.add_output();
    // An output must be made by the graph itself.
    std::string name = nameOf(value);
    if (value.getParentRegion() != &region) {
      ::onnx::NodeProto *copy = graph.add_node();
      copy->set_op_type("Identity");
      copy->add_input(name);
      name = prefix + std::to_string(numFresh++);
      copy->add_output(name);
    }
    output->set_name(name);
    *output->mutable_type() = onnx::typeToProto(value.getType());
  }
  return graph;
}

} // namespace tegula::frontend
