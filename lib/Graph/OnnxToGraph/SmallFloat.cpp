//===- SmallFloat.cpp - Floats of 4 and 8 bits in integer arithmetic ------===//

#include "SmallFloat.h"

#include <cmath>

using namespace mlir;

namespace tegula::graph {

namespace {

/// A format with sign, exponent and mantissa.
struct Format {
  int exponentBits;
  int mantissaBits;
  int bias;
  uint32_t largest;  ///< Bits of the largest finite value.
  uint32_t nan;      ///< Bits of a NaN, without the sign where it has one.
  uint32_t overflow; ///< What overflows to when it does not saturate.
  bool signedZero;   ///< No: 0x80 is the only NaN ("fnuz").
  bool hasInfinity;
};

Format formatOf(FloatType type) {
  if (isa<Float8E5M2Type>(type))
    return {5, 2, 15, 0x7B, 0x7E, 0x7C, true, true};
  if (isa<Float8E4M3FNUZType>(type))
    return {4, 3, 8, 0x7F, 0x80, 0x80, false, false};
  if (isa<Float8E5M2FNUZType>(type))
    return {5, 2, 16, 0x7F, 0x80, 0x80, false, false};
  if (isa<Float4E2M1FNType>(type))
    return {2, 1, 1, 0x7, 0x8, 0x7, true, false};  // NaN becomes -0.
  return {4, 3, 7, 0x7E, 0x7F, 0x7F, true, false}; // Float8E4M3FN
}

/// Shorthand for i32 and f32 arithmetic at one place.
struct Bits {
  OpBuilder &b;
  Location loc;

