//===- ConstantTensor.cpp - Tensors whose elements are known --------------===//

#include "ConstantTensor.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace mlir;

namespace tegula::frontend {

/// Bytes up to which data is stored in the attribute itself.
static constexpr size_t inlineBytes = 1024;

std::optional<int64_t> elementBytes(Type element) {
  if (auto complex = dyn_cast<ComplexType>(element))
    return complex.getElementType().getIntOrFloatBitWidth() / 4;
  if (!element.isIntOrFloat())
    return std::nullopt;
  return llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
}

std::optional<int64_t> tensorBytes(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape())
    return std::nullopt;
  std::optional<int64_t> bytes = elementBytes(tensor.getElementType());
  for (int64_t extent : tensor.getShape())
    if (!bytes || llvm::MulOverflow(*bytes, extent, *bytes))
      return std::nullopt;
  return bytes;
}

/// The bytes of a dense attribute, one element in whole bytes.
static std::string denseBytes(DenseElementsAttr dense, int64_t count) {
  if (dense.getElementType().isInteger(1)) {
    std::string bytes;
    for (bool value : dense.getValues<bool>())
      bytes += char(value);
    return bytes;
  }
  ArrayRef<char> raw = dense.getRawData();
  std::string bytes;
  for (int64_t i = 0; i < count; ++i)
    bytes.append(raw.data(), raw.size());
  return bytes;
}

std::optional<ConstantTensor> ConstantTensor::get(ElementsAttr attribute,
                                                  int64_t maxBytes) {
  auto type = dyn_cast<RankedTensorType>(attribute.getShapedType());
  std::optional<int64_t> size = type ? tensorBytes(type) : std::nullopt;
  if (!size)
    return std::nullopt;
  ConstantTensor tensor;
  tensor.type = type;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attribute)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob || int64_t(blob->getData().size()) != *size)
      return std::nullopt;
    tensor.held = blob->getData();
    return tensor;
  }
  auto dense = dyn_cast<DenseElementsAttr>(attribute);
  if (!dense || isa<DenseStringElementsAttr>(attribute) || *size > maxBytes)
    return std::nullopt;
  if (!dense.isSplat() && !type.getElementType().isInteger(1)) {
    tensor.held = dense.getRawData();
  } else {
    int64_t copies = dense.isSplat() ? type.getNumElements() : 1;
    tensor.own = std::make_shared<std::string>(denseBytes(dense, copies));
  }
  if (int64_t(tensor.bytes().size()) != *size)
    return std::nullopt;
  return tensor;
}

template <typename Stored, typename T>
static void load(ArrayRef<char> bytes, std::vector<T> &out) {
  for (size_t i = 0; i < out.size(); ++i) {
    Stored value;
    std::memcpy(&value, bytes.data() + i * sizeof(value), sizeof(value));
    out[i] = static_cast<T>(value);
  }
}

/// f16 and bf16, through LLVM's own conversion.
template <typename T>
static void loadHalf(ArrayRef<char> bytes, const llvm::fltSemantics &semantics,
                     std::vector<T> &out) {
  for (size_t i = 0; i < out.size(); ++i) {
    uint16_t bits;
    std::memcpy(&bits, bytes.data() + i * 2, 2);
    out[i] = static_cast<T>(
        llvm::APFloat(semantics, llvm::APInt(16, bits)).convertToFloat());
  }
}

template <typename T>
std::vector<T> ConstantTensor::values() const {
  std::vector<T> out(count());
  Type type = element();
  bool isUnsigned = type.isUnsignedInteger() || type.isInteger(1);
  if (type.isF32())
    load<float>(bytes(), out);
  else if (type.isF64())
    load<double>(bytes(), out);
  else if (auto half = dyn_cast<FloatType>(type))
    loadHalf(bytes(), half.getFloatSemantics(), out);
  else if (type.getIntOrFloatBitWidth() == 64)
    isUnsigned ? load<uint64_t>(bytes(), out) : load<int64_t>(bytes(), out);
  else if (type.getIntOrFloatBitWidth() == 32)
    isUnsigned ? load<uint32_t>(bytes(), out) : load<int32_t>(bytes(), out);
  else if (type.getIntOrFloatBitWidth() == 16)
    isUnsigned ? load<uint16_t>(bytes(), out) : load<int16_t>(bytes(), out);
  else
    isUnsigned ? load<uint8_t>(bytes(), out) : load<int8_t>(bytes(), out);
  return out;
}

