//===- LowerArithmetic.cpp - Powers, remainders, bits, trigonometry -------===//

#include "Convert.h"
#include "ScalarPatterns.h"

#include <cmath>

using namespace mlir;

namespace tegula::graph {

namespace {

using IntPredicate = arith::CmpIPredicate;

Value isEqual(OpBuilder &b, Location loc, Value x, Value y) {
  return arith::CmpIOp::create(b, loc, IntPredicate::eq, x, y);
}

/// base ** exponent by squaring, wrapping; the exponent is not negative.
Value integerPower(OpBuilder &b, Location loc, Value base, Value exponent) {
  Type type = base.getType(), exponentType = exponent.getType();
  unsigned bits = exponentType.getIntOrFloatBitWidth();
  auto constant = [&](Type type, int64_t value) -> Value {
    return arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, value));
  };
  Value one = constant(type, 1), unit = constant(exponentType, 1),
        zero = constant(exponentType, 0);
  Value begin = arith::ConstantIndexOp::create(b, loc, 0);
  Value end = arith::ConstantIndexOp::create(b, loc, bits);
  Value step = arith::ConstantIndexOp::create(b, loc, 1);
  auto loop = scf::ForOp::create(
      b, loc, begin, end, step, ValueRange{one, base, exponent},
      [&](OpBuilder &b, Location loc, Value, ValueRange carried) {
        Value odd = arith::CmpIOp::create(
            b, loc, IntPredicate::ne,
            arith::AndIOp::create(b, loc, carried[2], unit), zero);
        Value product = arith::MulIOp::create(b, loc, carried[0], carried[1]);
        Value result =
            arith::SelectOp::create(b, loc, odd, product, carried[0]);
        Value square = arith::MulIOp::create(b, loc, carried[1], carried[1]);
        Value rest = arith::ShRUIOp::create(b, loc, carried[2], unit);
        scf::YieldOp::create(b, loc, ValueRange{result, square, rest});
      });
  return loop.getResult(0);
}

/// Also for negative exponents: 1 and -1 have integer powers, others give 0.
Value signedPower(OpBuilder &b, Location loc, Type baseElement,
                  Type exponentElement, Value base, Value exponent) {
  Value power = integerPower(b, loc, base, exponent);
  if (isUnsignedElement(exponentElement))
    return power;
  Value zero = constantOf(b, loc, exponentElement, 0);
  Value negative =
      arith::CmpIOp::create(b, loc, IntPredicate::slt, exponent, zero);
  Value one = constantOf(b, loc, baseElement, 1),
        minusOne = constantOf(b, loc, baseElement, -1),
        none = constantOf(b, loc, baseElement, 0);
  Value odd =
      isEqual(b, loc,
              arith::AndIOp::create(b, loc, exponent,
                                    constantOf(b, loc, exponentElement, 1)),
              constantOf(b, loc, exponentElement, 1));
  Value inverse = arith::SelectOp::create(
      b, loc, isEqual(b, loc, base, minusOne),
      arith::SelectOp::create(b, loc, odd, minusOne, one), none);
  inverse =
      arith::SelectOp::create(b, loc, isEqual(b, loc, base, one), one, inverse);
  return arith::SelectOp::create(b, loc, negative, inverse, power);
}

/// The value of a constant float tensor that is the same everywhere.
std::optional<double> constantSplat(Value tensor) {
  DenseElementsAttr data;
  if (!matchPattern(tensor, m_Constant(&data)) || !data.isSplat() ||
      !isa<Float32Type, Float64Type>(data.getElementType()))
    return std::nullopt;
  return data.getSplatValue<APFloat>().convertToDouble();
}

/// Powers that are a few multiplications; null for others.
Value easyPower(OpBuilder &b, Location loc, Value x, double exponent) {
  auto mul = [&](Value p, Value q) -> Value {
    return arith::MulFOp::create(b, loc, p, q);
  };
  if (exponent == 1)
    return x;
  if (exponent == 2)
    return mul(x, x);
  if (exponent == 3)
    return mul(mul(x, x), x);
  if (exponent == -1)
    return arith::DivFOp::create(
        b, loc,
        arith::ConstantOp::create(b, loc, b.getFloatAttr(x.getType(), 1)), x);
  return {};
}

struct LowerPow : OnnxPattern<onnx::PowOp> {
  using OnnxPattern::OnnxPattern;

  Lowered lower(onnx::PowOp op, Adaptor in, OpBuilder &b) const override {
    Type base = elementOf(op.getX()), exponent = elementOf(op.getY());
    std::optional<double> splat = constantSplat(in.getY());
    Value result = elementwise(
        b, op.getLoc(), {{in.getX(), base}, {in.getY(), exponent}}, base,
        [&](OpBuilder &b, Location loc, ValueRange x) -> Value {
          if (splat && isFloat(base))
            if (Value easy = easyPower(b, loc, x[0], *splat))
              return easy;
          return power(b, loc, base, exponent, x);
        });
    return SmallVector<Value>{result};
  }

private:
  static Value power(OpBuilder &b, Location loc, Type base, Type exponent,
                     ValueRange x) {
    if (!isFloat(base) && !isFloat(exponent))
      return signedPower(b, loc, base, exponent, x[0], x[1]);
    // In the wider of the two float types.
    Type real = isFloat(base) ? base : exponent;
    if (base.isF64() || exponent.isF64())
      real = b.getF64Type();
    Value power =
        math::PowFOp::create(b, loc, convertScalar(b, loc, x[0], base, real),
                             convertScalar(b, loc, x[1], exponent, real));
    return convertScalar(b, loc, power, real, base);
  }
};

