//===- LowerFill.cpp - Tensors made from a rule rather than from data -----===//

#include "Indices.h"
#include "Patterns.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace tegula::graph {

namespace {

/// A scalar of a constant attribute as a stored element.
Value storedScalar(OpBuilder &b, Location loc, Attribute value, Type element) {
  Type storage = storageType(element);
  if (auto floating = dyn_cast<FloatAttr>(value)) {
    if (floating.getType() == storage)
      return arith::ConstantOp::create(b, loc, floating);
    APInt bits = floating.getValue().bitcastToAPInt();
    return arith::ConstantOp::create(
        b, loc,
        b.getIntegerAttr(storage, bits.zext(storage.getIntOrFloatBitWidth())));
  }
  APInt bits = cast<IntegerAttr>(value).getValue();
  unsigned width = storage.getIntOrFloatBitWidth();
  bits = isUnsignedElement(element) ? bits.zext(width) : bits.sext(width);
  return arith::ConstantOp::create(b, loc, b.getIntegerAttr(storage, bits));
}

/// A tensor with `value` everywhere: scalars where it is small.
Value filledOrScalars(OpBuilder &b, Location loc, ArrayRef<OpFoldResult> dims,
                      Value value) {
  auto type = RankedTensorType::get(staticShape(dims), value.getType());
  if (!isScalarized(type))
    return filled(b, loc, dims, value);
  SmallVector<Value> elements(type.getNumElements(), value);
  return tensor::FromElementsOp::create(b, loc, type, elements);
}

struct LowerConstantOfShape : OnnxPattern<onnx::ConstantOfShapeOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::ConstantOfShapeOp op, Adaptor in,
                OpBuilder &b) const override {
    Location loc = op.getLoc();
    auto shapeType = cast<RankedTensorType>(in.getInput().getType());
    if (!shapeType.hasStaticShape())
      return refuse(op, "the rank of the result is not known");
    Dims dims =
        refined(b, indicesOf(b, loc, in.getInput()), op.getOutput().getType());
    for (OpFoldResult &dim : dims)
      if (!getConstantIntValue(dim))
        dim = getAsOpFoldResult(
            maxIndex(b, loc, asValue(b, loc, dim), indexConstant(b, loc, 0)));
    Type element = elementOf(op.getOutput());
    Value value;
    if (auto given = op.getValue()) {
      auto dense = dyn_cast<DenseElementsAttr>(*given);
      if (!dense || dense.getNumElements() != 1)
        return refuse(op, "the attribute 'value' is not one element");
      value = storedScalar(b, loc, dense.getValues<Attribute>()[0], element);
    } else {
      value = arith::ConstantOp::create(b, loc,
                                        b.getZeroAttr(storageType(element)));
    }
    return SmallVector<Value>{filledOrScalars(b, loc, dims, value)};
  }
};

struct LowerExpand : OnnxPattern<onnx::ExpandOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::ExpandOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    auto shapeType = cast<RankedTensorType>(in.getShape().getType());
    if (!shapeType.hasStaticShape())
      return refuse(op, "the rank of the result is not known");
    Value data = in.getInput();
    Dims dims = refined(
        b,
        broadcastDims(b, loc,
                      {dimsOf(b, loc, data), indicesOf(b, loc, in.getShape())}),
        op.getOutput().getType());
    auto type = cast<RankedTensorType>(data.getType());
    if (isScalarized(type) && type.getNumElements() == 1 && dims.size() == 1)
      return SmallVector<Value>{
          filledOrScalars(b, loc, dims, elementsOf(b, loc, data).front())};
    return SmallVector<Value>{broadcastTo(b, loc, data, dims)};
  }
};

struct LowerEyeLike : OnnxPattern<onnx::EyeLikeOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::EyeLikeOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type element = elementOf(op.getOutput());
    Value offset = indexConstant(b, loc, op.getK());
    Value one = toStorage(b, loc, constantOf(b, loc, element, 1), element);
    Value zero = toStorage(b, loc, constantOf(b, loc, element, 0), element);
    Value eye = generate(
        b, loc, dimsOf(b, loc, in.getInput()), storageType(element),
        [&](OpBuilder &b, Location loc, ValueRange at) -> Value {
          Value diagonal = addIndex(b, loc, at[0], offset);
          return selectOf(
              b, loc,
              compareIndex(b, loc, arith::CmpIPredicate::eq, diagonal, at[1]),
              one, zero);
        });
    return SmallVector<Value>{eye};
  }
};

