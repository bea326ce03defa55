//===- ImportGraph.cpp - Graphs, initialisers and subgraphs ---------------===//

#include "Importer.h"

#include "../IR/OnnxProto.h"
#include "tegula/Frontend/IR/ShapeInference.h"

using namespace mlir;

namespace tegula::frontend {

Value Importer::lookup(StringRef name) {
  for (Scope &scope : llvm::reverse(scopes))
    if (auto found = scope.find(name); found != scope.end())
      return found->second;
  return captured.lookup(name);
}

std::string Importer::freshName() {
  // A newline cannot be in a name of a checked model.
  return "\n" + std::to_string(numFresh++);
}

int64_t Importer::versionOf(StringRef domain) const {
  auto found = opsets.back().find(domain);
  if (found != opsets.back().end())
    return found->second;
  return domain.empty() ? onnx::newestOpset() : 1;
}

LogicalResult Importer::importInitializers(const ::onnx::GraphProto &graph) {
  auto define = [&](StringRef name, ElementsAttr value,
                    Location loc) -> LogicalResult {
    if (!value)
      return failure();
    Value weight =
        onnx::WeightOp::create(builder, loc, value.getType(), ValueRange{},
                               builder.getNamedAttr("value", value));
    if (!scopes.back().try_emplace(name, weight).second)
      return emitError(loc) << "two values are named '" << name << "'";
    return success();
  };
  bool isMain = &graph == &model->graph();
  for (auto [index, tensor] : llvm::enumerate(graph.initializer())) {
    Location loc = NameLoc::get(builder.getStringAttr(tensor.name()));
    ArrayRef<char> raw;
    if (isMain)
      raw = data.weights.lookup(index);
    if (failed(define(tensor.name(),
                      importTensor(tensor, raw.empty() ? owner : data.file,
                                   directory, options.limits, loc, raw),
                      loc)))
      return failure();
  }
  for (const auto &tensor : graph.sparse_initializer()) {
    Location loc = NameLoc::get(builder.getStringAttr(tensor.values().name()));
    if (failed(define(tensor.values().name(),
                      importSparseTensor(tensor, options.limits, loc), loc)))
      return failure();
  }
  return success();
}

LogicalResult Importer::importGraphBody(const ::onnx::GraphProto &graph,
                                        SmallVectorImpl<Value> &outputs) {
  for (const auto &value : graph.value_info())
    declared[value.name()] = importType(value.type());
  for (const auto &value : graph.output())
    declared[value.name()] = importType(value.type());
  if (failed(importInitializers(graph)))
    return failure();
  for (const auto &node : graph.node())
    if (failed(importNode(node)))
      return failure();
  for (const auto &output : graph.output()) {
    Value value = lookup(output.name());
    if (!value)
      return emitError(unknown)
             << "graph '" << graph.name() << "' returns '" << output.name()
             << "', which no node, input or initialiser defines";
    outputs.push_back(value);
  }
  return success();
}

LogicalResult Importer::importRegion(const ::onnx::GraphProto &graph,
                                     ArrayRef<Type> argumentTypes,
                                     Region &region, Location loc) {
  if (++graphDepth > options.limits.graphDepth)
    return emitError(loc) << "graphs are nested more than "
                          << options.limits.graphDepth << " deep";
  OpBuilder::InsertionGuard guard(builder);
  Block *block = builder.createBlock(&region);
  scopes.emplace_back();
  for (auto [input, type] : llvm::zip_equal(graph.input(), argumentTypes))
    scopes.back()[input.name()] = block->addArgument(type, loc);
  SmallVector<Value> outputs;
  LogicalResult result = importGraphBody(graph, outputs);
  if (succeeded(result))
    onnx::YieldOp::create(builder, loc, TypeRange(), outputs);
  scopes.pop_back();
  --graphDepth;
  return result;
}

/// The type that holds values of both: differing extents become dynamic.
static Type joined(Type a, Type b) {
  auto first = dyn_cast<RankedTensorType>(a);
  auto second = dyn_cast<RankedTensorType>(b);
  if (a == b || !isa<TensorType>(a) || !isa<TensorType>(b))
    return a;
  if (!first || !second || first.getRank() != second.getRank())
    return UnrankedTensorType::get(cast<TensorType>(a).getElementType());
  SmallVector<int64_t> shape;
  for (auto [x, y] : llvm::zip(first.getShape(), second.getShape()))
    shape.push_back(x == y ? x : ShapedType::kDynamic);
  return RankedTensorType::get(shape, first.getElementType());
}

/// The type of one element of a Scan's input: its shape without `axis`.
static Type withoutAxis(Type type, int64_t axis) {
  auto ranked = dyn_cast<RankedTensorType>(type);
  if (!ranked || ranked.getRank() == 0)
    return type;
  SmallVector<int64_t> shape(ranked.getShape());
  axis = axis < 0 ? axis + ranked.getRank() : axis;
  if (axis >= 0 && axis < ranked.getRank())
    shape.erase(shape.begin() + axis);
  return RankedTensorType::get(shape, ranked.getElementType());
}

/// Loop and Scan: the values carried from one iteration to the next have the
/// types of the initial values, widened until the body returns what it takes.
LogicalResult Importer::importCarried(const ::onnx::NodeProto &node,
                                      const ::onnx::GraphProto &body,
                                      ArrayRef<Value> operands, Region &region,
                                      Location loc) {
  bool isLoop = node.op_type() == "Loop";
  int64_t numScanInputs = 0;
  SmallVector<int64_t> axes;
  for (const auto &attribute : node.attribute()) {
    if (attribute.name() == "num_scan_inputs")
      numScanInputs = attribute.i();
    if (attribute.name() == "scan_input_axes")
      axes.assign(attribute.ints().begin(), attribute.ints().end());
  }
  if (numScanInputs < 0 || numScanInputs > int64_t(operands.size()))
    return emitError(loc) << "Scan has " << operands.size()
                          << " inputs, but num_scan_inputs is "
                          << numScanInputs;
  SmallVector<Type> types;
  if (isLoop) {
    types.push_back(RankedTensorType::get({}, builder.getI64Type()));
    types.push_back(RankedTensorType::get({}, builder.getI1Type()));
    operands = operands.drop_front(std::min<size_t>(2, operands.size()));
  }
  size_t first = types.size();
  size_t numCarried = operands.size() - numScanInputs;
  for (auto [index, value] : llvm::enumerate(operands)) {
    int64_t axis = index < numCarried || axes.empty()
                       ? 0
                       : axes[std::min(index - numCarried, axes.size() - 1)];
    types.push_back(index < numCarried ? value.getType()
                                       : withoutAxis(value.getType(), axis));
  }
  if (types.size() != size_t(body.input_size()))
    return emitError(loc) << node.op_type() << " gives its body "
                          << types.size() << " inputs, but the body takes "
                          << body.input_size();
  for (int attempt = 0; attempt < 4; ++attempt) {
    if (failed(importRegion(body, types, region, loc)))
      return failure();
    ValueRange yielded = region.front().getTerminator()->getOperands();
    yielded = yielded.drop_front(std::min<size_t>(isLoop, yielded.size()));
    bool stable = true;
    for (size_t i = 0; i < std::min(numCarried, yielded.size()); ++i) {
      Type wider = joined(types[first + i], yielded[i].getType());
      stable &= wider == types[first + i];
      types[first + i] = wider;
    }
    if (stable)
      return success();
    region.dropAllReferences();
    region.getBlocks().clear();
  }
  return emitError(loc) << "the shapes that " << node.op_type()
                        << " carries do not settle";
}

LogicalResult Importer::importRegions(const ::onnx::NodeProto &node,
                                      const ::onnx::OpSchema &schema,
                                      ArrayRef<Value> operands,
                                      OperationState &state) {
  // Regions stand in the order of the attributes' names; one that the node
  // leaves out is empty.
  for (const auto &[name, known] : schema.attributes()) {
    if (known.type != ::onnx::AttributeProto::GRAPH)
      continue;
    const ::onnx::GraphProto *graph = nullptr;
    for (const auto &attribute : node.attribute())
      if (attribute.name() == name && attribute.has_g())
        graph = &attribute.g();
    Region *region = state.addRegion();
    if (!graph) {
      if (known.required)
        return emitError(state.location)
               << schema.Name() << " needs the graph '" << name << "'";
      continue;
    }
    bool carries = node.op_type() == "Loop" || node.op_type() == "Scan";
    if (carries) {
      if (failed(
              importCarried(node, *graph, operands, *region, state.location)))
        return failure();
      continue;
    }
    SmallVector<Type> types;
    for (const auto &input : graph->input()) {
      Type type = importType(input.type());
      if (!type)
        return emitError(state.location)
               << "input '" << input.name() << "' of the graph has no type";
      types.push_back(type);
    }
    bool isBranch = node.op_type() == "If";
    branchDepth += isBranch;
    LogicalResult result = importRegion(*graph, types, *region, state.location);
    branchDepth -= isBranch;
    if (failed(result))
      return failure();
  }
  return success();
}

} // namespace tegula::frontend
