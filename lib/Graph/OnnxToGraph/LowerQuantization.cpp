//===- LowerQuantization.cpp - QuantizeLinear and DequantizeLinear --------===//
//
// A scale and a zero point belong to the whole tensor, to each slice along an
// axis, or to each block of consecutive elements along it.
//
//===----------------------------------------------------------------------===//

#include "Convert.h"
#include "Indices.h"
#include "Patterns.h"
#include "SmallFloat.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace tegula::graph {

namespace {

bool isFloat(Type element) { return isa<FloatType>(element); }

/// How scales meet the elements of a tensor: both get shapes under which they
/// broadcast against each other.
struct Granularity {
  Dims dims;       ///< Of the data, the axis split into blocks where need be.
  Dims parameters; ///< Of scale and zero point.
};

std::optional<Granularity> granularityOf(OpBuilder &b, Location loc, Value data,
                                         Value scale, int64_t givenAxis,
                                         int64_t blockSize) {
  Granularity result;
  Dims dims = dimsOf(b, loc, data), scales = dimsOf(b, loc, scale);
  OpFoldResult one = b.getIndexAttr(1);
  result.dims = dims;
  bool single = llvm::all_of(
      scales, [](OpFoldResult dim) { return isConstantIntValue(dim, 1); });
  if (blockSize == 0 && single)
    return result;
  auto axis = normalizedAxis(givenAxis, dims.size());
  if (!axis)
    return std::nullopt;
  if (blockSize == 0) {
    if (scales.size() != 1)
      return std::nullopt;
    result.parameters.assign(dims.size(), one);
    result.parameters[*axis] = scales[0];
    return result;
  }
  auto extent = getConstantIntValue(dims[*axis]);
  if (scales.size() != dims.size() || !extent || *extent % blockSize != 0)
    return std::nullopt;
  result.dims[*axis] = b.getIndexAttr(*extent / blockSize);
  result.dims.insert(result.dims.begin() + *axis + 1,
                     b.getIndexAttr(blockSize));
  result.parameters = scales;
  result.parameters.insert(result.parameters.begin() + *axis + 1, one);
  return result;
}

constexpr StringLiteral badGranularity =
    "scale and axis do not fit the input, or blocks are not whole";

/// x as elements of the onnx type `to`, stored.
Value quantized(OpBuilder &b, Location loc, Value x, Value scale, Value zero,
                Type real, Type to, bool saturate) {
  Value scaled = arith::DivFOp::create(b, loc, x, scale);
  if (!isFloat(to))
    return toStorage(b, loc, quantiseScalar(b, loc, scaled, zero, to), to);
  if (zero)
    scaled = arith::AddFOp::create(b, loc, scaled, zero);
  if (isSmallFloat(to))
    return encodeSmallFloat(b, loc, scaled, cast<FloatType>(to), saturate);
  return toStorage(b, loc, convertScalar(b, loc, scaled, real, to), to);
}

struct LowerQuantizeLinear : OnnxPattern<onnx::QuantizeLinearOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::QuantizeLinearOp op, Adaptor in,
                OpBuilder &b) const override {
    Location loc = op.getLoc();
    auto shape = granularityOf(b, loc, in.getX(), in.getYScale(), op.getAxis(),
                               op.getBlockSize());
    if (!shape)
      return refuse(op, badGranularity);
    Type from = elementOf(op.getX()), to = elementOf(op.getY()),
         scaleElement = elementOf(op.getYScale());
    if (to.isInteger() && to.getIntOrFloatBitWidth() > 16)
      return refuse(op, "a quantised type of more than 16 bits");
    Type real = from.isF64() ? from : Type(b.getF32Type());
    bool hasZero = !onnx::isAbsent(in.getYZeroPoint());
    SmallVector<Value> inputs = {
        reshapeTo(b, loc, in.getX(), shape->dims),
        reshapeTo(b, loc, in.getYScale(), shape->parameters)};
    if (hasZero)
      inputs.push_back(
          reshapeTo(b, loc, in.getYZeroPoint(), shape->parameters));
    bool saturate = op.getSaturate() != 0;
    Value result = elementwiseStored(
        b, loc, inputs, storageType(to),
        [&](OpBuilder &b, Location loc, ValueRange x) {
          auto asReal = [&](Value stored, Type element) {
            return convertScalar(b, loc, toCompute(b, loc, stored, element),
                                 element, real);
          };
          Value zero = hasZero ? toCompute(b, loc, x[2], to) : Value();
          return quantized(b, loc, asReal(x[0], from),
                           asReal(x[1], scaleElement), zero, real, to,
                           saturate);
        });
    return SmallVector<Value>{
        reshapeTo(b, loc, result, dimsOf(b, loc, in.getX()))};
  }
};