/// start, start + delta, ...: ceil((limit - start) / delta) elements.
struct LowerRange : OnnxPattern<onnx::RangeOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::RangeOp op, Adaptor in, OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type element = elementOf(op.getOutput());
    auto scalar = [&](Value tensor) {
      auto rank = cast<RankedTensorType>(tensor.getType()).getRank();
      SmallVector<Value> at(rank, indexConstant(b, loc, 0));
      return toCompute(
          b, loc, b.createOrFold<tensor::ExtractOp>(loc, tensor, at), element);
    };
    Value start = scalar(in.getStart()), limit = scalar(in.getLimit()),
          delta = scalar(in.getDelta());
    bool isFloat = isa<FloatType>(start.getType());
    Value count = isFloat ? countFloat(b, loc, start, limit, delta)
                          : countInteger(b, loc, start, limit, delta);
    Dims dims =
        refined(b, {getAsOpFoldResult(count)}, op.getOutput().getType());
    auto at = [&](OpBuilder &b, Location loc, Value i) -> Value {
      if (!isFloat)
        return b.createOrFold<arith::AddIOp>(
            loc, start,
            b.createOrFold<arith::MulIOp>(
                loc, delta, fromIndex(b, loc, i, delta.getType())));
      Value position = arith::SIToFPOp::create(
          b, loc, delta.getType(), fromIndex(b, loc, i, b.getI64Type()));
      Value step = arith::MulFOp::create(b, loc, position, delta);
      return toStorage(b, loc, arith::AddFOp::create(b, loc, start, step),
                       element);
    };
    auto type = RankedTensorType::get(staticShape(dims), storageType(element));
    if (isScalarized(type)) {
      SmallVector<Value> elements;
      for (int64_t i = 0; i < type.getNumElements(); ++i)
        elements.push_back(at(b, loc, indexConstant(b, loc, i)));
      return SmallVector<Value>{
          tensor::FromElementsOp::create(b, loc, type, elements)};
    }
    return SmallVector<Value>{
        generate(b, loc, dims, storageType(element),
                 [&](OpBuilder &b, Location loc, ValueRange i) {
                   return at(b, loc, i[0]);
                 })};
  }

private:
  static Value countFloat(OpBuilder &b, Location loc, Value start, Value limit,
                          Value delta) {
    Value span = b.createOrFold<arith::SubFOp>(loc, limit, start);
    Value steps = b.createOrFold<math::CeilOp>(
        loc, b.createOrFold<arith::DivFOp>(loc, span, delta));
    // NaN and what is too large for a tensor become nothing.
    auto limitOf = [&](double value) -> Value {
      return arith::ConstantOp::create(b, loc,
                                       b.getFloatAttr(delta.getType(), value));
    };
    Value positive = b.createOrFold<arith::CmpFOp>(
        loc, arith::CmpFPredicate::OGT, steps, limitOf(0));
    Value fits = b.createOrFold<arith::CmpFOp>(loc, arith::CmpFPredicate::OLT,
                                               steps, limitOf(1e15));
    Value safe =
        selectOf(b, loc, b.createOrFold<arith::AndIOp>(loc, positive, fits),
                 steps, limitOf(0));
    return toIndex(b, loc,
                   b.createOrFold<arith::FPToSIOp>(loc, b.getI64Type(), safe));
  }

  static Value countInteger(OpBuilder &b, Location loc, Value start,
                            Value limit, Value delta) {
    Value span =
        subIndex(b, loc, toIndex(b, loc, limit), toIndex(b, loc, start));
    Value step = toIndex(b, loc, delta), zero = indexConstant(b, loc, 0);
    if (isConstantIntValue(getAsOpFoldResult(step), 1))
      return maxIndex(b, loc, span, zero);
    Value isZero = compareIndex(b, loc, arith::CmpIPredicate::eq, step, zero);
    Value isGood = b.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::ne,
                                                 step, zero);
    checkThat(b, loc, isGood, "Range: delta is 0");
    Value safe = selectOf(b, loc, isZero, indexConstant(b, loc, 1), step);
    Value steps = b.createOrFold<arith::CeilDivSIOp>(loc, span, safe);
    return maxIndex(b, loc, steps, zero);
  }
};

} // namespace

void populateFillPatterns(const TypeConverter &converter,
                          RewritePatternSet &patterns) {
  patterns.add<LowerConstantOfShape, LowerExpand, LowerEyeLike, LowerRange>(
      converter, patterns.getContext());
}

} // namespace tegula::graph
