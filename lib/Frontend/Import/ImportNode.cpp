//===- ImportNode.cpp - Nodes to operations -------------------------------===//

#include "Importer.h"

#include "../IR/OnnxProto.h"
#include "tegula/Frontend/IR/ShapeInference.h"

#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using ::onnx::AttributeProto;
using ::onnx::NodeProto;
using ::onnx::OpSchema;

namespace tegula::frontend {

/// "Conv_12 (Conv)": the node's own name, or that of its first output.
Location Importer::locationOf(const NodeProto &node) {
  StringRef name = node.name();
  if (name.empty() && node.output_size() > 0)
    name = node.output(0);
  std::string text = (name + " (" + node.op_type() + ")").str();
  StringAttr named = builder.getStringAttr(text);
  return caller ? NameLoc::get(named, *caller) : NameLoc::get(named);
}

/// Whether `node` must be copied before it is read: ONNX's domain under its
/// other name, or attributes that stand for those of a function's call.
static bool isIndirect(const NodeProto &node) {
  return node.domain() == "ai.onnx" ||
         llvm::any_of(node.attribute(), [](const AttributeProto &attribute) {
           return !attribute.ref_attr_name().empty();
         });
}

/// `node` with the attributes that the innermost call binds.
static std::shared_ptr<NodeProto>
resolved(const NodeProto &node,
         const llvm::StringMap<const AttributeProto *> *bound) {
  auto copy = std::make_shared<NodeProto>(node);
  if (copy->domain() == "ai.onnx")
    copy->clear_domain();
  copy->clear_attribute();
  for (const AttributeProto &attribute : node.attribute()) {
    if (attribute.ref_attr_name().empty()) {
      *copy->add_attribute() = attribute;
      continue;
    }
    // What the caller leaves out has its default.
    const AttributeProto *value =
        bound ? bound->lookup(attribute.ref_attr_name()) : nullptr;
    if (!value)
      continue;
    AttributeProto *added = copy->add_attribute();
    *added = *value;
    added->set_name(attribute.name());
    added->clear_ref_attr_name();
  }
  return copy;
}

LogicalResult Importer::importNode(const NodeProto &node) {
  if (isIndirect(node)) {
    std::shared_ptr<NodeProto> copy =
        resolved(node, bound.empty() ? nullptr : &bound.back());
    llvm::SaveAndRestore keep(owner, std::shared_ptr<const void>(copy));
    return importNode(*copy);
  }
  if (failed(checkNode(node)))
    return failure();
  if (!functions.empty()) {
    std::string key =
        node.domain() + ":" + node.op_type() + ":" + node.overload();
    if (auto function = functions.find(key); function != functions.end())
      return importFunctionCall(node, *function->second);
  }
  if (node.domain().empty() && needsUpgrade(node, versionOf("")))
    return importOlder(node);
  return importUpgraded(node);
}

LogicalResult Importer::importOlder(const NodeProto &node) {
  auto typeOf = [&](StringRef name) {
    Value value = lookup(name);
    return value ? value.getType() : Type();
  };
  auto upgraded = std::make_shared<std::vector<NodeProto>>();
  if (llvm::Error error =
          upgradeNode(node, versionOf(""),
                      {[&] { return freshName(); }, typeOf}, *upgraded))
    return emitError(locationOf(node)) << llvm::toString(std::move(error));
  llvm::SaveAndRestore keep(owner, std::shared_ptr<const void>(upgraded));
  for (const NodeProto &step : *upgraded)
    if (failed(importUpgraded(step)))
      return failure();
  return success();
}

LogicalResult Importer::importUpgraded(const NodeProto &node) {
  if (node.domain().empty() && node.op_type() == "Constant")
    return importConstant(node);
  const OpSchema *schema =
      ::onnx::OpSchemaRegistry::Schema(node.op_type(), node.domain());
  bool inDialect =
      schema &&
      RegisteredOperationName::lookup(
          "onnx." +
              std::string(node.domain() == "ai.onnx.ml"        ? "ml."
                          : node.domain() == "ai.onnx.preview" ? "preview."
                          : node.domain() == "ai.onnx.preview.training"
                              ? "training."
                              : "") +
              node.op_type(),
          builder.getContext());
  if (inDialect)
    return importSchemaNode(node, *schema);
  // ONNX Runtime registers some of its operators in ONNX's domain.
  if (node.domain().empty() || node.domain() == "com.microsoft") {
    auto function = microsoftFunction(node);
    if (!function)
      return emitError(locationOf(node))
             << llvm::toString(function.takeError());
    if (*function) {
      llvm::SaveAndRestore keep(owner, std::shared_ptr<const void>(*function));
      return importFunctionCall(node, **function);
    }
  }
  if (node.domain().empty())
    return emitError(locationOf(node))
           << "ONNX has no operator '" << node.op_type() << "' in operator set "
           << versionOf("");
  return importCustom(node);
}

/// Every form of Constant becomes a weight.
LogicalResult Importer::importConstant(const NodeProto &node) {
  Location loc = locationOf(node);
  if (node.attribute_size() != 1 || node.output_size() != 1)
    return emitError(loc, "Constant must have one attribute and one output");
  const AttributeProto &attribute = node.attribute(0);
  ElementsAttr value;
  auto vectorType = [&](int64_t size, Type element) {
    return RankedTensorType::get({size}, element);
  };
  if (attribute.has_t()) {
    value = importTensor(attribute.t(), owner, directory, options.limits, loc);
  } else if (attribute.has_sparse_tensor()) {
    value = importSparseTensor(attribute.sparse_tensor(), options.limits, loc);
  } else if (attribute.name() == "value_int") {
    value = DenseElementsAttr::get(
        RankedTensorType::get({}, builder.getI64Type()), attribute.i());
  } else if (attribute.name() == "value_ints") {
    SmallVector<int64_t> ints(attribute.ints().begin(), attribute.ints().end());
    value = DenseElementsAttr::get(
        vectorType(ints.size(), builder.getI64Type()), ArrayRef(ints));
  } else if (attribute.name() == "value_float") {
    value = DenseElementsAttr::get(
        RankedTensorType::get({}, builder.getF32Type()), attribute.f());
  } else if (attribute.name() == "value_floats") {
    SmallVector<float> floats(attribute.floats().begin(),
                              attribute.floats().end());
    value = DenseElementsAttr::get(
        vectorType(floats.size(), builder.getF32Type()), ArrayRef(floats));
  } else if (attribute.name() == "value_string" ||
             attribute.name() == "value_strings") {
    SmallVector<StringRef> texts;
    if (attribute.name() == "value_string")
      texts.push_back(attribute.s());
    for (const std::string &text : attribute.strings())
      texts.push_back(text);
    Type element = onnx::StringType::get(builder.getContext());
    auto type = attribute.name() == "value_string"
                    ? RankedTensorType::get({}, element)
                    : vectorType(texts.size(), element);
    value = DenseElementsAttr::get(type, ArrayRef(texts));
  } else {
    return emitError(loc) << "Constant has an attribute '" << attribute.name()
                          << "', which is none of ONNX's";
  }
  if (!value)
    return failure();
  Operation *op =
      onnx::WeightOp::create(builder, loc, value.getType(), ValueRange{},
                             builder.getNamedAttr("value", value));
  return bindResults(node, op);
}

LogicalResult
Importer::importFunctionCall(const NodeProto &node,
                             const ::onnx::FunctionProto &function) {
  Location loc = locationOf(node);
  if (++callDepth > options.limits.callDepth)
    return emitError(loc) << "functions call each other more than "
                          << options.limits.callDepth << " deep; is '"
                          << function.name() << "' recursive?";
  Scope scope;
  for (auto [index, formal] : llvm::enumerate(function.input())) {
    Value value;
    if (int(index) < node.input_size() && !node.input(index).empty()) {
      value = lookup(node.input(index));
      if (!value)
        return emitError(loc) << "input '" << node.input(index)
                              << "' is not defined before its use";
    } else {
      value = onnx::NoValueOp::create(
          builder, loc, TypeRange(builder.getNoneType()), ValueRange{});
    }
    scope[formal] = value;
  }
  llvm::StringMap<const AttributeProto *> attributes;
  for (const auto &attribute : function.attribute_proto())
    attributes[attribute.name()] = &attribute;
  for (const auto &attribute : node.attribute())
    attributes[attribute.name()] = &attribute;
  llvm::StringMap<int64_t> versions = opsets.back();
  for (const auto &import : function.opset_import())
    versions[import.domain() == "ai.onnx" ? "" : import.domain()] =
        import.version();

  // The body sees its own names only.
  SmallVector<Scope> callers;
  std::swap(callers, scopes);
  scopes.push_back(std::move(scope));
  opsets.push_back(std::move(versions));
  bound.push_back(std::move(attributes));
  LogicalResult result = success();
  for (const NodeProto &inner : function.node())
    if (succeeded(result))
      result = importNode(inner);
  Scope body = std::move(scopes.back());
  std::swap(callers, scopes);
  opsets.pop_back();
  bound.pop_back();
  --callDepth;
  if (failed(result))
    return failure();
  for (auto [index, name] : llvm::enumerate(node.output())) {
    if (name.empty())
      continue;
    Value value = int(index) < function.output_size()
                      ? body.lookup(function.output(index))
                      : Value();
    if (!value)
      return emitError(loc) << "function '" << function.name()
                            << "' does not define its output " << index;
    scopes.back()[name] = value;
  }
  return success();
}

LogicalResult Importer::importOperands(const NodeProto &node,
                                       const OpSchema *schema,
                                       SmallVectorImpl<Value> &operands) {
  Location loc = locationOf(node);
  for (const std::string &name : node.input()) {
    Value value;
    if (name.empty())
      value = onnx::NoValueOp::create(
          builder, loc, TypeRange(builder.getNoneType()), ValueRange{});
    else if (!(value = lookup(name)))
      return emitError(loc) << "input '" << name
                            << "' is not defined before its use: the graph is "
                               "cyclic, not sorted or incomplete";
    operands.push_back(value);
  }
  if (!schema)
    return success();
  if (node.input_size() < schema->min_input() ||
      node.input_size() > schema->max_input())
    return emitError(loc) << schema->Name() << " takes " << schema->min_input()
                          << " to " << schema->max_input() << " inputs; found "
                          << node.input_size();
  for (size_t i = operands.size(); i < schema->inputs().size(); ++i)
    if (schema->inputs()[i].GetOption() != OpSchema::Variadic)
      operands.push_back(onnx::NoValueOp::create(
          builder, loc, TypeRange(builder.getNoneType()), ValueRange{}));
  return success();
}

FailureOr<Attribute> Importer::importAttribute(const AttributeProto &attribute,
                                               Location loc) {
  switch (attribute.type()) {
  case AttributeProto::INT:
    return Attribute(
        builder.getIntegerAttr(builder.getIntegerType(64, true),
                               APInt(64, attribute.i(), /*isSigned=*/true)));
  case AttributeProto::FLOAT:
    return Attribute(builder.getF32FloatAttr(attribute.f()));
  case AttributeProto::STRING:
    return Attribute(builder.getStringAttr(attribute.s()));
  case AttributeProto::INTS:
    return Attribute(builder.getDenseI64ArrayAttr(SmallVector<int64_t>(
        attribute.ints().begin(), attribute.ints().end())));
  case AttributeProto::FLOATS:
    return Attribute(builder.getDenseF32ArrayAttr(SmallVector<float>(
        attribute.floats().begin(), attribute.floats().end())));
  case AttributeProto::STRINGS: {
    SmallVector<StringRef> texts(attribute.strings().begin(),
                                 attribute.strings().end());
    return Attribute(builder.getStrArrayAttr(texts));
  }
  case AttributeProto::TENSOR:
    if (ElementsAttr value =
            importTensor(attribute.t(), owner, directory, options.limits, loc))
      return Attribute(value);
    return failure();
  case AttributeProto::TYPE_PROTO:
    if (Type type = importType(attribute.tp()))
      return Attribute(TypeAttr::get(type));
    return emitError(loc) << "attribute '" << attribute.name()
                          << "' is a type that Tegula does not know";
  default:
    return emitError(loc) << "attribute '" << attribute.name()
                          << "' is of a kind that Tegula does not read";
  }
}

LogicalResult Importer::importAttributes(const NodeProto &node,
                                         const OpSchema &schema,
                                         OperationState &state) {
  for (const AttributeProto &given : node.attribute()) {
    if (given.has_g())
      continue;
    auto known = schema.attributes().find(given.name());
    if (known == schema.attributes().end())
      return emitError(state.location)
             << schema.Name() << " has no attribute '" << given.name() << "'";
    if (known->second.type != given.type())
      return emitError(state.location)
             << "attribute '" << given.name() << "' should be of type "
             << AttributeProto::AttributeType_Name(known->second.type)
             << ", found " << AttributeProto::AttributeType_Name(given.type());
    FailureOr<Attribute> value = importAttribute(given, state.location);
    if (failed(value))
      return failure();
    state.addAttribute(given.name(), *value);
  }
  for (const auto &[name, known] : schema.attributes())
    if (known.required && known.type != AttributeProto::GRAPH &&
        !state.attributes.get(name))
      return emitError(state.location)
             << schema.Name() << " needs attribute '" << name << "'";
  return success();
}

/// Types for results of which nothing is known but that they are tensors, as
/// the first operand is.
static SmallVector<Type> unknownTypes(Operation *op) {
  Type unknown;
  if (op->getNumOperands() > 0)
    if (auto tensor = dyn_cast<TensorType>(op->getOperand(0).getType()))
      unknown = UnrankedTensorType::get(tensor.getElementType());
  return SmallVector<Type>(op->getNumResults(), unknown);
}

/// `inferred` with the rank that the model declares where it has none. Extents
/// that only the model states are not believed: no check would find them wrong.
static Type withRank(Type inferred, Type declared) {
  auto open = dyn_cast_or_null<UnrankedTensorType>(inferred);
  auto stated = dyn_cast_or_null<RankedTensorType>(declared);
  if (!open || !stated || open.getElementType() != stated.getElementType())
    return inferred;
  SmallVector<int64_t> shape(stated.getRank(), ShapedType::kDynamic);
  return RankedTensorType::get(shape, open.getElementType());
}

LogicalResult Importer::setResultTypes(const NodeProto &node, Operation *op) {
  SmallVector<bool> present;
  for (size_t i = 0; i < op->getNumResults(); ++i)
    present.push_back(int(i) < node.output_size() && !node.output(i).empty());
  std::string message;
  FailureOr<SmallVector<Type>> types =
      onnx::inferResultTypes(op, present, branchDepth > 0 ? &message : nullptr);
  if (failed(types) && branchDepth == 0)
    return failure();
  if (failed(types))
    types = unknownTypes(op);
  for (auto [index, result] : llvm::enumerate(op->getResults())) {
    Type type = (*types)[index];
    if (!type && present[index])
      type = declared.lookup(node.output(index));
    else if (present[index])
      type = withRank(type, declared.lookup(node.output(index)));
    if (!present[index])
      type = builder.getNoneType();
    if (!type)
      return op->emitError() << "the type of output '" << node.output(index)
                             << "' cannot be inferred";
    StringRef name = present[index] ? StringRef(node.output(index)) : "";
    if (failed(checkType(type, name, op->getLoc())))
      return failure();
    result.setType(type);
  }
  return success();
}

LogicalResult Importer::bindResults(const NodeProto &node, Operation *op) {
  for (auto [index, name] : llvm::enumerate(node.output())) {
    if (name.empty() || index >= op->getNumResults())
      continue;
    if (!scopes.back().try_emplace(name, op->getResult(index)).second)
      return op->emitError() << "two values are named '" << name << "'";
  }
  return success();
}

LogicalResult Importer::importSchemaNode(const NodeProto &node,
                                         const OpSchema &schema) {
  Location loc = locationOf(node);
  SmallVector<Value> operands;
  if (failed(importOperands(node, &schema, operands)))
    return failure();
  StringRef prefix = llvm::StringSwitch<StringRef>(node.domain())
                         .Case("ai.onnx.ml", "ml.")
                         .Case("ai.onnx.preview", "preview.")
                         .Case("ai.onnx.preview.training", "training.")
                         .Default("");
  OperationState state(loc, ("onnx." + prefix + node.op_type()).str());
  state.addOperands(operands);
  if (failed(checkOperandTypes(schema, operands, loc)) ||
      failed(importAttributes(node, schema, state)) ||
      failed(importRegions(node, schema, operands, state)))
    return failure();
  size_t numResults =
      std::max<size_t>(node.output_size(), schema.outputs().size());
  if (!schema.outputs().empty() &&
      schema.outputs().back().GetOption() == OpSchema::Variadic)
    numResults = node.output_size();
  state.addTypes(SmallVector<Type>(numResults, builder.getNoneType()));
  Operation *op = builder.create(state);
  if (failed(setResultTypes(node, op)))
    return failure();
  return bindResults(node, op);
}

LogicalResult Importer::importCustom(const NodeProto &node) {
  Location loc = locationOf(node);
  SmallVector<Value> operands;
  if (failed(importOperands(node, nullptr, operands)))
    return failure();
  OperationState state(loc, onnx::CustomOp::getOperationName());
  state.addOperands(operands);
  state.addAttribute("domain", builder.getStringAttr(node.domain()));
  state.addAttribute("op_type", builder.getStringAttr(node.op_type()));
  for (const AttributeProto &attribute : node.attribute()) {
    FailureOr<Attribute> value = importAttribute(attribute, loc);
    if (failed(value))
      return failure();
    state.addAttribute(attribute.name(), *value);
  }
  state.addTypes(SmallVector<Type>(node.output_size(), builder.getNoneType()));
  Operation *op = builder.create(state);
  if (failed(setResultTypes(node, op)))
    return failure();
  return bindResults(node, op);
}

} // namespace tegula::frontend