template std::vector<float> ConstantTensor::values() const;
template std::vector<double> ConstantTensor::values() const;
template std::vector<int64_t> ConstantTensor::values() const;
template std::vector<uint64_t> ConstantTensor::values() const;

template <typename T>
std::string packed(ArrayRef<T> values, Type element) {
  std::string out;
  auto append = [&](auto value) {
    out.append(reinterpret_cast<const char *>(&value), sizeof(value));
  };
  if (!element.isIntOrFloat())
    return out;
  auto half = dyn_cast<FloatType>(element);
  for (T value : values) {
    if (element.isF32()) {
      append(static_cast<float>(value));
    } else if (element.isF64()) {
      append(static_cast<double>(value));
    } else if (half) {
      llvm::APFloat number(static_cast<float>(value));
      bool inexact;
      number.convert(half.getFloatSemantics(),
                     llvm::APFloat::rmNearestTiesToEven, &inexact);
      append(static_cast<uint16_t>(number.bitcastToAPInt().getZExtValue()));
    } else if (element.isInteger(1)) {
      append(static_cast<uint8_t>(value != T(0)));
    } else {
      uint64_t bits = static_cast<uint64_t>(static_cast<int64_t>(value));
      if constexpr (std::is_same_v<T, uint64_t>)
        bits = value;
      out.append(reinterpret_cast<const char *>(&bits),
                 element.getIntOrFloatBitWidth() / 8);
    }
  }
  return out;
}

template std::string packed(ArrayRef<float>, Type);
template std::string packed(ArrayRef<double>, Type);
template std::string packed(ArrayRef<int64_t>, Type);
template std::string packed(ArrayRef<uint64_t>, Type);

ElementsAttr constantAttribute(RankedTensorType type, std::string bytes) {
  if (type.getElementType().isInteger(1)) {
    SmallVector<bool> bits(
        llvm::map_range(bytes, [](char byte) { return byte != 0; }));
    return DenseElementsAttr::get(type, ArrayRef<bool>(bits));
  }
  if (bytes.size() <= inlineBytes)
    return DenseElementsAttr::getFromRawBuffer(
        type, ArrayRef(bytes.data(), bytes.size()));
  auto data = std::make_shared<std::string>(std::move(bytes));
  AsmResourceBlob blob(
      ArrayRef(data->data(), data->size()), /*dataAlignment=*/8,
      [data](void *, size_t, size_t) {}, /*dataIsMutable=*/false);
  return DenseResourceElementsAttr::get(type, "folded", std::move(blob));
}

SmallVector<int64_t> stridesOf(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  return strides;
}

int64_t Evaluation::integer(StringRef name, int64_t otherwise) const {
  auto attribute = op->getAttrOfType<IntegerAttr>(name);
  return attribute ? attribute.getValue().getSExtValue() : otherwise;
}

std::optional<SmallVector<int64_t>> Evaluation::integers(StringRef name) const {
  auto attribute = op->getAttrOfType<DenseI64ArrayAttr>(name);
  if (!attribute)
    return std::nullopt;
  return SmallVector<int64_t>(attribute.asArrayRef());
}

std::optional<std::vector<int64_t>> Evaluation::numbers(size_t index) const {
  if (!has(index) || !isa<IntegerType>(input(index).element()) ||
      input(index).element().getIntOrFloatBitWidth() < 8)
    return std::nullopt;
  return input(index).values<int64_t>();
}

} // namespace tegula::frontend