/// Integer remainder that does not trap: of a division by 0 it is 0.
Value remainder(OpBuilder &b, Location loc, Type element, Value x, Value y) {
  Value zero = constantOf(b, loc, element, 0),
        one = constantOf(b, loc, element, 1);
  Value safe =
      arith::SelectOp::create(b, loc, isEqual(b, loc, y, zero), one, y);
  if (isUnsignedElement(element))
    return arith::RemUIOp::create(b, loc, x, safe);
  // x % -1 is 0, but traps where x is the lowest integer.
  Value minusOne = constantOf(b, loc, element, -1);
  safe = arith::SelectOp::create(b, loc, isEqual(b, loc, safe, minusOne), one,
                                 safe);
  return arith::RemSIOp::create(b, loc, x, safe);
}

/// fmod = 0: the sign of the divisor; fmod = 1: of the dividend, as in C.
Value modulo(onnx::ModOp op, OpBuilder &b, Location loc, Type element,
             ValueRange x) {
  Value zero = constantOf(b, loc, element, 0);
  if (isFloat(element)) {
    Value rest = arith::RemFOp::create(b, loc, x[0], x[1]);
    if (op.getFmod() != 0)
      return rest;
    using Predicate = arith::CmpFPredicate;
    Value product = arith::MulFOp::create(b, loc, rest, x[1]);
    Value differ = arith::CmpFOp::create(b, loc, Predicate::OLT, product, zero);
    Value moved = arith::AddFOp::create(b, loc, rest, x[1]);
    return arith::SelectOp::create(b, loc, differ, moved, rest);
  }
  Value rest = remainder(b, loc, element, x[0], x[1]);
  if (op.getFmod() != 0 || isUnsignedElement(element))
    return rest;
  Value signs = arith::XOrIOp::create(b, loc, rest, x[1]);
  Value differ = arith::AndIOp::create(
      b, loc, arith::CmpIOp::create(b, loc, IntPredicate::slt, signs, zero),
      arith::CmpIOp::create(b, loc, IntPredicate::ne, rest, zero));
  Value moved = arith::AddIOp::create(b, loc, rest, x[1]);
  return arith::SelectOp::create(b, loc, differ, moved, rest);
}

/// Shifts by the width or more leave nothing.
Value bitShift(onnx::BitShiftOp op, OpBuilder &b, Location loc, Type element,
               ValueRange x) {
  Value width =
      constantOf(b, loc, element, x[0].getType().getIntOrFloatBitWidth());
  Value zero = constantOf(b, loc, element, 0);
  Value fits = arith::CmpIOp::create(b, loc, IntPredicate::ult, x[1], width);
  Value by = arith::SelectOp::create(b, loc, fits, x[1], zero);
  Value shifted = op.getDirection() == "LEFT"
                      ? Value(arith::ShLIOp::create(b, loc, x[0], by))
                      : Value(arith::ShRUIOp::create(b, loc, x[0], by));
  return arith::SelectOp::create(b, loc, fits, shifted, zero);
}

template <typename Op>
Value bitwise(OpBuilder &b, Location loc, Type, ValueRange x) {
  return Op::create(b, loc, x[0], x[1]);
}

Value bitwiseNot(OpBuilder &b, Location loc, Type element, ValueRange x) {
  return arith::XOrIOp::create(b, loc, x[0], constantOf(b, loc, element, -1));
}

Value isNaN(OpBuilder &b, Location loc, Type, ValueRange x) {
  return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, x[0], x[0]);
}

Value isInf(onnx::IsInfOp op, OpBuilder &b, Location loc, Type, ValueRange x) {
  auto equals = [&](double value) -> Value {
    Value limit = arith::ConstantOp::create(
        b, loc, b.getFloatAttr(x[0].getType(), value));
    return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, x[0],
                                 limit);
  };
  Value result = arith::ConstantOp::create(b, loc, b.getBoolAttr(false));
  if (op.getDetectPositive() != 0)
    result = arith::OrIOp::create(b, loc, result, equals(INFINITY));
  if (op.getDetectNegative() != 0)
    result = arith::OrIOp::create(b, loc, result, equals(-INFINITY));
  return result;
}

template <typename Op>
Value unary(OpBuilder &b, Location loc, Type, ValueRange x) {
  return Op::create(b, loc, x[0]);
}

} // namespace

void populateArithmeticPatterns(const TypeConverter &converter,
                                RewritePatternSet &patterns) {
  using namespace onnx;
  patterns.add<LowerPow, LowerScalarOf<ModOp, modulo>,
               LowerScalarOf<BitShiftOp, bitShift>,
               LowerScalar<BitwiseAndOp, bitwise<arith::AndIOp>>,
               LowerScalar<BitwiseOrOp, bitwise<arith::OrIOp>>,
               LowerScalar<BitwiseXorOp, bitwise<arith::XOrIOp>>,
               LowerScalar<BitwiseNotOp, bitwiseNot>,
               LowerScalar<IsNaNOp, isNaN>, LowerScalarOf<IsInfOp, isInf>,
               LowerScalar<TanOp, unary<math::TanOp>>,
               LowerScalar<AsinOp, unary<math::AsinOp>>,
               LowerScalar<AcosOp, unary<math::AcosOp>>,
               LowerScalar<AtanOp, unary<math::AtanOp>>,
               LowerScalar<SinhOp, unary<math::SinhOp>>,
               LowerScalar<CoshOp, unary<math::CoshOp>>,
               LowerScalar<AsinhOp, unary<math::AsinhOp>>,
               LowerScalar<AcoshOp, unary<math::AcoshOp>>,
               LowerScalar<AtanhOp, unary<math::AtanhOp>>>(
      converter, patterns.getContext());
}

} // namespace tegula::graph
