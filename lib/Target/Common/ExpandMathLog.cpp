//===- ExpandMathLog.cpp - Logarithms and inverse hyperbolic functions ----===//
//
// x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)); the logarithm of 1 + f is
// f - f^2/2 + f^3 P(f), so that results near 0 keep their relative precision.
//
//===----------------------------------------------------------------------===//

#include "ExpandMath.h"

#include <cmath>
#include <limits>

namespace tegula::target {

// -1/2, then (log(1+f) - f + f^2/2) / f^3; tools/dev/fit_math_polynomials.py.
static constexpr double kLogF32[] = {-0.5,
                                     0.333333316878,
                                     -0.250008233069,
                                     0.200012302825,
                                     -0.166232710719,
                                     0.142016233653,
                                     -0.131609662952,
                                     0.127629041416,
                                     -0.0763392707532};
static constexpr double kLogF32In64[] = {-0.5,
                                         0.33333333399572211738,
                                         -0.25000001130186727212,
                                         0.19999989206593739911,
                                         -0.16666532009084226633,
                                         0.14286181139515310058,
                                         -0.12505728945329022287,
                                         0.1110544658911207394,
                                         -0.098891643445050091729,
                                         0.090402157465030710908,
                                         -0.092881384452312799726,
                                         0.091166263831820049881,
                                         -0.048217495198577708301};
static constexpr double kLogF64[] = {-0.5,
                                     0.3333333333333334629,
                                     -0.25000000000000371369,
                                     0.1999999999999389511,
                                     -0.16666666666547081685,
                                     0.14285714286580920906,
                                     -0.12500000014638961417,
                                     0.1111111105824623636,
                                     -0.099999990708366684636,
                                     0.090909104910650935219,
                                     -0.083333676910044654611,
                                     0.076923048910700815398,
                                     -0.071420852981636764844,
                                     0.066658981008664269933,
                                     -0.062604040037811108551,
                                     0.059025412606716008178,
                                     -0.05479249183825215539,
                                     0.050275517626794000874,
                                     -0.051897377306589268656,
                                     0.0605430452003462605,
                                     -0.054098880501089365548,
                                     0.022476068712158246728};

static constexpr double kInfinity = std::numeric_limits<double>::infinity();
static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

namespace {
/// log_b(x) = k * (power of two) + log(1+f) * (factor), both in two pieces.
/// The first piece of the former is so short that its product with k is exact.
struct Base {
  double twoHigh, twoLow;
  double factorHigh, factorLow;
};

struct Decomposed {
  /// k as a number, and f.
  Expr exponent, fraction;
  /// k + bias as an integer.
  Expr biasedExponent;
};
} // namespace

static Base baseE(bool isF64) {
  if (isF64)
    return {0x1.62e42fefa38p-1, 0x1.ef35793c7673p-45, 1.0, 0.0};
  return {0x1.62e4p-1, 0x1.7f7d1cf79abcap-20, 1.0, 0.0};
}

static Base base2(bool isF64) {
  if (isF64)
    return {1.0, 0.0, 0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56};
  return {1.0, 0.0, 0x1.715476p+0, 0x1.4ae0bf85ddf44p-26};
}

static Base base10(bool isF64) {
  if (isF64)
    return {0x1.34413509f78p-2, 0x1.fef311f12b358p-46, 0x1.bcb7b1526e50ep-2,
            0x1.95355baaafad3p-57};
  return {0x1.344p-2, 0x1.3509f79fef312p-18, 0x1.bcb7b2p-2,
          -0x1.5b235e39ab2a9p-27};
}

/// Splits a positive normal number. Bits are shifted so that the mantissa
/// wraps at sqrt(2) and not at 2.
static Decomposed decompose(Expr x) {
  bool isF64 = x.isF64();
  unsigned mantissaBits = isF64 ? 52 : 23;
  uint64_t one = isF64 ? 0x3ff0000000000000 : 0x3f800000;
  uint64_t sqrtHalf = isF64 ? 0x3fe6a09e667f3bcd : 0x3f3504f3;
  double rounder = std::ldexp(1.0, mantissaBits);
  uint64_t rounderBits =
      isF64 ? 0x4330000000000000 : 0x4b000000; // 2^mantissaBits

  Expr bits = x.asInteger();
  Expr shifted = bits + bits.bits(one - sqrtHalf);
  Expr biased = shiftRightLogical(shifted, mantissaBits);
  Expr exponent = (biased | biased.bits(rounderBits)).asFloat() -
                  (rounder + (isF64 ? 1023 : 127));
  Expr mantissa = (shifted & shifted.bits((uint64_t{1} << mantissaBits) - 1)) +
                  shifted.bits(sqrtHalf);
  return {exponent, mantissa.asFloat() - 1.0, biased};
}

static Expr logOfParts(Expr exponent, Expr fraction, const Base &base,
                       llvm::ArrayRef<double> table) {
  Expr rest = (fraction * fraction) * polynomial(fraction, table);
  if (base.factorHigh != 1.0)
    rest = fma(fraction, base.factorLow, rest * base.factorHigh);
  if (base.twoLow != 0.0)
    rest = fma(exponent, base.twoLow, rest);
  Expr sum = base.factorHigh == 1.0 ? fraction + rest
                                    : fma(fraction, base.factorHigh, rest);
  if (base.twoHigh == 1.0)
    return exponent + sum;
  return fma(exponent, base.twoHigh, sum);
}

static llvm::ArrayRef<double> logTable(bool isF64) {
  if (isF64)
    return kLogF64;
  return kLogF32;
}

static Expr expandLogarithm(Expr x, const Base &base) {
  bool isF64 = x.isF64();
  double smallestNormal = isF64 ? 0x1p-1022 : 0x1p-126;
  unsigned mantissaBits = isF64 ? 52 : 23;
  Expr subnormal = x < smallestNormal;
  Expr scaled = select(subnormal, x * std::ldexp(1.0, mantissaBits), x);
  Decomposed parts = decompose(scaled);
  Expr shift = select(subnormal, x.constant(mantissaBits), 0.0);
  Expr result =
      logOfParts(parts.exponent - shift, parts.fraction, base, logTable(isF64));
  result = select(x < kInfinity, result, x);
  Expr notPositive = select(x == 0.0, -kInfinity, x.constant(kNaN));
  return select(x > 0.0, result, notPositive);
}

Expr expandLog(Expr x) { return expandLogarithm(x, baseE(x.isF64())); }
Expr expandLog2(Expr x) { return expandLogarithm(x, base2(x.isF64())); }
Expr expandLog10(Expr x) { return expandLogarithm(x, base10(x.isF64())); }

// 1 + x = u + error exactly; the error joins the fraction of u.
Expr expandLog1p(Expr x) {
  bool isF64 = x.isF64();
  Expr u = x + 1.0;
  Expr xInU = u - 1.0;
  Expr error = (1.0 - (u - xInU)) + (x - xInU);
  Decomposed parts = decompose(u);
  // 2^-k; 0 for the largest k, where the error does not matter.
  Expr negated =
      parts.biasedExponent.bits(isF64 ? 2046 : 254) - parts.biasedExponent;
  negated = select(negated > 0.0, negated, 0.0);
  Expr inverse = (negated << (isF64 ? 52 : 23)).asFloat();
  Expr fraction = fma(error, inverse, parts.fraction);
  Expr result =
      logOfParts(parts.exponent, fraction, baseE(isF64), logTable(isF64));
  result = select(x < kInfinity, result, x);
  Expr atMostMinusOne = select(x == -1.0, -kInfinity, x.constant(kNaN));
  result = select(x > -1.0, result, atMostMinusOne);
  return select(x == 0.0, x, result); // keeps -0
}

Expr log64ForF32(Expr x) {
  Decomposed parts = decompose(x);
  return logOfParts(parts.exponent, parts.fraction, baseE(/*isF64=*/true),
                    kLogF32In64);
}

Expr log2In64ForF32(Expr x) {
  Decomposed parts = decompose(x);
  Base base = base2(/*isF64=*/true);
  base.factorLow = 0.0;
  return logOfParts(parts.exponent, parts.fraction, base, kLogF32In64);
}

//===----------------------------------------------------------------------===//
// Inverse hyperbolic functions, through the f64 logarithm
//===----------------------------------------------------------------------===//

// Close to 0 the argument of the logarithm is close to 1, and its rounding
// error counts: there the Taylor series takes over.
static constexpr double kNearZero = 0x1p-9;

Expr expandAsinh(Expr x) {
  Expr wide = abs(x.toF64());
  Expr square = wide * wide;
  Expr far = log64ForF32(wide + sqrt(square + 1.0));
  Expr near = fma(wide * square, -1.0 / 6.0, wide);
  Expr result = select(wide < kNearZero, near, far);
  result = select(wide < kInfinity, result, wide);
  return withSignOf(result.toF32(), x);
}

Expr expandAcosh(Expr x) {
  Expr wide = x.toF64();
  Expr result = log64ForF32(wide + sqrt(fma(wide, wide, -1.0)));
  result = select(wide < kInfinity, result, wide);
  return select(wide < 1.0, kNaN, result).toF32();
}

Expr expandAtanh(Expr x) {
  Expr wide = abs(x.toF64());
  Expr far = log64ForF32((wide + 1.0) / (1.0 - wide)) * 0.5;
  Expr near = fma(wide * wide * wide, 1.0 / 3.0, wide);
  Expr result = select(wide < kNearZero, near, far);
  result = select(wide < 1.0, result,
                  select(wide == 1.0, kInfinity, x.toF64() * kNaN));
  return withSignOf(result.toF32(), x);
}

} // namespace tegula::target
