//===- ExportModel.cpp - The onnx dialect to ONNX files -------------------===//

#include "tegula/Frontend/ExportModel.h"

#include "../IR/OnnxProto.h"
#include "GraphWriter.h"
#include "tegula/Frontend/IR/Onnx.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;

namespace tegula::frontend {

/// The IR version that goes with ONNX's newest operator sets.
static constexpr int64_t irVersion = 10;

/// Type and dimension names of an argument or a result.
static void describe(Type type, DictionaryAttr attributes,
                     ::onnx::ValueInfoProto &info) {
  *info.mutable_type() = onnx::typeToProto(type);
  auto dims = attributes ? attributes.getAs<ArrayAttr>("onnx.dims") : nullptr;
  if (!dims || !info.type().tensor_type().has_shape())
    return;
  auto *shape = info.mutable_type()->mutable_tensor_type()->mutable_shape();
  for (int i = 0; i < shape->dim_size() && i < int(dims.size()); ++i)
    if (auto name = dyn_cast<StringAttr>(dims[i]))
      if (!shape->dim(i).has_dim_value() && !name.empty())
        shape->mutable_dim(i)->set_dim_param(name.str());
}

static StringRef givenName(DictionaryAttr attributes) {
  auto name = attributes ? attributes.getAs<StringAttr>("onnx.name") : nullptr;
  return name ? name.getValue() : "";
}

/// Outputs must be distinct values that nodes make: others get an Identity.
static void writeOutputs(func::FuncOp function, GraphWriter &writer,
                         ::onnx::GraphProto &graph) {
  Operation *ret = function.getBody().front().getTerminator();
  llvm::StringSet<> used;
  for (auto [index, value] : llvm::enumerate(ret->getOperands())) {
    auto *output = graph.add_output();
    describe(value.getType(), function.getResultAttrDict(index), *output);
    std::string name = givenName(function.getResultAttrDict(index)).str();
    std::string source = writer.nameOf(value);
    if (name.empty())
      name = "output" + std::to_string(index);
    if (source != name) {
      ::onnx::NodeProto *copy = graph.add_node();
      copy->set_op_type("Identity");
      copy->add_input(source);
      copy->add_output(name);
    }
    output->set_name(name);
  }
}

LogicalResult exportModel(ModuleOp module, raw_ostream &out) {
  auto function = module.lookupSymbol<func::FuncOp>("main");
  if (!function || function.isExternal())
    return module.emitError("there is no function @main to export");
  WalkResult walk = function.walk([&](Operation *op) {
    if (isa<func::FuncOp, func::ReturnOp>(op) ||
        isa_and_nonnull<onnx::OnnxDialect>(op->getDialect()))
      return WalkResult::advance();
    op->emitError("is no ONNX operator: a module can be exported before it is "
                  "lowered only");
    return WalkResult::interrupt();
  });
  if (walk.wasInterrupted())
    return failure();

  ::onnx::ModelProto model;
  model.set_ir_version(irVersion);
  model.set_producer_name("tegula");
  auto *opset = model.add_opset_import();
  opset->set_version(onnx::newestOpset());
  llvm::StringSet<> domains;
  function.walk([&](Operation *op) {
    if (!isa_and_nonnull<onnx::OnnxDialect>(op->getDialect()))
      return;
    StringRef domain = onnx::operatorDomain(op);
    if (domain.empty() || !domains.insert(domain).second)
      return;
    auto *import = model.add_opset_import();
    import->set_domain(domain.str());
    import->set_version(onnx::newestOpset(domain));
  });
  ::onnx::GraphProto &graph = *model.mutable_graph();
  auto name = module->getAttrOfType<StringAttr>("onnx.model");
  graph.set_name(name ? name.str() : "main");

  GraphWriter writer("value_");
  Operation *ret = function.getBody().front().getTerminator();
  for (BlockArgument argument : function.getArguments()) {
    DictionaryAttr attributes =
        function.getArgAttrDict(argument.getArgNumber());
    if (StringRef given = givenName(attributes); !given.empty())
      writer.setName(argument, given);
    auto *input = graph.add_input();
    input->set_name(writer.nameOf(argument));
    describe(argument.getType(), attributes, *input);
  }
  for (auto [index, value] : llvm::enumerate(ret->getOperands()))
    if (StringRef given = givenName(function.getResultAttrDict(index));
        !given.empty() && value.getDefiningOp() && !writer.names().count(value))
      writer.setName(value, given);
  writer.appendBody(function.getBody().front(), graph);
  writeOutputs(function, writer, graph);

  std::string bytes;
  if (model.ByteSizeLong() > INT32_MAX || !model.SerializeToString(&bytes))
    return module.emitError("the model is larger than the 2 GiB that a "
                            "protobuf may have");
  out << bytes;
  return success();
}

} // namespace tegula::frontend
