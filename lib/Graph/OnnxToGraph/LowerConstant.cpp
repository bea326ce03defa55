//===- LowerConstant.cpp - Weights and constants --------------------------===//

#include "Patterns.h"

#include "mlir/IR/DialectResourceBlobManager.h"

using namespace mlir;

namespace tegula::graph {

namespace {

/// The same bytes under the type that memory holds; bools are spread to bytes.
ElementsAttr storedData(ElementsAttr value, RankedTensorType type) {
  if (value.getShapedType() == type)
    return value;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
    return DenseResourceElementsAttr::get(type, resource.getRawHandle());
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (!dense)
    return {};
  if (!value.getElementType().isInteger(1))
    return DenseElementsAttr::getFromRawBuffer(type, dense.getRawData());
  SmallVector<int8_t> bytes(dense.getValues<bool>());
  return DenseElementsAttr::get(type, ArrayRef<int8_t>(bytes));
}

struct LowerWeight : OnnxPattern<onnx::WeightOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::WeightOp op, Adaptor in, OpBuilder &b) const override {
    auto type = dyn_cast<RankedTensorType>(
        getTypeConverter()->convertType(op.getResult().getType()));
    ElementsAttr stored = type ? storedData(op.getValue(), type) : nullptr;
    if (!stored)
      return refuse(op, "the data of this constant cannot be stored");
    return SmallVector<Value>{
        arith::ConstantOp::create(b, op.getLoc(), stored)};
  }
};

} // namespace

void populateConstantPatterns(const TypeConverter &converter,
                              RewritePatternSet &patterns) {
  patterns.add<LowerWeight>(converter, patterns.getContext());
}

} // namespace tegula::graph
