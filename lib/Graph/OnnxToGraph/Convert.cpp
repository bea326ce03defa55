//===- Convert.cpp - Scalars of one ONNX element type as another ----------===//

#include "Convert.h"

#include "ElementType.h"

using namespace mlir;

namespace tegula::graph {

namespace {

Value realConstant(OpBuilder &b, Location loc, Type type, double value) {
  return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
}

Value compareReal(OpBuilder &b, Location loc, arith::CmpFPredicate predicate,
                  Value x, double y) {
  return arith::CmpFOp::create(b, loc, predicate, x,
                               realConstant(b, loc, x.getType(), y));
}

/// A float as i64 or i32 (`width`), saturated; NaN is 0.
Value saturatedInteger(OpBuilder &b, Location loc, Value value,
                       unsigned width) {
  Type type = b.getIntegerType(width);
  double bound = width == 64 ? 9223372036854775808.0 : 2147483648.0;
  Value above = compareReal(b, loc, arith::CmpFPredicate::OGE, value, bound);
  Value below = compareReal(b, loc, arith::CmpFPredicate::OLT, value, -bound);
  Value isNaN = compareReal(b, loc, arith::CmpFPredicate::UNO, value, 0);
  Value outside = arith::OrIOp::create(
      b, loc, isNaN, arith::OrIOp::create(b, loc, above, below));
  Value safe = arith::SelectOp::create(
      b, loc, outside, realConstant(b, loc, value.getType(), 0), value);
  Value result = arith::FPToSIOp::create(b, loc, type, safe);
  auto limit = [&](const APInt &bits) -> Value {
    return arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, bits));
  };
  result = arith::SelectOp::create(
      b, loc, above, limit(APInt::getSignedMaxValue(width)), result);
  return arith::SelectOp::create(
      b, loc, below, limit(APInt::getSignedMinValue(width)), result);
}

/// A float as u64: from 2^63 on in two halves.
Value unsignedInteger(OpBuilder &b, Location loc, Value value) {
  double half = 9223372036854775808.0;
  Value large = compareReal(b, loc, arith::CmpFPredicate::OGE, value, half);
  Value reduced = arith::SubFOp::create(
      b, loc, value, realConstant(b, loc, value.getType(), half));
  Value part = saturatedInteger(
      b, loc, arith::SelectOp::create(b, loc, large, reduced, value), 64);
  Value top = arith::ConstantOp::create(
      b, loc, b.getIntegerAttr(b.getI64Type(), APInt::getSignedMinValue(64)));
  Value added = arith::AddIOp::create(b, loc, part, top);
  return arith::SelectOp::create(b, loc, large, added, part);
}

Value resizedInteger(OpBuilder &b, Location loc, Value value, Type type,
                     bool isUnsigned) {
  unsigned from = value.getType().getIntOrFloatBitWidth(),
           to = type.getIntOrFloatBitWidth();
  if (from == to)
    return value;
  if (from > to)
    return arith::TruncIOp::create(b, loc, type, value);
  if (isUnsigned)
    return arith::ExtUIOp::create(b, loc, type, value);
  return arith::ExtSIOp::create(b, loc, type, value);
}

Value floatToInteger(OpBuilder &b, Location loc, Value value, Type to) {
  Type type = computeType(to);
  unsigned width = type.getIntOrFloatBitWidth();
  Value wide;
  if (width == 64 && isUnsignedElement(to))
    wide = unsignedInteger(b, loc, value);
  else
    wide = saturatedInteger(b, loc, value,
                            width == 64 || to.isUnsignedInteger(32) ? 64 : 32);
  return wrapNarrow(b, loc, resizedInteger(b, loc, wide, type, false), to);
}

Value toBool(OpBuilder &b, Location loc, Value value) {
  Type type = value.getType();
  Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
  if (isa<FloatType>(type))
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, value,
                                 zero);
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, value, zero);
}

Value floatToFloat(OpBuilder &b, Location loc, Value value, Type to) {
  Type type = computeType(to);
  if (value.getType() == type)
    return value;
  if (type.isF64())
    return arith::ExtFOp::create(b, loc, type, value);
  if (to.isF32())
    return arith::TruncFOp::create(b, loc, type, value);
  return truncateToOdd(b, loc, value);
}

