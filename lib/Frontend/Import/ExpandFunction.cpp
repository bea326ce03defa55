//===- ExpandFunction.cpp - Operators as their function bodies ------------===//

#include "ExpandFunction.h"

#include "../Export/GraphWriter.h"
#include "../IR/OnnxProto.h"
#include "Importer.h"

#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using ::onnx::AttributeProto;
using ::onnx::FunctionProto;
using ::onnx::NodeProto;
using ::onnx::OpSchema;

namespace tegula::frontend {

static const OpSchema *schemaOf(Operation *op) {
  return ::onnx::OpSchemaRegistry::Schema(onnx::operatorName(op).str(),
                                          onnx::operatorDomain(op).str());
}

bool hasFunctionBody(Operation *op) {
  const OpSchema *schema = schemaOf(op);
  return schema &&
         (schema->HasFunction() || schema->HasContextDependentFunction());
}

/// Attributes that the node leaves out have the schema's defaults in the body.
static void addDefaults(const OpSchema &schema, NodeProto &node) {
  for (const auto &entry : schema.attributes()) {
    const std::string &name = entry.first;
    const OpSchema::Attribute &known = entry.second;
    bool given = llvm::any_of(node.attribute(), [&](const auto &attribute) {
      return attribute.name() == name;
    });
    if (given || known.default_value.type() == AttributeProto::UNDEFINED)
      continue;
    AttributeProto *added = node.add_attribute();
    *added = known.default_value;
    added->set_name(name);
  }
}

/// The body that suits `node`; false when ONNX has none.
static bool buildBody(Operation *op, const OpSchema &schema, NodeProto &node,
                      FunctionProto &function) {
  int version = schema.domain().empty() ? int(onnx::newestOpset())
                                        : OpSchema::kUninitializedSinceVersion;
  std::vector<::onnx::TypeProto> types;
  for (int i = 0; i < node.input_size(); ++i)
    types.push_back(onnx::typeToProto(op->getOperand(i).getType()));
  try {
    if (schema.HasFunction()) {
      const FunctionProto *body = schema.GetFunction(version);
      if (!body)
        return false;
      function = *body;
      addDefaults(schema, node);
      return true;
    }
    ::onnx::FunctionBodyBuildContextImpl context(node, types);
    bool built =
        schema.BuildContextDependentFunction(context, function, version);
    addDefaults(schema, node);
    return built;
  } catch (const std::exception &) {
    return false;
  }
}

FailureOr<SmallVector<Value>> Importer::expand(Operation *op) {
  const OpSchema *schema = schemaOf(op);
  GraphWriter writer("\nvalue");
  auto node = std::make_shared<NodeProto>(writer.node(op));
  auto function = std::make_shared<FunctionProto>();
  if (!schema || !buildBody(op, *schema, *node, *function))
    return SmallVector<Value>();
  auto kept = std::make_shared<
      std::pair<std::shared_ptr<NodeProto>, std::shared_ptr<FunctionProto>>>(
      node, function);
  llvm::SaveAndRestore keep(owner, std::shared_ptr<const void>(kept));
  builder.setInsertionPoint(op);
  caller = op->getLoc();
  opsets.emplace_back().try_emplace("", onnx::newestOpset());
  scopes.emplace_back();
  for (auto [value, name] : writer.names()) {
    Operation *within = value.getParentRegion()->getParentOp();
    if (value.getDefiningOp() != op && !op->isAncestor(within))
      captured[name] = scopes.back()[name] = value;
  }
  if (failed(importFunctionCall(*node, *function)))
    return failure();
  SmallVector<Value> results;
  for (size_t i = 0; i < op->getNumResults(); ++i)
    results.push_back(int(i) < node->output_size()
                          ? scopes.back().lookup(node->output(i))
                          : Value());
  return results;
}

FailureOr<SmallVector<Value>> expandFunction(Operation *op) {
  ImportOptions options;
  ModelData data;
  Importer importer(options, /*directory=*/"", data, op->getContext());
  return importer.expand(op);
}

} // namespace tegula::frontend
