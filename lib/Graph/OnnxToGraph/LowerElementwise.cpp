//===- LowerElementwise.cpp - Arithmetic, comparison and logic ------------===//
//
// One scalar body for each operator. Where ONNX is silent, NumPy's rules hold:
// NaN propagates through Max, Min, Clip and Relu; integers wrap; integer
// division truncates towards zero and does not trap.
//
//===----------------------------------------------------------------------===//

#include "ScalarPatterns.h"

using namespace mlir;

namespace tegula::graph {

namespace {

template <typename FloatOp, typename SignedOp, typename UnsignedOp>
Value byType(OpBuilder &b, Location loc, Type element, ValueRange x) {
  if (isFloat(element))
    return FloatOp::create(b, loc, x[0], x[1]);
  if (isUnsignedElement(element))
    return UnsignedOp::create(b, loc, x[0], x[1]);
  return SignedOp::create(b, loc, x[0], x[1]);
}

/// Division that does not trap: x / 0 is 0, INT_MIN / -1 wraps.
Value divide(OpBuilder &b, Location loc, Type element, ValueRange x) {
  if (isFloat(element))
    return arith::DivFOp::create(b, loc, x[0], x[1]);
  Value zero = constantOf(b, loc, element, 0),
        one = constantOf(b, loc, element, 1);
  auto equals = [&](Value p, Value q) -> Value {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, p, q);
  };
  Value byZero = equals(x[1], zero);
  Value safe = arith::SelectOp::create(b, loc, byZero, one, x[1]);
  if (isUnsignedElement(element)) {
    Value quotient = arith::DivUIOp::create(b, loc, x[0], safe);
    return arith::SelectOp::create(b, loc, byZero, zero, quotient);
  }
  Value byMinusOne = equals(safe, constantOf(b, loc, element, -1));
  safe = arith::SelectOp::create(b, loc, byMinusOne, one, safe);
  Value quotient = arith::DivSIOp::create(b, loc, x[0], safe);
  Value negated = arith::SubIOp::create(b, loc, zero, x[0]);
  quotient = arith::SelectOp::create(b, loc, byMinusOne, negated, quotient);
  return arith::SelectOp::create(b, loc, byZero, zero, quotient);
}

template <arith::CmpFPredicate floatPredicate,
          arith::CmpIPredicate signedPredicate,
          arith::CmpIPredicate unsignedPredicate>
Value compare(OpBuilder &b, Location loc, Type element, ValueRange x) {
  if (isFloat(element))
    return arith::CmpFOp::create(b, loc, floatPredicate, x[0], x[1]);
  auto predicate =
      isUnsignedElement(element) ? unsignedPredicate : signedPredicate;
  return arith::CmpIOp::create(b, loc, predicate, x[0], x[1]);
}

Value absolute(OpBuilder &b, Location loc, Type element, ValueRange x) {
  if (isFloat(element))
    return math::AbsFOp::create(b, loc, x[0]);
  if (isUnsignedElement(element))
    return x[0];
  return math::AbsIOp::create(b, loc, x[0]);
}

Value negate(OpBuilder &b, Location loc, Type element, ValueRange x) {
  if (isFloat(element))
    return arith::NegFOp::create(b, loc, x[0]);
  return arith::SubIOp::create(b, loc, constantOf(b, loc, element, 0), x[0]);
}

Value relu(OpBuilder &b, Location loc, Type element, ValueRange x) {
  Value zero = constantOf(b, loc, element, 0);
  if (isFloat(element))
    return arith::MaximumFOp::create(b, loc, x[0], zero);
  return arith::MaxSIOp::create(b, loc, x[0], zero);
}

/// 1 / (1 + exp(-x)): the limits come out right at +-inf, and the power may be
/// zero or infinite where it is not normal.
Value sigmoid(OpBuilder &b, Location loc, Type element, ValueRange x) {
  Value one = constantOf(b, loc, element, 1);
  Value power = math::ExpOp::create(b, loc, arith::NegFOp::create(b, loc, x[0]),
                                    arith::FastMathFlags::afn);
  return arith::DivFOp::create(b, loc, one,
                               arith::AddFOp::create(b, loc, one, power));
}

Value reciprocal(OpBuilder &b, Location loc, Type element, ValueRange x) {
  return arith::DivFOp::create(b, loc, constantOf(b, loc, element, 1), x[0]);
}

template <typename Op>
Value unaryFloat(OpBuilder &b, Location loc, Type, ValueRange x) {
  return Op::create(b, loc, x[0]);
}

template <typename Op>
Value binaryInteger(OpBuilder &b, Location loc, Type, ValueRange x) {
  return Op::create(b, loc, x[0], x[1]);
}

Value logicalNot(OpBuilder &b, Location loc, Type, ValueRange x) {
  Value one = arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
  return arith::XOrIOp::create(b, loc, x[0], one);
}

Value select(OpBuilder &b, Location loc, Type, ValueRange x) {
  return arith::SelectOp::create(b, loc, x[0], x[1], x[2]);
}

} // namespace