Value integerToFloat(OpBuilder &b, Location loc, Value value, Type from,
                     Type to) {
  Type type = computeType(to);
  if (isUnsignedElement(from))
    return arith::UIToFPOp::create(b, loc, type, value);
  return arith::SIToFPOp::create(b, loc, type, value);
}

} // namespace

Value wrapNarrow(OpBuilder &b, Location loc, Value value, Type element) {
  unsigned width = element.getIntOrFloatBitWidth();
  unsigned held = value.getType().getIntOrFloatBitWidth();
  if (width >= held || width == 1)
    return value;
  Value narrow =
      arith::TruncIOp::create(b, loc, b.getIntegerType(width), value);
  return resizedInteger(b, loc, narrow, value.getType(),
                        isUnsignedElement(element));
}

Value truncateToOdd(OpBuilder &b, Location loc, Value value) {
  Type i32 = b.getI32Type();
  Value nearest = arith::TruncFOp::create(b, loc, b.getF32Type(), value);
  Value back = arith::ExtFOp::create(b, loc, value.getType(), nearest);
  // Towards zero first, then the last bit set: it tells that more follows.
  Value isExact =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UEQ, back, value);
  Value isLarger = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT,
                                         math::AbsFOp::create(b, loc, back),
                                         math::AbsFOp::create(b, loc, value));
  Value bits = arith::BitcastOp::create(b, loc, i32, nearest);
  Value one = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(1));
  Value lower = arith::SubIOp::create(b, loc, bits, one);
  Value towardZero = arith::SelectOp::create(b, loc, isLarger, lower, bits);
  Value odd = arith::OrIOp::create(b, loc, towardZero, one);
  Value result = arith::SelectOp::create(b, loc, isExact, bits, odd);
  return arith::BitcastOp::create(b, loc, b.getF32Type(), result);
}

Value convertScalar(OpBuilder &b, Location loc, Value value, Type from,
                    Type to) {
  if (from == to)
    return value;
  if (to.isInteger(1))
    return toBool(b, loc, value);
  bool fromFloat = isa<FloatType>(from), toFloat = isa<FloatType>(to);
  if (fromFloat && toFloat)
    return floatToFloat(b, loc, value, to);
  if (fromFloat)
    return floatToInteger(b, loc, value, to);
  if (toFloat)
    return integerToFloat(b, loc, value, from, to);
  Value resized =
      resizedInteger(b, loc, value, computeType(to), isUnsignedElement(from));
  return wrapNarrow(b, loc, resized, to);
}

Value quantiseScalar(OpBuilder &b, Location loc, Value value, Value zero,
                     Type to) {
  Type i32 = b.getI32Type(), real = value.getType();
  unsigned width = to.getIntOrFloatBitWidth();
  bool isUnsigned = isUnsignedElement(to);
  int64_t low = isUnsigned ? 0 : -(int64_t(1) << (width - 1));
  int64_t high = (int64_t(1) << (isUnsigned ? width : width - 1)) - 1;
  Value point = zero ? convertScalar(b, loc, zero, to, i32) : Value();
  // Between integers, what is in range stays in range when it is rounded.
  auto limit = [&](int64_t bound) -> Value {
    if (!point)
      return arith::ConstantOp::create(b, loc, b.getFloatAttr(real, bound));
    Value integer =
        arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(bound));
    integer = arith::SubIOp::create(b, loc, integer, point);
    return arith::SIToFPOp::create(b, loc, real, integer);
  };
  auto bounded = [&](arith::CmpFPredicate keep, Value bound) {
    Value kept = arith::CmpFOp::create(b, loc, keep, value, bound);
    value = arith::SelectOp::create(b, loc, kept, value, bound);
  };
  bounded(arith::CmpFPredicate::OGT, limit(low));
  bounded(arith::CmpFPredicate::OLT, limit(high));
  value = math::RoundEvenOp::create(b, loc, value);
  Value result = arith::FPToSIOp::create(b, loc, i32, value);
  if (point)
    result = arith::AddIOp::create(b, loc, result, point);
  return convertScalar(b, loc, result, i32, to);
}

} // namespace tegula::graph
