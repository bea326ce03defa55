//===- ExpandMathPower.cpp - Powers and roots -----------------------------===//
//
// x^y = 2^(y log2(x)). The product is up to 150 and needs 24 bits behind the
// point, more than f32 has, so it is formed in f64: 12 more bits than needed.
//
//===----------------------------------------------------------------------===//

#include "ExpandMath.h"

#include <limits>

using namespace mlir;

namespace tegula::target {

static constexpr double kInfinity = std::numeric_limits<double>::infinity();
static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
static constexpr double kLargestF32 = std::numeric_limits<float>::max();

/// |x|^y where neither the sign of x nor y = 0 nor x = 1 matters.
static Expr powerOfMagnitude(Expr x, Expr y) {
  Expr magnitude = abs(x.toF64());
  Expr log2 = log2In64ForF32(magnitude);
  log2 = select(magnitude == 0.0, -kInfinity, log2);
  log2 = select(magnitude < kInfinity, log2, magnitude);
  // The largest number does for infinity, and 0 times it is a number: |x| = 1.
  Expr finite = atLeast(atMost(y, kLargestF32), -kLargestF32).toF64();
  Expr exponent = atLeast(atMost(log2 * finite, 200.0), -200.0);
  return exp2In64ForF32(exponent).toF32();
}

Expr expandPow(Expr x, Expr y) {
  Expr result = powerOfMagnitude(x, y);
  Expr half = y * 0.5;
  Expr isInteger = roundEven(y) == y;
  Expr isOdd = isInteger & (roundEven(half) != half);
  // An odd power keeps the sign of x, -0 included.
  Expr zero = x.asInteger().bits(0);
  Expr sign = x.asInteger() & x.asInteger().bits(0x80000000);
  result = (result.asInteger() ^ select(isOdd, sign, zero)).asFloat();
  Expr outside = (x < 0.0) & (x != -kInfinity) & (roundEven(y) != y);
  result = select(outside, kNaN, result);
  return select((y == 0.0) | (x == 1.0), 1.0, result);
}

FailureOr<Expr> expandConstantPow(Expr x, double exponent) {
  // Unlike sqrt, powers of -0 are positive and those of -infinity numbers.
  auto root = [&] { return sqrt(x + 0.0); };
  if (exponent == 0.0)
    return x.constant(1.0);
  if (exponent == 1.0)
    return x;
  if (exponent == 2.0)
    return x * x;
  if (exponent == 3.0)
    return x * x * x;
  if (exponent == -1.0)
    return 1.0 / x;
  if (exponent == 0.5)
    return select(x == -kInfinity, kInfinity, root());
  if (exponent == -0.5)
    return select(x == -kInfinity, 0.0, 1.0 / root());
  return failure();
}

Expr expandCbrt(Expr x) {
  Expr magnitude = abs(x.toF64());
  Expr root = exp2In64ForF32(log2In64ForF32(magnitude) * (1.0 / 3.0)).toF32();
  // Zero, infinity and NaN are their own roots.
  Expr regular = (abs(x) > 0.0) & (abs(x) < kInfinity);
  return select(regular, withSignOf(root, x), x);
}

Expr expandRsqrt(Expr x) { return 1.0 / sqrt(x); }

} // namespace tegula::target
