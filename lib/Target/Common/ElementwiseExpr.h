//===- ElementwiseExpr.h - Arithmetic written as formulas -------*- C++ -*-===//
//
// An ElementwiseExpr is a scalar or vector SSA value that can be used in a C++
// formula: `x * x + 1.0` emits arith.mulf and arith.addf on whatever type x
// has. A double next to an expression becomes a constant of its type (a splat
// for vectors), so one formula serves f32 and f64, scalars and vectors.
//
//   Expr square = x * x;
//   Expr result = select(x < 0.0, -square, square);
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_TARGET_COMMON_ELEMENTWISEEXPR_H
#define TEGULA_LIB_TARGET_COMMON_ELEMENTWISEEXPR_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace tegula::target {

/// What all expressions of one expansion share.
struct ExprContext {
  mlir::ImplicitLocOpBuilder &builder;
  /// Emit math.fma for fma(); otherwise a multiplication and an addition.
  bool useFma;
};

class ElementwiseExpr {
public:
  ElementwiseExpr(ExprContext &context, mlir::Value value)
      : context(&context), value(value) {}

  mlir::Value get() const { return value; }
  mlir::Type getType() const { return value.getType(); }
  mlir::Type getElementType() const {
    return mlir::getElementTypeOrSelf(getType());
  }
  bool isF64() const { return getElementType().isF64(); }
  ExprContext &getContext() const { return *context; }

  /// A constant of this expression's type; for integer expressions `value`
  /// must be an integer.
  ElementwiseExpr constant(double value) const;
  /// An integer constant of this (integer) expression's type, given as bits.
  ElementwiseExpr bits(uint64_t value) const;
  /// The type of this expression with other elements.
  mlir::Type withElements(mlir::Type element) const;

  /// The same bits as an integer, or as a floating-point number.
  ElementwiseExpr asInteger() const;
  ElementwiseExpr asFloat() const;
  /// Conversions of value.
  ElementwiseExpr toF64() const;
  ElementwiseExpr toF32() const;
  /// Signed integer to the floating-point type of the same width.
  ElementwiseExpr integerToFloat() const;

private:
  ExprContext *context;
  mlir::Value value;
};

using Expr = ElementwiseExpr;

Expr operator+(Expr a, Expr b);
Expr operator-(Expr a, Expr b);
Expr operator*(Expr a, Expr b);
Expr operator/(Expr a, Expr b);
Expr operator-(Expr a);

inline Expr operator+(Expr a, double b) { return a + a.constant(b); }
inline Expr operator-(Expr a, double b) { return a - a.constant(b); }
inline Expr operator*(Expr a, double b) { return a * a.constant(b); }
inline Expr operator/(Expr a, double b) { return a / a.constant(b); }
inline Expr operator+(double a, Expr b) { return b.constant(a) + b; }
inline Expr operator-(double a, Expr b) { return b.constant(a) - b; }
inline Expr operator*(double a, Expr b) { return b.constant(a) * b; }
inline Expr operator/(double a, Expr b) { return b.constant(a) / b; }

// Comparisons are ordered (false on NaN) except !=; integers compare signed.
Expr operator<(Expr a, Expr b);
Expr operator>(Expr a, Expr b);
Expr operator==(Expr a, Expr b);
Expr operator!=(Expr a, Expr b);

inline Expr operator<(Expr a, double b) { return a < a.constant(b); }
inline Expr operator>(Expr a, double b) { return a > a.constant(b); }
inline Expr operator==(Expr a, double b) { return a == a.constant(b); }
inline Expr operator!=(Expr a, double b) { return a != a.constant(b); }

// Bitwise operations and shifts, of integers and of comparison results.
Expr operator&(Expr a, Expr b);
Expr operator|(Expr a, Expr b);
Expr operator^(Expr a, Expr b);
Expr operator<<(Expr a, unsigned amount);
/// Arithmetic (sign-filling) shift.
Expr operator>>(Expr a, unsigned amount);
Expr shiftRightLogical(Expr a, unsigned amount);

Expr select(Expr condition, Expr a, Expr b);
inline Expr select(Expr condition, Expr a, double b) {
  return select(condition, a, a.constant(b));
}
inline Expr select(Expr condition, double a, Expr b) {
  return select(condition, b.constant(a), b);
}

/// a * b + c; rounds once where the context allows fma, else twice.
Expr fma(Expr a, Expr b, Expr c);
inline Expr fma(Expr a, double b, Expr c) { return fma(a, a.constant(b), c); }
inline Expr fma(Expr a, Expr b, double c) { return fma(a, b, a.constant(c)); }
inline Expr fma(Expr a, double b, double c) {
  return fma(a, a.constant(b), a.constant(c));
}

Expr abs(Expr a);
Expr sqrt(Expr a);
/// The nearest integer, ties to even, as a floating-point number.
Expr roundEven(Expr a);
/// `a`, which must not be negative, with the sign of `b`.
Expr withSignOf(Expr a, Expr b);
/// min and max against a constant that let NaN through.
Expr atMost(Expr a, double bound);
Expr atLeast(Expr a, double bound);

/// The polynomial with these coefficients, from the constant term up.
Expr polynomial(Expr x, llvm::ArrayRef<double> coefficients);

} // namespace tegula::target

#endif // TEGULA_LIB_TARGET_COMMON_ELEMENTWISEEXPR_H
