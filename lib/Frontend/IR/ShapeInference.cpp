//===- ShapeInference.cpp - Types of an onnx op's results -----------------===//

#include "tegula/Frontend/IR/ShapeInference.h"

#include "OnnxProto.h"
#include "RankInference.h"
#include "tegula/Frontend/IR/Onnx.h"

#include "llvm/Support/FormatVariadic.h"

#include "onnx/defs/schema.h"
#include "onnx/defs/shape_inference.h"

#include <algorithm>
#include <map>
#include <memory>
#include <stdexcept>

using namespace mlir;
using ::onnx::AttributeProto;
using ::onnx::OpSchema;
using ::onnx::TensorProto;
using ::onnx::TensorShapeProto;
using ::onnx::TypeProto;

namespace tegula::onnx {

namespace {

/// Elements beyond which a constant is not shown to inference functions.
constexpr int64_t maxVisibleElements = 65536;

const OpSchema *schemaOf(Operation *op) {
  return ::onnx::OpSchemaRegistry::Schema(operatorName(op).str(),
                                          operatorDomain(op).str());
}

/// Inputs up to the last one that is there.
size_t numPresentOperands(Operation *op) {
  size_t count = op->getNumOperands();
  while (count > 0 && isAbsent(op->getOperand(count - 1)))
    --count;
  return count;
}

/// Attributes of an operation, as protobufs made on demand.
class AttributeCache {
public:
  explicit AttributeCache(Operation *op) : op(op) {}

  const AttributeProto *get(const std::string &name) const {
    auto [found, inserted] = cache.try_emplace(name);
    if (inserted)
      if (Attribute attribute = op->getAttr(name))
        found->second =
            std::make_unique<AttributeProto>(attributeToProto(name, attribute));
    return found->second.get();
  }

private:
  Operation *op;
  mutable std::map<std::string, std::unique_ptr<AttributeProto>> cache;
};

/// The outputs of a region that has been imported: its yield's types.
class RegionInferencer : public ::onnx::GraphInferencer {
public:
  explicit RegionInferencer(Region &region) {
    if (region.empty())
      return;
    for (Value value : region.front().getTerminator()->getOperands())
      types.push_back(typeToProto(value.getType()));
  }

  std::vector<const TypeProto *>
  doInferencing(const std::vector<const TypeProto *> &,
                const std::vector<const TensorProto *> &) override {
    std::vector<const TypeProto *> out;
    for (const TypeProto &type : types)
      out.push_back(&type);
    return out;
  }

private:
  std::vector<TypeProto> types;
};

/// ONNX's view of an operation while it infers.
class OperationInference : public ::onnx::InferenceContext {
public:
  OperationInference(Operation *op, ArrayRef<bool> present)
      : op(op), attributes(op), outputs(present.size()),
        present(present.begin(), present.end()) {
    for (size_t i = 0, e = numPresentOperands(op); i < e; ++i) {
      inputs.push_back(typeToProto(op->getOperand(i).getType()));
      data.push_back(visibleData(op->getOperand(i)));
      symbolic.push_back(visibleShape(op->getOperand(i)));
    }
  }

  const AttributeProto *getAttribute(const std::string &name) const override {
    return attributes.get(name);
  }
  size_t getNumInputs() const override { return inputs.size(); }
  const TypeProto *getInputType(size_t index) const override {
    if (index >= inputs.size() || isAbsent(op->getOperand(index)))
      return nullptr;
    return &inputs[index];
  }
  const TensorProto *getInputData(size_t index) const override {
    return index < data.size() ? data[index].get() : nullptr;
  }
  const ::onnx::SparseTensorProto *getInputSparseData(size_t) const override {
    return nullptr;
  }
  const TensorShapeProto *getSymbolicInput(size_t index) const override {
    return index < symbolic.size() ? symbolic[index].get() : nullptr;
  }
  size_t getNumOutputs() const override { return outputs.size(); }
  TypeProto *getOutputType(size_t index) override {
    return index < outputs.size() ? &outputs[index] : nullptr;
  }
  bool hasOutput(size_t index) override {
    return index < present.size() && present[index];
  }
  ::onnx::GraphInferencer *
  getGraphAttributeInferencer(const std::string &name) override {
    auto &inferencer = regions[name];
    if (!inferencer)
      if (Region *region = regionNamed(name))
        inferencer = std::make_unique<RegionInferencer>(*region);
    return inferencer.get();
  }

private:
  static std::unique_ptr<TensorProto> visibleData(Value value) {
    ElementsAttr constant = constantData(value);
    if (!constant || !isa<DenseElementsAttr>(constant) ||
        constant.getNumElements() > maxVisibleElements)
      return nullptr;
    return std::make_unique<TensorProto>(
        tensorToProto(constant, maxVisibleElements));
  }