struct LowerDequantizeLinear : OnnxPattern<onnx::DequantizeLinearOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::DequantizeLinearOp op, Adaptor in,
                OpBuilder &b) const override {
    Location loc = op.getLoc();
    auto shape = granularityOf(b, loc, in.getX(), in.getXScale(), op.getAxis(),
                               op.getBlockSize());
    if (!shape)
      return refuse(op, badGranularity);
    Type from = elementOf(op.getX()), to = elementOf(op.getY()),
         scaleElement = elementOf(op.getXScale());
    bool hasZero = !onnx::isAbsent(in.getXZeroPoint());
    SmallVector<Value> inputs = {
        reshapeTo(b, loc, in.getX(), shape->dims),
        reshapeTo(b, loc, in.getXScale(), shape->parameters)};
    if (hasZero)
      inputs.push_back(
          reshapeTo(b, loc, in.getXZeroPoint(), shape->parameters));
    Value result = elementwiseStored(
        b, loc, inputs, storageType(to),
        [&](OpBuilder &b, Location loc, ValueRange x) -> Value {
          Value zero = hasZero ? toCompute(b, loc, x[2], from) : Value();
          Value centred =
              difference(b, loc, toCompute(b, loc, x[0], from), zero, from);
          Value scale = toCompute(b, loc, x[1], scaleElement);
          scale = convertScalar(b, loc, scale, scaleElement, b.getF32Type());
          Value product = arith::MulFOp::create(b, loc, centred, scale);
          return toStorage(
              b, loc, convertScalar(b, loc, product, b.getF32Type(), to), to);
        });
    return SmallVector<Value>{
        reshapeTo(b, loc, result, dimsOf(b, loc, in.getX()))};
  }

private:
  /// x - zero as f32; exact for integers of up to 16 bits.
  static Value difference(OpBuilder &b, Location loc, Value x, Value zero,
                          Type element) {
    Type f32 = b.getF32Type(), i32 = b.getI32Type();
    if (isFloat(element)) {
      Value value = convertScalar(b, loc, x, element, f32);
      if (!zero)
        return value;
      return arith::SubFOp::create(b, loc, value,
                                   convertScalar(b, loc, zero, element, f32));
    }
    Value wide = convertScalar(b, loc, x, element, i32);
    if (zero)
      wide = arith::SubIOp::create(b, loc, wide,
                                   convertScalar(b, loc, zero, element, i32));
    return arith::SIToFPOp::create(b, loc, f32, wide);
  }
};

/// Scale and zero point from the range of the data, which includes 0.
struct LowerDynamicQuantizeLinear : OnnxPattern<onnx::DynamicQuantizeLinearOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::DynamicQuantizeLinearOp op, Adaptor in,
                OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type f32 = b.getF32Type(), u8 = b.getIntegerType(8, /*isSigned=*/false);
    if (!elementOf(op.getX()).isF32())
      return refuse(op, "the input is not float");
    Value x = in.getX();
    Value zero = constantOf(b, loc, f32, 0);
    auto axes = llvm::to_vector(
        llvm::seq<int64_t>(cast<RankedTensorType>(x.getType()).getRank()));
    auto extreme = [&](bool highest) {
      return reduce(b, loc, x, axes, zero,
                    [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
                      if (highest)
                        return arith::MaximumFOp::create(b, loc, v[0], v[1]);
                      return arith::MinimumFOp::create(b, loc, v[0], v[1]);
                    });
    };
    Value low = extreme(false), high = extreme(true);
    Value scale = elementwise(
        b, loc, {{low, f32}, {high, f32}}, f32,
        [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
          Value range = arith::SubFOp::create(b, loc, v[1], v[0]);
          Value step = arith::DivFOp::create(b, loc, range,
                                             constantOf(b, loc, f32, 255));
          Value empty = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ,
                                              range, zero);
          return arith::SelectOp::create(b, loc, empty,
                                         constantOf(b, loc, f32, 1), step);
        });
    Value point = elementwiseStored(
        b, loc, {low, scale}, b.getI8Type(),
        [&](OpBuilder &b, Location loc, ValueRange v) {
          Value negated = arith::NegFOp::create(b, loc, v[0]);
          return quantized(b, loc, negated, v[1], {}, f32, u8, true);
        });
    Value y = elementwiseStored(b, loc, {x, scale, point}, b.getI8Type(),
                                [&](OpBuilder &b, Location loc, ValueRange v) {
                                  return quantized(b, loc, v[0], v[1], v[2],
                                                   f32, u8, true);
                                });
    return SmallVector<Value>{y, scale, point};
  }
};

} // namespace

void populateQuantizationPatterns(const TypeConverter &converter,
                                  RewritePatternSet &patterns) {
  patterns.add<LowerQuantizeLinear, LowerDequantizeLinear,
               LowerDynamicQuantizeLinear>(converter, patterns.getContext());
}

} // namespace tegula::graph
