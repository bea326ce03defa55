//===- CheckNode.cpp - Checks of nodes before they are imported -----------===//

#include "Importer.h"

#include "../IR/OnnxProto.h"

#include "llvm/Support/MathExtras.h"

#include "onnx/defs/data_type_utils.h"

#include <map>

using namespace mlir;
using ::onnx::OpSchema;

namespace tegula::frontend {

LogicalResult Importer::checkNode(const ::onnx::NodeProto &node) {
  const ImportLimits &limits = options.limits;
  auto isLong = [&](StringRef name) {
    return int64_t(name.size()) > limits.nameBytes;
  };
  if (isLong(node.name()) || isLong(node.op_type()) || isLong(node.domain()) ||
      llvm::any_of(node.output(), isLong))
    return emitError(unknown) << "a node or its output has a name of more than "
                              << limits.nameBytes << " bytes";
  Location loc = locationOf(node);
  if (++numNodes > limits.nodes)
    return emitError(loc) << "the model has more than " << limits.nodes
                          << " nodes, functions expanded";
  if (node.input_size() > limits.inputsPerNode)
    return emitError(loc) << "the node has " << node.input_size()
                          << " inputs; the limit is " << limits.inputsPerNode;
  // Names that begin with a newline are the importer's own.
  auto isOdd = [](StringRef name) {
    return name.starts_with("\n") || name.contains('\0');
  };
  if (!caller && llvm::any_of(node.output(), isOdd))
    return emitError(loc) << "the name of an output begins with a newline or "
                             "holds a zero byte";
  return success();
}

LogicalResult Importer::checkType(Type type, StringRef name, Location loc) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return success();
  if (tensor.getRank() > options.limits.rank)
    return emitError(loc) << "tensor '" << name << "' has rank "
                          << tensor.getRank() << "; the limit is "
                          << options.limits.rank;
  int64_t count = 1;
  for (int64_t extent : tensor.getShape()) {
    if (ShapedType::isDynamic(extent) || extent == 0)
      continue;
    if (extent < 0 || llvm::MulOverflow(count, extent, count) ||
        count > options.limits.tensorElements)
      return emitError(loc)
             << "tensor '" << name << "' of type " << type << " has more than "
             << options.limits.tensorElements << " elements";
  }
  return success();
}

LogicalResult checkOperandTypes(const OpSchema &schema,
                                ArrayRef<Value> operands, Location loc) {
  std::map<std::string, ::onnx::DataType> bound;
  const auto &parameters = schema.inputs();
  for (auto [index, operand] : llvm::enumerate(operands)) {
    if (onnx::isAbsent(operand) || parameters.empty())
      continue;
    const OpSchema::FormalParameter &parameter =
        parameters[std::min(index, parameters.size() - 1)];
    ::onnx::DataType type;
    try {
      type = ::onnx::Utils::DataTypeUtils::ToType(
          onnx::typeToProto(operand.getType()));
    } catch (const std::exception &) {
      return emitError(loc)
             << "input " << index << " of " << schema.Name() << " has type "
             << operand.getType() << ", which ONNX does not know";
    }
    if (!parameter.GetTypes().empty() && !parameter.GetTypes().count(type))
      return emitError(loc) << "input '" << parameter.GetName() << "' of "
                            << schema.Name() << " cannot be " << *type;
    if (!parameter.GetIsHomogeneous())
      continue;
    auto [found, isNew] = bound.try_emplace(parameter.GetTypeStr(), type);
    if (!isNew && found->second != type)
      return emitError(loc)
             << "inputs of " << schema.Name() << " should have one type; found "
             << *found->second << " and, for '" << parameter.GetName() << "', "
             << *type;
  }
  return success();
}

} // namespace tegula::frontend