  Value constant(uint32_t value) {
    return arith::ConstantOp::create(
        b, loc, b.getI32IntegerAttr(static_cast<int32_t>(value)));
  }
  Value real(double value) {
    return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
  }
  Value land(Value x, uint32_t mask) {
    return arith::AndIOp::create(b, loc, x, constant(mask));
  }
  Value lor(Value x, Value y) { return arith::OrIOp::create(b, loc, x, y); }
  Value shl(Value x, int by) {
    return arith::ShLIOp::create(b, loc, x, constant(by));
  }
  Value shr(Value x, int by) {
    return arith::ShRUIOp::create(b, loc, x, constant(by));
  }
  Value add(Value x, Value y) { return arith::AddIOp::create(b, loc, x, y); }
  Value is(arith::CmpIPredicate predicate, Value x, uint32_t y) {
    return arith::CmpIOp::create(b, loc, predicate, x, constant(y));
  }
  Value select(Value condition, Value x, Value y) {
    return arith::SelectOp::create(b, loc, condition, x, y);
  }
  Value asFloat(Value bits) {
    return arith::BitcastOp::create(b, loc, b.getF32Type(), bits);
  }
  Value asBits(Value value) {
    return arith::BitcastOp::create(b, loc, b.getI32Type(), value);
  }
};

using Predicate = arith::CmpIPredicate;
constexpr uint32_t floatNaN = 0x7FC00000u, floatInfinity = 0x7F800000u;

/// e8m0: 2^(bits - 127), 255 is NaN, 0 is 2^-127 (a subnormal of f32).
Value decodeScale(Bits x, Value bits) {
  Value normal = x.shl(bits, 23);
  Value result =
      x.select(x.is(Predicate::eq, bits, 0), x.constant(0x00400000), normal);
  result =
      x.select(x.is(Predicate::eq, bits, 255), x.constant(floatNaN), result);
  return x.asFloat(result);
}

Value encodeScale(Bits x, Value value, bool saturate, ScaleRounding rounding) {
  Value bits = x.land(x.asBits(value), 0x7FFFFFFF);
  Value exponent = x.shr(bits, 23), mantissa = x.land(bits, 0x7FFFFF);
  uint32_t atLeast = rounding == ScaleRounding::Up ? 1 : 0x400000;
  Value up = x.is(Predicate::uge, mantissa, atLeast);
  // Below 2^-126 the code 0 stands for 2^-127, whose f32 mantissa is 0x400000.
  if (rounding == ScaleRounding::Up) {
    Value subnormal = x.is(Predicate::eq, exponent, 0);
    Value above = x.is(Predicate::ugt, mantissa, 0x400000);
    up = arith::SelectOp::create(x.b, x.loc, subnormal, above, up);
  }
  Value code = exponent;
  if (rounding != ScaleRounding::Down)
    code = x.add(exponent,
                 arith::ExtUIOp::create(x.b, x.loc, x.b.getI32Type(), up));
  Value tooLarge = x.is(Predicate::uge, code, 255);
  code = x.select(tooLarge, x.constant(saturate ? 254 : 255), code);
  Value isNaN = x.is(Predicate::ugt, bits, floatInfinity);
  return x.select(isNaN, x.constant(255), code);
}

} // namespace

bool isSmallFloat(Type element) {
  auto type = dyn_cast<FloatType>(element);
  return type && type.getWidth() < 16;
}

Value decodeSmallFloat(OpBuilder &b, Location loc, Value stored,
                       FloatType element) {
  Bits x{b, loc};
  Value bits = arith::ExtUIOp::create(b, loc, b.getI32Type(), stored);
  if (isa<Float8E8M0FNUType>(element))
    return decodeScale(x, bits);
  Format f = formatOf(element);
  int width = 1 + f.exponentBits + f.mantissaBits;
  Value sign = x.shl(x.land(bits, 1u << (width - 1)), 32 - width);
  Value magnitude = x.land(bits, (1u << (width - 1)) - 1);
  Value normal = x.add(x.shl(magnitude, 23 - f.mantissaBits),
                       x.constant(uint32_t(127 - f.bias) << 23));
  Value tiny = arith::MulFOp::create(
      b, loc, arith::UIToFPOp::create(b, loc, b.getF32Type(), magnitude),
      x.real(std::ldexp(1.0, 1 - f.bias - f.mantissaBits)));
  Value isTiny = x.is(Predicate::ult, magnitude, 1u << f.mantissaBits);
  Value result = x.select(isTiny, x.asBits(tiny), normal);
  if (f.hasInfinity) {
    result = x.select(x.is(Predicate::eq, magnitude, f.overflow),
                      x.constant(floatInfinity), result);
    result = x.select(x.is(Predicate::ugt, magnitude, f.overflow),
                      x.constant(floatNaN), result);
  } else if (f.nan != f.largest && f.signedZero) {
    result = x.select(x.is(Predicate::eq, magnitude, f.nan),
                      x.constant(floatNaN), result);
  }
  result = x.lor(result, sign);
  if (!f.signedZero)
    result = x.select(x.is(Predicate::eq, bits, f.nan), x.constant(floatNaN),
                      result);
  return x.asFloat(result);
}

Value encodeSmallFloat(OpBuilder &b, Location loc, Value value,
                       FloatType element, bool saturate,
                       ScaleRounding rounding) {
  Bits x{b, loc};
  if (isa<Float8E8M0FNUType>(element))
    return arith::TruncIOp::create(b, loc, b.getI8Type(),
                                   encodeScale(x, value, saturate, rounding));
  Format f = formatOf(element);
  int width = 1 + f.exponentBits + f.mantissaBits, drop = 23 - f.mantissaBits;
  Value bits = x.asBits(value);
  Value magnitude = x.land(bits, 0x7FFFFFFF);
  Value sign = x.land(x.shr(bits, 32 - width), 1u << (width - 1));
  // Normal: to nearest even by adding just under half, or half.
  Value odd = x.land(x.shr(magnitude, drop), 1);
  Value rounded =
      x.add(x.add(magnitude, odd), x.constant((1u << (drop - 1)) - 1 -
                                              (uint32_t(127 - f.bias) << 23)));
  Value normal = x.shr(rounded, drop);
  // Subnormal: the sum with a float whose last place is the format's.
  Value magic = x.real(std::ldexp(1.0, 24 - f.bias - f.mantissaBits));
  Value sum = arith::AddFOp::create(b, loc, x.asFloat(magnitude), magic);
  Value tiny = arith::SubIOp::create(b, loc, x.asBits(sum), x.asBits(magic));
  Value isTiny = x.is(Predicate::ult, magnitude, uint32_t(128 - f.bias) << 23);
  Value code = x.select(isTiny, tiny, normal);
  // Anything from 2^129 on would wrap in the shifts above.
  Value tooLarge =
      arith::OrIOp::create(b, loc, x.is(Predicate::ugt, code, f.largest),
                           x.is(Predicate::uge, magnitude, floatInfinity));
  code =
      x.select(tooLarge, x.constant(saturate ? f.largest : f.overflow), code);
  Value isNaN = x.is(Predicate::ugt, magnitude, floatInfinity);
  code = x.select(isNaN, x.constant(f.nan), code);
  if (f.signedZero) {
    code = x.lor(code, sign);
  } else {
    // Zero and NaN carry no sign.
    Value plain = arith::OrIOp::create(b, loc, x.is(Predicate::eq, code, 0),
                                       x.is(Predicate::eq, code, f.nan));
    code = x.select(plain, code, x.lor(code, sign));
  }
  return arith::TruncIOp::create(b, loc, b.getI8Type(), code);
}

} // namespace tegula::graph