  static std::unique_ptr<TensorShapeProto> visibleShape(Value value) {
    auto elements = partialShapeValue(value);
    if (!elements)
      return nullptr;
    auto shape = std::make_unique<TensorShapeProto>();
    for (std::optional<int64_t> element : *elements) {
      auto *dim = shape->add_dim();
      if (element)
        dim->set_dim_value(*element);
    }
    return shape;
  }

  /// ONNX's graph attributes are regions in the order of their names.
  Region *regionNamed(const std::string &name) {
    if (op->getNumRegions() == 0)
      return nullptr;
    unsigned index = 0;
    for (const auto &[known, attribute] : schemaOf(op)->attributes()) {
      if (known == name)
        break;
      index += attribute.type == AttributeProto::GRAPH;
    }
    return index < op->getNumRegions() ? &op->getRegion(index) : nullptr;
  }

  Operation *op;
  AttributeCache attributes;
  std::vector<TypeProto> inputs;
  std::vector<std::unique_ptr<TensorProto>> data;
  std::vector<std::unique_ptr<TensorShapeProto>> symbolic;
  std::vector<TypeProto> outputs;
  SmallVector<bool> present;
  std::map<std::string, std::unique_ptr<RegionInferencer>> regions;
};

using ShapeElements = std::optional<SmallVector<std::optional<int64_t>>>;

/// One question for the value of a shape computation: what was found on the
/// way, and how many more operations may be looked at. Graphs that use a value
/// twice at each step, or that are very deep, cost no more than that.
struct ShapeQuery {
  DenseMap<Value, ShapeElements> known;
  unsigned fuel = 256;
};

ShapeElements shapeElements(Value value, ShapeQuery &query);

/// ONNX's view of an operation while it propagates the values of shapes.
class OperationPropagation : public ::onnx::DataPropagationContext {
public:
  OperationPropagation(Operation *op, ShapeQuery &query)
      : op(op), query(query), attributes(op) {
    for (size_t i = 0, e = numPresentOperands(op); i < e; ++i)
      inputTypes.push_back(typeToProto(op->getOperand(i).getType()));
    for (Type type : op->getResultTypes())
      outputTypes.push_back(typeToProto(type));
    data.resize(inputTypes.size());
  }

  const AttributeProto *getAttribute(const std::string &name) const override {
    return attributes.get(name);
  }
  size_t getNumInputs() const override { return inputTypes.size(); }
  const TypeProto *getInputType(size_t index) const override {
    return index < inputTypes.size() ? &inputTypes[index] : nullptr;
  }
  size_t getNumOutputs() const override { return outputTypes.size(); }
  const TypeProto *getOutputType(size_t index) const override {
    return index < outputTypes.size() ? &outputTypes[index] : nullptr;
  }
  const TensorShapeProto *getInputData(size_t index) override {
    if (index >= data.size())
      return nullptr;
    if (!data[index]) {
      ShapeElements elements = shapeElements(op->getOperand(index), query);
      if (!elements)
        return nullptr;
      data[index] = std::make_unique<TensorShapeProto>();
      for (std::optional<int64_t> element : *elements) {
        auto *dim = data[index]->add_dim();
        if (element)
          dim->set_dim_value(*element);
      }
    }
    return data[index].get();
  }
  void addOutputData(size_t index, TensorShapeProto &&value) override {
    if (index == 0)
      result = std::make_unique<TensorShapeProto>(std::move(value));
  }

  std::unique_ptr<TensorShapeProto> result;

private:
  Operation *op;
  ShapeQuery &query;
  AttributeCache attributes;
  std::vector<TypeProto> inputTypes, outputTypes;
  std::vector<std::unique_ptr<TensorShapeProto>> data;
};

ShapeElements constantElements(ElementsAttr constant) {
  auto dense = dyn_cast<DenseElementsAttr>(constant);
  if (!dense)
    return std::nullopt;
  SmallVector<std::optional<int64_t>> out;
  for (const APInt &value : dense.getValues<APInt>())
    out.push_back(dense.getElementType().isUnsignedInteger()
                      ? static_cast<int64_t>(value.getZExtValue())
                      : value.getSExtValue());
  return out;
}

/// What ONNX's data propagation says about the first result of `op`.
ShapeElements propagated(Operation *op, int64_t count, ShapeQuery &query) {
  const OpSchema *schema = schemaOf(op);
  if (!schema || !schema->has_data_propagation_function())
    return std::nullopt;
  OperationPropagation context(op, query);
  try {
    schema->GetDataPropagationFunction()(context);
  } catch (const std::exception &) {
    return std::nullopt; // Nothing is known then; inference itself reports.
  }
  if (!context.result || context.result->dim_size() != count)
    return std::nullopt;
  SmallVector<std::optional<int64_t>> out;
  for (const auto &dim : context.result->dim())
    out.push_back(dim.has_dim_value() ? std::optional(dim.dim_value())
                                      : std::nullopt);
  return out;
}

ShapeElements shapeElements(Value value, ShapeQuery &query) {
  constexpr int64_t maxElements = 64;
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.getRank() > 1 || !type.hasStaticShape() ||
      type.getNumElements() > maxElements ||
      !isa<IntegerType>(type.getElementType()) ||
      type.getElementType().isInteger(1))
    return std::nullopt;
  if (ElementsAttr constant = constantData(value))
    return constantElements(constant);
  Operation *op = value.getDefiningOp();
  if (!op || op->getNumRegions() != 0 || op->getResult(0) != value)
    return std::nullopt;
  if (auto found = query.known.find(value); found != query.known.end())
    return found->second;
  if (query.fuel == 0)
    return std::nullopt;
  --query.fuel;
  ShapeElements found = propagated(op, type.getNumElements(), query);
  query.known[value] = found;
  return found;
}

} // namespace

