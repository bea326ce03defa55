//===- LowerQuantizedProduct.cpp - Products of quantised tensors ----------===//
//
// Integers less their zero points are multiplied and summed in i32, exactly;
// the QLinear variants bring the sum to the scale of the result.
//
//===----------------------------------------------------------------------===//

#include "Convert.h"
#include "Pairs.h"
#include "Patterns.h"
#include "Products.h"
#include "Quads.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/Support/Error.h"

using namespace mlir;

namespace tegula::graph {

namespace {

/// The values less their zero points, as i32 or f32.
Value centred(OpBuilder &b, Location loc, const QuantisedTensor &tensor,
              Type to) {
  SmallVector<Value> inputs = {tensor.value};
  if (tensor.zero)
    inputs.push_back(tensor.zero);
  Type i32 = b.getI32Type();
  return elementwiseStored(
      b, loc, inputs, to,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        Value value = convertScalar(b, loc, v[0], tensor.element, i32);
        if (tensor.zero) {
          Value zero = convertScalar(b, loc, v[1], tensor.element, i32);
          value = arith::SubIOp::create(b, loc, value, zero);
        }
        return to == i32 ? value : arith::SIToFPOp::create(b, loc, to, value);
      });
}

/// A vector of parameters, of one element or one per slice along `axis` of a
/// tensor of rank `rank`, in a shape that broadcasts. Other ranks stay.
Value alongAxis(OpBuilder &b, Location loc, Value parameters, int64_t axis,
                int64_t rank) {
  auto type = cast<RankedTensorType>(parameters.getType());
  if (type.getRank() > 1)
    return parameters;
  Dims given = dimsOf(b, loc, parameters);
  if (given.empty() || isConstantIntValue(given[0], 1))
    return reshapeTo(b, loc, parameters, {});
  Dims dims(rank, b.getIndexAttr(1));
  dims[axis] = given[0];
  return reshapeTo(b, loc, parameters, dims);
}

int64_t rankOf(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getRank();
}

/// The product of quantised matrices as i32; fails for scalars.
FailureOr<Value> integerProduct(OpBuilder &b, Location loc, Value a,
                                Value aZero, Type aElement, Value w,
                                Value wZero, Type wElement,
                                const ConvertOptions &options) {
  int64_t rankA = rankOf(a), rankW = rankOf(w);
  if (rankA == 0 || rankW == 0)
    return failure();
  int64_t kA = rankA - 1, kW = std::max<int64_t>(rankW - 2, 0);
  auto zeroOf = [&](Value zero, int64_t axis, int64_t rank) {
    return onnx::isAbsent(zero) ? Value() : alongAxis(b, loc, zero, axis, rank);
  };
  // A zero point per row of the left, per column of the right.
  QuantisedTensor lhs = {
      a, zeroOf(aZero, std::max<int64_t>(rankA - 2, 0), rankA), aElement};
  QuantisedTensor rhs = {w, zeroOf(wZero, rankW - 1, rankW), wElement};
  int64_t k = cast<RankedTensorType>(a.getType()).getDimSize(kA);
  Type i32 = b.getI32Type();
  if (ShapedType::isDynamic(k) ||
      cast<RankedTensorType>(w.getType()).getDimSize(kW) != k)
    return matrixProduct(b, loc, centred(b, loc, lhs, i32),
                         centred(b, loc, rhs, i32), i32);
  FailureOr<QuadWeights> weights = failure();
  if (rankW == 2)
    weights = quadWeights(b, loc, rhs, /*k=*/0, options);
  if (succeeded(weights)) {
    auto sum = matrixProduct(b, loc, quadsAlong(b, loc, lhs, kA),
                             weights->quads, i32, Terms::Quads);
    if (failed(sum))
      return failure();
    return withoutZeros(b, loc, *sum, lhs, weights->sums);
  }
  return matrixProduct(b, loc, pairsAlong(b, loc, lhs, kA),
                       pairsAlong(b, loc, rhs, kW), i32, Terms::Pairs);
}

/// Whether f32 holds every sum of the products of a filter of this type.
bool fitsFloat(RankedTensorType filter) {
  // Bytes less their zero points are at most 255; 24 bits are exact.
  constexpr int64_t kMaxTerms = (int64_t(1) << 24) / (255 * 255);
  ArrayRef<int64_t> summed = filter.getShape().drop_front();
  return !ShapedType::isDynamicShape(summed) &&
         ShapedType::getNumElements(summed) <= kMaxTerms;
}

/// The convolution without pairs: of groups of odd width and depthwise, whose
/// sums are mostly short enough for the faster f32.
llvm::Expected<Value> unpairedConvolution(OpBuilder &b, Location loc,
                                          const QuantisedTensor &x,
                                          const QuantisedTensor &w,
                                          const WindowAttributes &attributes,
                                          int64_t groups) {
  Type i32 = b.getI32Type();
  bool inFloat = fitsFloat(cast<RankedTensorType>(w.value.getType()));
  Type element = inFloat ? Type(b.getF32Type()) : i32;
  auto sum =
      convolution(b, loc, centred(b, loc, x, element),
                  centred(b, loc, w, element), attributes, groups, element);
  if (!sum || !inFloat)
    return sum;
  return elementwiseStored(
      b, loc, *sum, i32,
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        return arith::FPToSIOp::create(b, loc, i32, v[0]);
      });
}

