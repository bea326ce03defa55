//===- OnnxProto.cpp - Dialect values as ONNX protobufs -------------------===//

#include "OnnxProto.h"

#include "tegula/Frontend/IR/Onnx.h"
#include "tegula/Frontend/IR/ShapeInference.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using ::onnx::AttributeProto;
using ::onnx::TensorProto;
using ::onnx::TypeProto;

namespace tegula::onnx {

namespace {

/// Integer element types by width and signedness, and ONNX's numbers.
struct IntegerRow {
  unsigned width;
  bool isUnsigned;
  int32_t number;
};

constexpr IntegerRow integerRows[] = {
    {1, false, TensorProto::BOOL},   {2, false, TensorProto::INT2},
    {2, true, TensorProto::UINT2},   {4, false, TensorProto::INT4},
    {4, true, TensorProto::UINT4},   {8, false, TensorProto::INT8},
    {8, true, TensorProto::UINT8},   {16, false, TensorProto::INT16},
    {16, true, TensorProto::UINT16}, {32, false, TensorProto::INT32},
    {32, true, TensorProto::UINT32}, {64, false, TensorProto::INT64},
    {64, true, TensorProto::UINT64},
};

} // namespace

int32_t elementTypeNumber(Type type) {
  if (auto integer = dyn_cast<IntegerType>(type)) {
    for (const IntegerRow &row : integerRows)
      if (row.width == integer.getWidth() &&
          row.isUnsigned == integer.isUnsigned())
        return row.number;
    return TensorProto::UNDEFINED;
  }
  if (auto complex = dyn_cast<ComplexType>(type))
    return complex.getElementType().isF32() ? TensorProto::COMPLEX64
                                            : TensorProto::COMPLEX128;
  return llvm::TypeSwitch<Type, int32_t>(type)
      .Case<Float16Type>([](Type) { return TensorProto::FLOAT16; })
      .Case<BFloat16Type>([](Type) { return TensorProto::BFLOAT16; })
      .Case<Float32Type>([](Type) { return TensorProto::FLOAT; })
      .Case<Float64Type>([](Type) { return TensorProto::DOUBLE; })
      .Case<Float8E4M3FNType>([](Type) { return TensorProto::FLOAT8E4M3FN; })
      .Case<Float8E4M3FNUZType>(
          [](Type) { return TensorProto::FLOAT8E4M3FNUZ; })
      .Case<Float8E5M2Type>([](Type) { return TensorProto::FLOAT8E5M2; })
      .Case<Float8E5M2FNUZType>(
          [](Type) { return TensorProto::FLOAT8E5M2FNUZ; })
      .Case<Float8E8M0FNUType>([](Type) { return TensorProto::FLOAT8E8M0; })
      .Case<Float6E2M3FNType>([](Type) { return TensorProto::FLOAT6E2M3; })
      .Case<Float6E3M2FNType>([](Type) { return TensorProto::FLOAT6E3M2; })
      .Case<Float4E2M1FNType>([](Type) { return TensorProto::FLOAT4E2M1; })
      .Case<StringType>([](Type) { return TensorProto::STRING; })
      .Default([](Type) { return TensorProto::UNDEFINED; });
}

Type elementTypeOf(int32_t number, MLIRContext *context) {
  for (const IntegerRow &row : integerRows)
    if (row.number == number)
      return IntegerType::get(context, row.width,
                              row.isUnsigned ? IntegerType::Unsigned
                                             : IntegerType::Signless);
  switch (number) {
  case TensorProto::FLOAT:
    return Float32Type::get(context);
  case TensorProto::DOUBLE:
    return Float64Type::get(context);
  case TensorProto::FLOAT16:
    return Float16Type::get(context);
  case TensorProto::BFLOAT16:
    return BFloat16Type::get(context);
  case TensorProto::COMPLEX64:
    return ComplexType::get(Float32Type::get(context));
  case TensorProto::COMPLEX128:
    return ComplexType::get(Float64Type::get(context));
  case TensorProto::STRING:
    return StringType::get(context);
  case TensorProto::FLOAT8E4M3FN:
    return Float8E4M3FNType::get(context);
  case TensorProto::FLOAT8E4M3FNUZ:
    return Float8E4M3FNUZType::get(context);
  case TensorProto::FLOAT8E5M2:
    return Float8E5M2Type::get(context);
  case TensorProto::FLOAT8E5M2FNUZ:
    return Float8E5M2FNUZType::get(context);
  case TensorProto::FLOAT8E8M0:
    return Float8E8M0FNUType::get(context);
  case TensorProto::FLOAT6E2M3:
    return Float6E2M3FNType::get(context);
  case TensorProto::FLOAT6E3M2:
    return Float6E3M2FNType::get(context);
  case TensorProto::FLOAT4E2M1:
    return Float4E2M1FNType::get(context);
  default:
    return {};
  }
}

TypeProto typeToProto(Type type) {
  TypeProto proto;
  if (auto sequence = dyn_cast<SequenceType>(type)) {
    *proto.mutable_sequence_type()->mutable_elem_type() =
        typeToProto(sequence.getElementType());
    return proto;
  }
  if (auto optional = dyn_cast<OptionalType>(type)) {
    *proto.mutable_optional_type()->mutable_elem_type() =
        typeToProto(optional.getElementType());
    return proto;
  }
  auto tensor = dyn_cast<TensorType>(type);
  if (!tensor)
    return proto;
  TypeProto::Tensor *out = proto.mutable_tensor_type();
  out->set_elem_type(elementTypeNumber(tensor.getElementType()));
  if (!tensor.hasRank())
    return proto;
  out->mutable_shape();
  for (int64_t extent : tensor.getShape()) {
    auto *dim = out->mutable_shape()->add_dim();
    if (!ShapedType::isDynamic(extent))
      dim->set_dim_value(extent);
  }
  return proto;
}

Type typeFromProto(const TypeProto &proto, MLIRContext *context) {
  if (proto.has_sequence_type()) {
    Type inner = typeFromProto(proto.sequence_type().elem_type(), context);
    return inner ? SequenceType::get(context, inner) : Type();
  }
  if (proto.has_optional_type()) {
    Type inner = typeFromProto(proto.optional_type().elem_type(), context);
    return inner ? OptionalType::get(context, inner) : Type();
  }
  if (!proto.has_tensor_type())
    return {};
  Type element = elementTypeOf(proto.tensor_type().elem_type(), context);
  if (!element)
    return {};
  if (!proto.tensor_type().has_shape())
    return UnrankedTensorType::get(element);
  SmallVector<int64_t> shape;
  for (const auto &dim : proto.tensor_type().shape().dim())
    shape.push_back(dim.has_dim_value() && dim.dim_value() >= 0
                        ? dim.dim_value()
                        : ShapedType::kDynamic);
  return RankedTensorType::get(shape, element);
}

static void appendData(DenseElementsAttr dense, TensorProto &proto) {
  Type element = dense.getElementType();
  if (element.isF32()) {
    for (float value : dense.getValues<float>())
      proto.add_float_data(value);
  } else if (element.isF64()) {
    for (double value : dense.getValues<double>())
      proto.add_double_data(value);
  } else if (isa<IntegerType>(element)) {
    bool wide = element.isInteger(64);
    for (const APInt &value : dense.getValues<APInt>()) {
      int64_t number = element.isInteger(1) || element.isUnsignedInteger()
                           ? static_cast<int64_t>(value.getZExtValue())
                           : value.getSExtValue();
      if (wide)
        proto.add_int64_data(number);
      else
        proto.add_int32_data(static_cast<int32_t>(number));
    }
  }
}

TensorProto tensorToProto(ElementsAttr value, int64_t maxElements) {
  TensorProto proto;
  ShapedType type = value.getShapedType();
  proto.set_data_type(elementTypeNumber(type.getElementType()));
  for (int64_t extent : type.getShape())
    proto.add_dims(extent);
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (dense && type.getNumElements() <= maxElements)
    appendData(dense, proto);
  return proto;
}

AttributeProto attributeToProto(StringRef name, Attribute attribute) {
  AttributeProto proto;
  proto.set_name(name.str());
  llvm::TypeSwitch<Attribute>(attribute)
      .Case([&](IntegerAttr value) {
        proto.set_type(AttributeProto::INT);
        proto.set_i(value.getValue().getSExtValue());
      })
      .Case([&](FloatAttr value) {
        proto.set_type(AttributeProto::FLOAT);
        proto.set_f(value.getValue().convertToFloat());
      })
      .Case([&](StringAttr value) {
        proto.set_type(AttributeProto::STRING);
        proto.set_s(value.str());
      })
      .Case([&](DenseI64ArrayAttr value) {
        proto.set_type(AttributeProto::INTS);
        for (int64_t item : value.asArrayRef())
          proto.add_ints(item);
      })
      .Case([&](DenseF32ArrayAttr value) {
        proto.set_type(AttributeProto::FLOATS);
        for (float item : value.asArrayRef())
          proto.add_floats(item);
      })
      .Case([&](ArrayAttr value) {
        proto.set_type(AttributeProto::STRINGS);
        for (Attribute item : value)
          if (auto text = dyn_cast<StringAttr>(item))
            proto.add_strings(text.str());
      })
      .Case([&](ElementsAttr value) {
        proto.set_type(AttributeProto::TENSOR);
        *proto.mutable_t() = tensorToProto(value, /*maxElements=*/4096);
      })
      .Case([&](TypeAttr value) {
        proto.set_type(AttributeProto::TYPE_PROTO);
        *proto.mutable_tp() = typeToProto(value.getValue());
      });
  return proto;
}

} // namespace tegula::onnx
