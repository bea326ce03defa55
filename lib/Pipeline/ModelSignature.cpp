//===- ModelSignature.cpp - The signature of an imported model ------------===//

#include "ModelSignature.h"

#include "tegula/Frontend/IR/Onnx.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using tegula::target::ArtifactSignature;
using tegula::target::TensorSignature;

/// ONNX's TensorProto.DataType of an integer type, 0 if there is none.
static int32_t integerDtype(IntegerType type) {
  bool isUnsigned = type.isUnsigned();
  switch (type.getWidth()) {
  case 1:
    return 9;
  case 2:
    return isUnsigned ? 25 : 26;
  case 4:
    return isUnsigned ? 21 : 22;
  case 8:
    return isUnsigned ? 2 : 3;
  case 16:
    return isUnsigned ? 4 : 5;
  case 32:
    return isUnsigned ? 12 : 6;
  case 64:
    return isUnsigned ? 13 : 7;
  default:
    return 0;
  }
}

/// ONNX's TensorProto.DataType of an element type, 0 if there is none.
static int32_t dtypeOf(Type type) {
  if (auto integer = dyn_cast<IntegerType>(type))
    return integerDtype(integer);
  return llvm::TypeSwitch<Type, int32_t>(type)
      .Case([](Float32Type) { return 1; })
      .Case([](tegula::onnx::StringType) { return 8; })
      .Case([](Float16Type) { return 10; })
      .Case([](Float64Type) { return 11; })
      .Case([](BFloat16Type) { return 16; })
      .Case([](Float8E4M3FNType) { return 17; })
      .Case([](Float8E4M3FNUZType) { return 18; })
      .Case([](Float8E5M2Type) { return 19; })
      .Case([](Float8E5M2FNUZType) { return 20; })
      .Case([](Float4E2M1FNType) { return 23; })
      .Case([](Float8E8M0FNUType) { return 24; })
      .Default([](Type) { return 0; });
}

static LogicalResult addTensor(func::FuncOp entry, Type type,
                               DictionaryAttr attributes, StringRef kind,
                               std::vector<TensorSignature> &tensors) {
  TensorSignature tensor;
  tensor.name = (kind + Twine(tensors.size())).str();
  if (attributes)
    if (auto name = attributes.getAs<StringAttr>("onnx.name"))
      tensor.name = name.str();
  auto tensorType = dyn_cast<RankedTensorType>(type);
  tensor.dtype = tensorType ? dtypeOf(tensorType.getElementType()) : 0;
  if (tensor.dtype == 0)
    return entry.emitError() << kind << " '" << tensor.name << "' has type "
                             << type << ", which an artifact cannot have";
  for (int64_t size : tensorType.getShape())
    tensor.dims.push_back(ShapedType::isDynamic(size) ? -1 : size);
  if (attributes)
    if (auto names = attributes.getAs<ArrayAttr>("onnx.dims"))
      for (Attribute name : names)
        if (auto text = dyn_cast<StringAttr>(name))
          tensor.dimNames.push_back(text.str());
  if (tensor.dimNames.size() != tensor.dims.size())
    tensor.dimNames.clear();
  for (size_t i = 0; i < tensor.dimNames.size(); ++i)
    if (tensor.dims[i] >= 0)
      tensor.dimNames[i].clear(); // The extent itself, as text.
  tensors.push_back(std::move(tensor));
  return success();
}

FailureOr<ArtifactSignature>
tegula::pipeline::modelSignature(func::FuncOp entry) {
  ArtifactSignature signature;
  for (auto [index, type] : llvm::enumerate(entry.getArgumentTypes()))
    if (failed(addTensor(entry, type, entry.getArgAttrDict(index), "input",
                         signature.inputs)))
      return failure();
  for (auto [index, type] : llvm::enumerate(entry.getResultTypes()))
    if (failed(addTensor(entry, type, entry.getResultAttrDict(index), "output",
                         signature.outputs)))
      return failure();
  return signature;
}
