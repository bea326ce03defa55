//===- ElementwiseExpr.cpp - Arithmetic written as formulas ---------------===//

#include "ElementwiseExpr.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace tegula::target {

//===----------------------------------------------------------------------===//
// Types and constants
//===----------------------------------------------------------------------===//

Type Expr::withElements(Type element) const {
  if (auto vector = dyn_cast<VectorType>(getType()))
    return vector.clone(element);
  return element;
}

static TypedAttr splat(Type type, TypedAttr element) {
  if (auto vector = dyn_cast<VectorType>(type))
    return cast<TypedAttr>(SplatElementsAttr::get(vector, Attribute(element)));
  return element;
}

Expr Expr::constant(double number) const {
  Type element = getElementType();
  TypedAttr attribute;
  if (isa<FloatType>(element))
    attribute = FloatAttr::get(element, number);
  else
    attribute = IntegerAttr::get(element, static_cast<int64_t>(number));
  return {*context, arith::ConstantOp::create(context->builder,
                                              splat(getType(), attribute))};
}

Expr Expr::bits(uint64_t number) const {
  auto element = cast<IntegerType>(getElementType());
  llvm::APInt pattern(element.getWidth(), number, /*isSigned=*/false,
                      /*implicitTrunc=*/true);
  auto attribute = IntegerAttr::get(element, pattern);
  return {*context, arith::ConstantOp::create(context->builder,
                                              splat(getType(), attribute))};
}

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

static Type integerOfWidth(Expr a) {
  return IntegerType::get(a.get().getContext(),
                          a.getElementType().getIntOrFloatBitWidth());
}

static Type floatOfWidth(Expr a) {
  MLIRContext *context = a.get().getContext();
  if (a.getElementType().getIntOrFloatBitWidth() == 64)
    return Float64Type::get(context);
  return Float32Type::get(context);
}

Expr Expr::asInteger() const {
  return {*context,
          arith::BitcastOp::create(context->builder,
                                   withElements(integerOfWidth(*this)), value)};
}

Expr Expr::asFloat() const {
  return {*context,
          arith::BitcastOp::create(context->builder,
                                   withElements(floatOfWidth(*this)), value)};
}

Expr Expr::toF64() const {
  Type type = withElements(Float64Type::get(value.getContext()));
  return {*context, arith::ExtFOp::create(context->builder, type, value)};
}

Expr Expr::toF32() const {
  Type type = withElements(Float32Type::get(value.getContext()));
  return {*context, arith::TruncFOp::create(context->builder, type, value)};
}

