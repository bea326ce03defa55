//===- ImportTensor.cpp - Data of tensors ---------------------------------===//

#include "Importer.h"

#include "tegula/Frontend/IR/ShapeInference.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using ::onnx::TensorProto;

namespace tegula::frontend {

namespace {

/// Bytes up to which data is stored in the attribute itself.
constexpr int64_t inlineBytes = 1024;

/// The shape of `tensor` with every product checked; null after a diagnostic.
RankedTensorType checkedType(const TensorProto &tensor,
                             const ImportLimits &limits, Location loc) {
  Type element = onnx::elementTypeOf(tensor.data_type(), loc.getContext());
  if (!element) {
    emitError(loc) << "tensor '" << tensor.name() << "' has element type "
                   << tensor.data_type() << ", which is none of ONNX's";
    return {};
  }
  if (tensor.dims_size() > limits.rank) {
    emitError(loc) << "tensor '" << tensor.name() << "' has rank "
                   << tensor.dims_size() << "; the limit is " << limits.rank;
    return {};
  }
  int64_t count = 1;
  for (int64_t extent : tensor.dims()) {
    if (extent < 0 || llvm::MulOverflow(count, extent, count) ||
        count > limits.tensorElements) {
      emitError(loc) << "tensor '" << tensor.name() << "' has dimension "
                     << extent << ": dimensions are not negative and a tensor "
                     << "has at most " << limits.tensorElements << " elements";
      return {};
    }
  }
  return RankedTensorType::get(
      SmallVector<int64_t>(tensor.dims().begin(), tensor.dims().end()),
      element);
}

unsigned bitsOf(Type element) {
  if (auto complex = dyn_cast<ComplexType>(element))
    return 2 * complex.getElementType().getIntOrFloatBitWidth();
  return element.getIntOrFloatBitWidth();
}

/// Attribute over `data`, which holds one element in each whole number of
/// bytes. Large data stays where it is and keeps `owner` alive.
ElementsAttr wrap(RankedTensorType type, ArrayRef<char> data,
                  std::shared_ptr<const void> owner, StringRef name) {
  if (type.getElementType().isInteger(1)) {
    SmallVector<bool> bits(
        llvm::map_range(data, [](char c) { return c != 0; }));
    return DenseElementsAttr::get(type, ArrayRef<bool>(bits));
  }
  if (int64_t(data.size()) <= inlineBytes || !owner)
    return DenseElementsAttr::getFromRawBuffer(type, data);
  auto release = [owner](void *, size_t, size_t) {};
  // Data that stays in a file lies at any address.
  size_t alignment = reinterpret_cast<uintptr_t>(data.data()) % 8 == 0 ? 8 : 1;
  AsmResourceBlob blob(data, alignment, release, /*dataIsMutable=*/false);
  return DenseResourceElementsAttr::get(type, name, std::move(blob));
}

/// Spreads packed sub-byte elements to one a byte.
std::string unpacked(StringRef raw, unsigned bits, int64_t count) {
  std::string out(count, '\0');
  unsigned perByte = 8 / bits;
  for (int64_t i = 0; i < count; ++i)
    out[i] = (uint8_t(raw[i / perByte]) >> (bits * (i % perByte))) &
             ((1u << bits) - 1);
  return out;
}

/// The typed repeated fields (float_data, int32_data, ...) as raw bytes.
/// int32_data holds one packed byte per entry for sub-byte types.
std::string typedData(const TensorProto &tensor, Type element) {
  std::string out;
  auto append = [&](const auto &field, auto sample) {
    for (auto value : field) {
      auto narrow = static_cast<decltype(sample)>(value);
      out.append(reinterpret_cast<const char *>(&narrow), sizeof(narrow));
    }
  };
  if (isa<ComplexType>(element))
    element = cast<ComplexType>(element).getElementType();
  unsigned bits = bitsOf(element);
  if (element.isF32())
    append(tensor.float_data(), float());
  else if (element.isF64())
    append(tensor.double_data(), double());
  else if (element.isUnsignedInteger(32))
    append(tensor.uint64_data(), uint32_t());
  else if (element.isUnsignedInteger(64))
    append(tensor.uint64_data(), uint64_t());
  else if (element.isInteger(64))
    append(tensor.int64_data(), int64_t());
  else if (bits == 32)
    append(tensor.int32_data(), int32_t());
  else if (bits == 16)
    append(tensor.int32_data(), int16_t());
  else
    append(tensor.int32_data(), int8_t());
  return out;
}

ElementsAttr importStrings(const TensorProto &tensor, RankedTensorType type,
                           Location loc) {
  if (tensor.string_data_size() != type.getNumElements()) {
    emitError(loc) << "tensor '" << tensor.name() << "' should hold "
                   << type.getNumElements() << " strings; found "
                   << tensor.string_data_size();
    return {};
  }
  SmallVector<StringRef> texts(tensor.string_data().begin(),
                               tensor.string_data().end());
  return DenseElementsAttr::get(type, ArrayRef(texts));
}

/// Where external data lies, from its key-value entries.
struct ExternalPlace {
  std::string location;
  uint64_t offset = 0, length = 0;
};

std::optional<ExternalPlace> externalPlace(const TensorProto &tensor,
                                           Location loc) {
  ExternalPlace place;
  for (const auto &entry : tensor.external_data()) {
    StringRef key = entry.key(), value = entry.value();
    bool bad = false;
    if (key == "location")
      place.location = value.str();
    else if (key == "offset")
      bad = value.getAsInteger(10, place.offset);
    else if (key == "length")
      bad = value.getAsInteger(10, place.length);
    else if (key != "checksum" && key != "basepath")
      bad = true;
    if (bad) {
      emitError(loc) << "tensor '" << tensor.name()
                     << "' has an unusable external_data entry '" << key
                     << "' = '" << value << "'";
      return std::nullopt;
    }
  }
  return place;
}

} // namespace

ElementsAttr importTensor(const TensorProto &tensor,
                          std::shared_ptr<const void> owner,
                          StringRef directory, const ImportLimits &limits,
                          Location loc, ArrayRef<char> raw) {
  RankedTensorType type = checkedType(tensor, limits, loc);
  if (!type)
    return {};
  Type element = type.getElementType();
  if (isa<onnx::StringType>(element))
    return importStrings(tensor, type, loc);
  unsigned bits = bitsOf(element);
  bool isBool = element.isInteger(1);
  bool packed = bits < 8 && !isBool && bits != 6;
  int64_t count = type.getNumElements();
  int64_t wanted = packed ? llvm::divideCeil(count * bits, 8)
                          : count * int64_t(llvm::divideCeil(bits, 8));
  std::string typed;
  ArrayRef<char> data;
  if (tensor.data_location() == TensorProto::EXTERNAL) {
    std::optional<ExternalPlace> place = externalPlace(tensor, loc);
    if (!place)
      return {};
    auto mapped = mapExternalData(directory, place->location, place->offset,
                                  place->length ? place->length : wanted);
    if (!mapped) {
      emitError(loc) << "tensor '" << tensor.name()
                     << "': " << llvm::toString(mapped.takeError());
      return {};
    }
    std::tie(owner, data) = std::move(*mapped);
  } else if (!raw.empty()) {
    data = raw;
  } else if (tensor.has_raw_data()) {
    data = ArrayRef(tensor.raw_data().data(), tensor.raw_data().size());
  } else {
    typed = typedData(tensor, element);
    data = ArrayRef(typed.data(), typed.size());
    owner = std::make_shared<std::string>(typed);
    data = ArrayRef(static_cast<const std::string *>(owner.get())->data(),
                    typed.size());
  }
  if (int64_t(data.size()) != wanted) {
    emitError(loc) << "tensor '" << tensor.name() << "' of type " << type
                   << " should have " << wanted << " bytes of data; found "
                   << data.size();
    return {};
  }
  if (packed) {
    auto spread = std::make_shared<std::string>(
        unpacked(StringRef(data.data(), data.size()), bits, count));
    data = ArrayRef(spread->data(), spread->size());
    owner = spread;
  }
  return wrap(type, data, owner, tensor.name());
}

ElementsAttr importSparseTensor(const ::onnx::SparseTensorProto &tensor,
                                const ImportLimits &limits, Location loc) {
  TensorProto dense = tensor.values();
  dense.mutable_dims()->CopyFrom(tensor.dims());
  RankedTensorType type = checkedType(dense, limits, loc);
  ElementsAttr values = importTensor(tensor.values(), nullptr, "", limits, loc);
  ElementsAttr indices =
      importTensor(tensor.indices(), nullptr, "", limits, loc);
  if (!type || !values || !indices)
    return {};
  auto flat = dyn_cast<DenseElementsAttr>(values);
  auto places = dyn_cast<DenseElementsAttr>(indices);
  int64_t count = values.getNumElements();
  bool linear = indices.getShapedType().getRank() == 1;
  int64_t rank = type.getRank();
  if (!flat || !places || !places.getElementType().isInteger(64) ||
      places.getNumElements() != count * (linear ? 1 : rank) ||
      bitsOf(type.getElementType()) < 8) {
    emitError(loc) << "sparse tensor has " << count << " values and indices of "
                   << indices.getType() << "; expected one int64 row for each";
    return {};
  }
  int64_t bytes = bitsOf(type.getElementType()) / 8;
  auto buffer =
      std::make_shared<std::string>(type.getNumElements() * bytes, '\0');
  ArrayRef<char> raw = flat.getRawData();
  auto numbers = llvm::to_vector(places.getValues<int64_t>());
  for (int64_t i = 0; i < count; ++i) {
    int64_t at = linear ? numbers[i] : 0;
    for (int64_t d = 0; !linear && d < rank; ++d) {
      int64_t index = numbers[i * rank + d];
      if (index < 0 || index >= type.getDimSize(d))
        at = -1 - type.getNumElements();
      at = at * type.getDimSize(d) + index;
    }
    if (at < 0 || at >= type.getNumElements()) {
      emitError(loc) << "index " << i << " of the sparse tensor is outside of "
                     << type;
      return {};
    }
    const char *from = raw.data() + (flat.isSplat() ? 0 : i * bytes);
    std::copy_n(from, bytes, buffer->data() + at * bytes);
  }
  return wrap(type, ArrayRef(buffer->data(), buffer->size()), buffer,
              tensor.values().name());
}

} // namespace tegula::frontend