void populateElementwisePatterns(const TypeConverter &converter,
                                 RewritePatternSet &patterns) {
  using namespace onnx;
  constexpr Scalar add = byType<arith::AddFOp, arith::AddIOp, arith::AddIOp>;
  constexpr Scalar sub = byType<arith::SubFOp, arith::SubIOp, arith::SubIOp>;
  constexpr Scalar mul = byType<arith::MulFOp, arith::MulIOp, arith::MulIOp>;
  constexpr Scalar max =
      byType<arith::MaximumFOp, arith::MaxSIOp, arith::MaxUIOp>;
  constexpr Scalar min =
      byType<arith::MinimumFOp, arith::MinSIOp, arith::MinUIOp>;
  using F = arith::CmpFPredicate;
  using I = arith::CmpIPredicate;
  patterns
      .add<LowerScalar<AddOp, add>, LowerScalar<SubOp, sub>,
           LowerScalar<MulOp, mul>, LowerScalar<DivOp, divide>,
           LowerVariadic<MaxOp, max>, LowerVariadic<MinOp, min>,
           LowerVariadic<SumOp, add>, LowerVariadic<MeanOp, add, /*mean=*/true>,
           LowerScalar<EqualOp, compare<F::OEQ, I::eq, I::eq>>,
           LowerScalar<GreaterOp, compare<F::OGT, I::sgt, I::ugt>>,
           LowerScalar<GreaterOrEqualOp, compare<F::OGE, I::sge, I::uge>>,
           LowerScalar<LessOp, compare<F::OLT, I::slt, I::ult>>,
           LowerScalar<LessOrEqualOp, compare<F::OLE, I::sle, I::ule>>,
           LowerScalar<AndOp, binaryInteger<arith::AndIOp>>,
           LowerScalar<OrOp, binaryInteger<arith::OrIOp>>,
           LowerScalar<XorOp, binaryInteger<arith::XOrIOp>>,
           LowerScalar<NotOp, logicalNot>, LowerScalar<WhereOp, select>,
           LowerScalar<AbsOp, absolute>, LowerScalar<NegOp, negate>,
           LowerScalar<ReluOp, relu>, LowerScalar<SigmoidOp, sigmoid>,
           LowerScalar<ReciprocalOp, reciprocal>,
           LowerScalar<ExpOp, unaryFloat<math::ExpOp>>,
           LowerScalar<LogOp, unaryFloat<math::LogOp>>,
           LowerScalar<SqrtOp, unaryFloat<math::SqrtOp>>,
           LowerScalar<TanhOp, unaryFloat<math::TanhOp>>,
           LowerScalar<ErfOp, unaryFloat<math::ErfOp>>,
           LowerScalar<SinOp, unaryFloat<math::SinOp>>,
           LowerScalar<CosOp, unaryFloat<math::CosOp>>,
           LowerScalar<CeilOp, unaryFloat<math::CeilOp>>,
           LowerScalar<FloorOp, unaryFloat<math::FloorOp>>,
           LowerScalar<RoundOp, unaryFloat<math::RoundEvenOp>>>(
          converter, patterns.getContext());
}

} // namespace tegula::graph