bool isUnpadded(const WindowAttributes &attributes) {
  StringRef mode = attributes.autoPad;
  return mode == "VALID" ||
         ((mode == "NOTSET" || mode.empty()) &&
          llvm::all_of(attributes.pads, [](int64_t pad) { return pad == 0; }));
}

/// The convolution of quantised tensors as i32.
llvm::Expected<Value>
integerConvolution(OpBuilder &b, Location loc, const QuantisedTensor &x,
                   const QuantisedTensor &w, const WindowAttributes &attributes,
                   int64_t groups, const ConvertOptions &options) {
  Type i32 = b.getI32Type();
  auto xType = cast<RankedTensorType>(x.value.getType());
  auto wType = cast<RankedTensorType>(w.value.getType());
  // Pairs must not cross groups.
  bool paired = xType.getRank() > 2 && wType.getRank() > 2 && groups > 0 &&
                !xType.isDynamicDim(1) && !wType.isDynamicDim(1) &&
                xType.getDimSize(1) == wType.getDimSize(1) * groups &&
                (groups == 1 || wType.getDimSize(1) % 2 == 0);
  // Padding adds zeros: where there is some, the zero point of what is unsigned
  // has to be 0.
  const bool isPlain = isUnsignedElement(x.element) && commonZero(x) == 0;
  if (paired && groups == 1 && (isPlain || isUnpadded(attributes)))
    if (auto weights = quadWeights(b, loc, w, /*k=*/1, options);
        succeeded(weights)) {
      auto sum = convolution(b, loc, quadsAlong(b, loc, x, 1), weights->quads,
                             attributes, groups, i32, Terms::Quads);
      if (!sum || isPlain)
        return sum;
      Value sums = alongAxis(b, loc, weights->sums, 1, rankOf(*sum));
      return withoutZeros(b, loc, *sum, x, sums);
    }
  if (paired)
    return convolution(b, loc, pairsAlong(b, loc, x, 1),
                       pairsAlong(b, loc, w, 1), attributes, groups, i32,
                       Terms::Pairs);
  return unpairedConvolution(b, loc, x, w, attributes, groups);
}

struct LowerMatMulInteger : OnnxPattern<onnx::MatMulIntegerOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::MatMulIntegerOp op, Adaptor in,
                OpBuilder &b) const override {
    Location loc = op.getLoc();
    auto product = integerProduct(
        b, loc, in.getA(), in.getAZeroPoint(), elementOf(op.getA()), in.getB(),
        in.getBZeroPoint(), elementOf(op.getB()), options());
    if (failed(product))
      return refuse(op, "an operand is a scalar");
    return SmallVector<Value>{*product};
  }
};

/// round(sum * scale) + zero in the onnx type `to`; `scales` are multiplied,
/// the last one divides.
Value requantized(OpBuilder &b, Location loc, Value sum, ArrayRef<Value> scales,
                  ArrayRef<Type> scaleElements, Value zero, Type to) {
  SmallVector<Value> inputs = {sum};
  inputs.append(scales.begin(), scales.end());
  inputs.push_back(zero);
  Type f32 = b.getF32Type();
  return elementwiseStored(
      b, loc, inputs, storageType(to),
      [&](OpBuilder &b, Location loc, ValueRange v) -> Value {
        auto scale = [&](int64_t i) -> Value {
          Type element = scaleElements[i];
          return convertScalar(b, loc, toCompute(b, loc, v[1 + i], element),
                               element, f32);
        };
        Value factor = arith::MulFOp::create(b, loc, scale(0), scale(1));
        factor = arith::DivFOp::create(b, loc, factor, scale(2));
        Value value = arith::MulFOp::create(
            b, loc, arith::SIToFPOp::create(b, loc, f32, v[0]), factor);
        return quantiseScalar(b, loc, value, v.back(), to);
      });
}