Expr Expr::integerToFloat() const {
  return {*context,
          arith::SIToFPOp::create(context->builder,
                                  withElements(floatOfWidth(*this)), value)};
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

template <typename FloatOp, typename IntegerOp>
static Expr binary(Expr a, Expr b) {
  ImplicitLocOpBuilder &builder = a.getContext().builder;
  if (isa<FloatType>(a.getElementType()))
    return {a.getContext(), FloatOp::create(builder, a.get(), b.get())};
  return {a.getContext(), IntegerOp::create(builder, a.get(), b.get())};
}

template <typename IntegerOp>
static Expr integerBinary(Expr a, Expr b) {
  return {a.getContext(),
          IntegerOp::create(a.getContext().builder, a.get(), b.get())};
}

Expr operator+(Expr a, Expr b) {
  return binary<arith::AddFOp, arith::AddIOp>(a, b);
}
Expr operator-(Expr a, Expr b) {
  return binary<arith::SubFOp, arith::SubIOp>(a, b);
}
Expr operator*(Expr a, Expr b) {
  return binary<arith::MulFOp, arith::MulIOp>(a, b);
}
Expr operator/(Expr a, Expr b) {
  return binary<arith::DivFOp, arith::DivSIOp>(a, b);
}
Expr operator-(Expr a) {
  return {a.getContext(),
          arith::NegFOp::create(a.getContext().builder, a.get())};
}

Expr operator&(Expr a, Expr b) { return integerBinary<arith::AndIOp>(a, b); }
Expr operator|(Expr a, Expr b) { return integerBinary<arith::OrIOp>(a, b); }
Expr operator^(Expr a, Expr b) { return integerBinary<arith::XOrIOp>(a, b); }
Expr operator<<(Expr a, unsigned amount) {
  return integerBinary<arith::ShLIOp>(a, a.bits(amount));
}
Expr operator>>(Expr a, unsigned amount) {
  return integerBinary<arith::ShRSIOp>(a, a.bits(amount));
}
Expr shiftRightLogical(Expr a, unsigned amount) {
  return integerBinary<arith::ShRUIOp>(a, a.bits(amount));
}

static Expr compare(Expr a, Expr b, arith::CmpFPredicate onFloats,
                    arith::CmpIPredicate onIntegers) {
  ImplicitLocOpBuilder &builder = a.getContext().builder;
  if (isa<FloatType>(a.getElementType()))
    return {a.getContext(),
            arith::CmpFOp::create(builder, onFloats, a.get(), b.get())};
  return {a.getContext(),
          arith::CmpIOp::create(builder, onIntegers, a.get(), b.get())};
}

Expr operator<(Expr a, Expr b) {
  return compare(a, b, arith::CmpFPredicate::OLT, arith::CmpIPredicate::slt);
}
Expr operator>(Expr a, Expr b) {
  return compare(a, b, arith::CmpFPredicate::OGT, arith::CmpIPredicate::sgt);
}
Expr operator==(Expr a, Expr b) {
  return compare(a, b, arith::CmpFPredicate::OEQ, arith::CmpIPredicate::eq);
}
Expr operator!=(Expr a, Expr b) {
  return compare(a, b, arith::CmpFPredicate::UNE, arith::CmpIPredicate::ne);
}

Expr select(Expr condition, Expr a, Expr b) {
  return {a.getContext(),
          arith::SelectOp::create(a.getContext().builder, condition.get(),
                                  a.get(), b.get())};
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

Expr fma(Expr a, Expr b, Expr c) {
  if (!a.getContext().useFma)
    return a * b + c;
  return {a.getContext(), math::FmaOp::create(a.getContext().builder, a.get(),
                                              b.get(), c.get())};
}

template <typename Op>
static Expr unary(Expr a) {
  return {a.getContext(), Op::create(a.getContext().builder, a.get())};
}

Expr abs(Expr a) { return unary<math::AbsFOp>(a); }
Expr sqrt(Expr a) { return unary<math::SqrtOp>(a); }
Expr roundEven(Expr a) { return unary<math::RoundEvenOp>(a); }

// One operation less than math.copysign, which clears the sign of `a` first.
Expr withSignOf(Expr a, Expr b) {
  Expr bits = b.asInteger();
  Expr sign = bits & bits.bits(b.isF64() ? uint64_t{1} << 63 : 0x80000000);
  return (a.asInteger() | sign).asFloat();
}

// A comparison with the bound first is what x86's min and max compute, NaN
// included, so these are one instruction there.
Expr atMost(Expr a, double bound) {
  Expr limit = a.constant(bound);
  return select(limit < a, limit, a);
}

Expr atLeast(Expr a, double bound) {
  Expr limit = a.constant(bound);
  return select(limit > a, limit, a);
}

// Up to this many coefficients one chain of operations is short enough for a
// processor to overlap it with its neighbours.
static constexpr size_t kLongestChain = 7;

static Expr horner(Expr x, llvm::ArrayRef<double> coefficients) {
  Expr result = x.constant(coefficients.back());
  for (double coefficient : llvm::reverse(coefficients.drop_back()))
    result = fma(result, x, coefficient);
  return result;
}

/// even(x^2) + x odd(x^2): one operation more than a chain, half the latency.
static Expr evenAndOdd(Expr x, llvm::ArrayRef<double> coefficients) {
  llvm::SmallVector<double> even, odd;
  for (auto [power, coefficient] : llvm::enumerate(coefficients))
    (power % 2 == 0 ? even : odd).push_back(coefficient);
  Expr square = x * x;
  return fma(polynomial(square, odd), x, polynomial(square, even));
}

// The constant term comes last in any case: it is mostly the largest, so that
// only its addition's rounding counts.
Expr polynomial(Expr x, llvm::ArrayRef<double> coefficients) {
  if (coefficients.size() <= kLongestChain)
    return horner(x, coefficients);
  return fma(evenAndOdd(x, coefficients.drop_front()), x, coefficients[0]);
}

} // namespace tegula::target