std::optional<SmallVector<std::optional<int64_t>>>
partialShapeValue(Value value) {
  ShapeQuery query;
  return shapeElements(value, query);
}

/// ONNX's inference takes the target shape of a Reshape without counting.
static std::string countMismatch(Operation *op, ArrayRef<Type> results) {
  auto reshape = dyn_cast<ReshapeOp>(op);
  if (!reshape)
    return "";
  auto from = dyn_cast<RankedTensorType>(reshape.getData().getType());
  auto to = dyn_cast<RankedTensorType>(results.front());
  if (!from || !to || !from.hasStaticShape() || !to.hasStaticShape() ||
      from.getNumElements() == to.getNumElements())
    return "";
  return llvm::formatv("the input has {0} elements, the new shape {1}",
                       from.getNumElements(), to.getNumElements());
}

/// ONNX's inference of Attention multiplies extents that it does not know as if
/// they were 0.
static void forgetZeroExtents(MutableArrayRef<Type> types) {
  for (Type &type : types) {
    auto tensor = dyn_cast_or_null<RankedTensorType>(type);
    if (!tensor)
      continue;
    SmallVector<int64_t> shape(tensor.getShape());
    std::replace(shape.begin(), shape.end(), int64_t(0), ShapedType::kDynamic);
    type = RankedTensorType::get(shape, tensor.getElementType());
  }
}

/// Of com.microsoft.MatMulNBits, the one operator without a schema that has a
/// lowering: the first operand's with N columns. Null for others.
static Type typeOfNBitsProduct(Operation *op) {
  auto custom = dyn_cast<CustomOp>(op);
  if (!custom || custom.getDomain() != "com.microsoft" ||
      custom.getOpType() != "MatMulNBits" || custom.getInputs().empty())
    return {};
  auto type = dyn_cast<RankedTensorType>(custom.getInputs()[0].getType());
  auto columns = op->getAttrOfType<IntegerAttr>("N");
  if (!type || type.getRank() == 0 || !columns ||
      !columns.getValue().isStrictlyPositive())
    return {};
  SmallVector<int64_t> shape(type.getShape());
  shape.back() = columns.getValue().getSExtValue();
  return type.clone(shape);
}

FailureOr<SmallVector<Type>>
inferResultTypes(Operation *op, ArrayRef<bool> present, std::string *message) {
  SmallVector<bool> all(op->getNumResults());
  for (auto [index, result] : llvm::enumerate(op->getResults()))
    all[index] = present.empty() ? !isAbsent(result) : present[index];
  SmallVector<Type> types(op->getNumResults());
  const OpSchema *schema = schemaOf(op);
  if (!schema && !types.empty())
    types[0] = typeOfNBitsProduct(op);
  if (!schema || !schema->has_type_and_shape_inference_function())
    return types;
  size_t count = all.size();
  while (count > 0 && !all[count - 1])
    --count;
  auto refuse = [&](const std::string &why) -> FailureOr<SmallVector<Type>> {
    if (!message)
      return op->emitOpError("is not well-formed: ") << why;
    *message = why;
    return failure();
  };
  OperationInference context(op, ArrayRef<bool>(all).take_front(count));
  try {
    schema->GetTypeAndShapeInferenceFunction()(context);
  } catch (const std::length_error &) {
    return refuse("a size or count that it is given is too large");
  } catch (const std::exception &error) {
    return refuse(error.what());
  }
  for (size_t i = 0; i < count; ++i)
    types[i] = typeFromProto(*context.getOutputType(i), op->getContext());
  if (std::string why = countMismatch(op, types); !why.empty())
    return refuse(why);
  if (isa<AttentionOp>(op))
    forgetZeroExtents(types);
  if (operatorDomain(op).empty())
    completeRanks(op, types);
  for (size_t i = 0; i < types.size(); ++i)
    if (!all[i])
      types[i] = NoneType::get(op->getContext());
  return types;
}

} // namespace tegula::onnx