struct LowerQLinearMatMul : OnnxPattern<onnx::QLinearMatMulOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::QLinearMatMulOp op, Adaptor in,
                OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type to = elementOf(op.getY());
    if (to.getIntOrFloatBitWidth() != 8 || isa<FloatType>(to))
      return refuse(op, "only 8-bit integers are supported");
    auto product = integerProduct(
        b, loc, in.getA(), in.getAZeroPoint(), elementOf(op.getA()), in.getB(),
        in.getBZeroPoint(), elementOf(op.getB()), options());
    if (failed(product))
      return refuse(op, "an operand is a scalar");
    int64_t rank = rankOf(*product);
    auto along = [&](Value parameters, int64_t axis) {
      return alongAxis(b, loc, parameters, std::max<int64_t>(axis, 0), rank);
    };
    Value result = requantized(
        b, loc, *product,
        {along(in.getAScale(), rank - 2), along(in.getBScale(), rank - 1),
         along(in.getYScale(), rank - 2)},
        {elementOf(op.getAScale()), elementOf(op.getBScale()),
         elementOf(op.getYScale())},
        along(in.getYZeroPoint(), rank - 2), to);
    return SmallVector<Value>{result};
  }
};

struct LowerConvInteger : OnnxPattern<onnx::ConvIntegerOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::ConvIntegerOp op, Adaptor in,
                OpBuilder &b) const override {
    Location loc = op.getLoc();
    auto zero = [&](Value given, Value tensor) {
      return onnx::isAbsent(given)
                 ? Value()
                 : alongAxis(b, loc, given, 0, rankOf(tensor));
    };
    auto sum = integerConvolution(
        b, loc,
        {in.getX(), zero(in.getXZeroPoint(), in.getX()), elementOf(op.getX())},
        {in.getW(), zero(in.getWZeroPoint(), in.getW()), elementOf(op.getW())},
        windowAttributesOf(op), op.getGroup(), options());
    if (!sum)
      return refuse(op, llvm::toString(sum.takeError()));
    return SmallVector<Value>{*sum};
  }
};

struct LowerQLinearConv : OnnxPattern<onnx::QLinearConvOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::QLinearConvOp op, Adaptor in,
                OpBuilder &b) const override {
    Location loc = op.getLoc();
    Type to = elementOf(op.getY()), f32 = b.getF32Type();
    int64_t rank = rankOf(in.getX());
    auto along = [&](Value parameters, int64_t axis) {
      return alongAxis(b, loc, parameters, axis, rank);
    };
    auto sum = integerConvolution(
        b, loc, {in.getX(), along(in.getXZeroPoint(), 0), elementOf(op.getX())},
        {in.getW(), along(in.getWZeroPoint(), 0), elementOf(op.getW())},
        windowAttributesOf(op), op.getGroup(), options());
    if (!sum)
      return refuse(op, llvm::toString(sum.takeError()));
    Value biased = *sum;
    if (!onnx::isAbsent(in.getB()))
      biased = elementwiseStored(
          b, loc, {biased, along(in.getB(), 1)}, b.getI32Type(),
          [](OpBuilder &b, Location loc, ValueRange v) -> Value {
            return arith::AddIOp::create(b, loc, v[0], v[1]);
          });
    Value result =
        requantized(b, loc, biased,
                    {along(in.getXScale(), 0), along(in.getWScale(), 1),
                     along(in.getYScale(), 0)},
                    {f32, f32, f32}, along(in.getYZeroPoint(), 0), to);
    return SmallVector<Value>{result};
  }
};

} // namespace

void populateQuantizedProductPatterns(const TypeConverter &converter,
                                      RewritePatternSet &patterns) {
  patterns.add<LowerMatMulInteger, LowerQLinearMatMul, LowerConvInteger,
               LowerQLinearConv>(converter, patterns.getContext());
}

} // namespace tegula::graph
