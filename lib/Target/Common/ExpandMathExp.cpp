//===- ExpandMathExp.cpp - Exponentials and hyperbolic functions ----------===//
//
// All of them split x = n ln(2) + r with |r| <= ln(2)/2, evaluate a polynomial
// in r and scale by 2^n. n comes out of adding a large constant, which rounds
// x / ln(2) to an integer and leaves that integer, biased, in the low bits of
// the sum: no conversion instruction is needed.
//
//===----------------------------------------------------------------------===//

#include "ExpandMath.h"

#include <cmath>

namespace tegula::target {

// (e^r - 1 - r) / r^2 on |r| <= ln(2)/2; see tools/dev/fit_math_polynomials.py.
static constexpr double kExpF32[] = {0.499999981609, 0.166665436301,
                                     0.0416671976651, 0.00836651955358,
                                     0.00138826565735};
static constexpr double kExpF32In64[] = {
    0.50000000001047512397,    0.16666666753910004699,
    0.04166666595512303664,    0.0083332891274388652884,
    0.0013888985080390564697,  0.00019904856875050796824,
    0.000024796394418394187316};
static constexpr double kExpF64[] = {
    0.4999999999999999999,      0.16666666666666666686,
    0.041666666666666691095,    0.0083333333333333124748,
    0.0013888888888872319088,   0.00019841269841342870139,
    0.000024801587349376466188, 2.7557319117436126454e-6,
    2.7557252469872793308e-7,   2.5052167817112829769e-8,
    2.0921418403572295154e-9,   1.6059698818918844213e-10};

// (2^r - 1) / r on |r| <= 1/2.
static constexpr double kExp2F32[] = {0.693147202866,  0.240226479104,
                                      0.0555033244954, 0.00961843765877,
                                      0.0013398882255, 0.000153532989977};
static constexpr double kExp2F32In64[] = {
    0.69314718054820704542,     0.24022650698111214894,
    0.055504109352795437845,    0.0096181286159687553768,
    0.0013333454848105446339,   0.00015403825550961291681,
    0.000015309159577774952503, 1.317892015114155205e-6};
static constexpr double kExp2F64[] = {
    0.69314718055994530941,     0.2402265069591007122,
    0.055504108664821580361,    0.0096181291076284875707,
    0.0013333558146428306999,   0.00015403530393354463819,
    0.000015252733804247953464, 1.3215486822650133717e-6,
    1.0178085887442546906e-7,   7.0548919637925941817e-9,
    4.4455736620392075665e-10,  2.5736852410651305386e-11,
    1.3663108244448504868e-12};

// (tanh(x) - x) / x^3 in x^2, |x| <= 0.55.
static constexpr double kTanhF32[] = {-0.333333175622, 0.133325862182,
                                      -0.0538523178224, 0.0210717096845,
                                      -0.00627427994651};

// (sinh(x) - x) / x^3 in x^2, |x| <= 1.
static constexpr double kSinhF32[] = {0.166667182313, 0.00833021172197,
                                      0.000203773917684};

static constexpr double kLog2E = 1.4426950408889634;

namespace {
/// The layout of a binary floating-point format, and ln(2) in two pieces: the
/// first short enough that its product with any exponent is exact.
struct FloatLayout {
  unsigned mantissaBits;
  unsigned bias;
  double ln2High, ln2Low;

  explicit FloatLayout(bool isF64)
      : mantissaBits(isF64 ? 52 : 23), bias(isF64 ? 1023 : 127),
        ln2High(isF64 ? 0x1.62e42fefa38p-1 : 0x1.62e4p-1),
        ln2Low(isF64 ? 0x1.ef35793c7673p-45 : 0x1.7f7d1cf79abcap-20) {}

  /// Adding this rounds to an integer and leaves it, plus `offset`, in the
  /// low bits.
  double rounder(int offset) const {
    return std::ldexp(1.5, mantissaBits) + offset;
  }
};

/// x = n * step + r.
struct Reduced {
  Expr remainder;
  /// Bits whose low part is n plus the offset asked for.
  Expr biased;
};
} // namespace

static Reduced reduceByLn2(Expr x, const FloatLayout &layout, int offset) {
  double rounder = layout.rounder(offset);
  Expr biased = fma(x, kLog2E, rounder);
  Expr n = biased - rounder;
  Expr r = fma(n, -layout.ln2Low, fma(n, -layout.ln2High, x));
  return {r, biased.asInteger()};
}

static Reduced reduceByOne(Expr x, const FloatLayout &layout, int offset) {
  double rounder = layout.rounder(offset);
  Expr biased = x + rounder;
  return {x - (biased - rounder), biased.asInteger()};
}

/// value * 2^n, where `biased` holds n + 2 * bias; rounds once, also where the
/// result overflows or is subnormal: 2^n is taken in two halves.
static Expr scaleInTwoSteps(Expr value, Expr biased,
                            const FloatLayout &layout) {
  uint64_t exponentMask =
      ((uint64_t{2} * layout.bias + 1) << layout.mantissaBits);
  Expr half = (biased << (layout.mantissaBits - 1)) & biased.bits(exponentMask);
  Expr rest = (biased << layout.mantissaBits) - half;
  return (value * half.asFloat()) * rest.asFloat();
}

/// 2^n as a number, where `biased` holds n + bias and n is in the normal range.
static Expr powerOfTwo(Expr biased, const FloatLayout &layout) {
  return (biased << layout.mantissaBits).asFloat();
}

/// e^r.
static Expr expOfRemainder(Expr r, llvm::ArrayRef<double> table) {
  return fma(fma(polynomial(r, table), r, 1.0), r, 1.0);
}

/// e^r - 1, with a small relative error.
static Expr expm1OfRemainder(Expr r, llvm::ArrayRef<double> table) {
  return fma(r * r, polynomial(r, table), r);
}

static llvm::ArrayRef<double> expTable(bool isF64) {
  if (isF64)
    return kExpF64;
  return kExpF32;
}

// The bounds lie just outside the range of finite, non-zero results.
Expr expandExp(Expr x) {
  bool isF64 = x.isF64();
  FloatLayout layout(isF64);
  x = atLeast(atMost(x, isF64 ? 710.0 : 89.0), isF64 ? -746.0 : -104.0);
  Reduced reduced = reduceByLn2(x, layout, 2 * layout.bias);
  Expr value = expOfRemainder(reduced.remainder, expTable(isF64));
  return scaleInTwoSteps(value, reduced.biased, layout);
}

Expr expandExpOfNormals(Expr x) {
  bool isF64 = x.isF64();
  FloatLayout layout(isF64);
  // At the bounds n + bias is that of infinity, and of zero.
  x = atLeast(atMost(x, isF64 ? 710.0 : 89.0), isF64 ? -709.0 : -88.0);
  Reduced reduced = reduceByLn2(x, layout, layout.bias);
  return expOfRemainder(reduced.remainder, expTable(isF64)) *
         powerOfTwo(reduced.biased, layout);
}

Expr expandExp2(Expr x) {
  bool isF64 = x.isF64();
  FloatLayout layout(isF64);
  x = atLeast(atMost(x, isF64 ? 1025.0 : 129.0), isF64 ? -1076.0 : -151.0);
  Reduced reduced = reduceByOne(x, layout, 2 * layout.bias);
  llvm::ArrayRef<double> table = kExp2F32;
  if (isF64)
    table = kExp2F64;
  Expr value =
      fma(polynomial(reduced.remainder, table), reduced.remainder, 1.0);
  return scaleInTwoSteps(value, reduced.biased, layout);
}

// e^x - 1 = 2 (2^(n-1) (e^r - 1) + (2^(n-1) - 1/2)): half of it, so that 2^n
// does not overflow before the result does.
Expr expandExpm1(Expr argument) {
  bool isF64 = argument.isF64();
  FloatLayout layout(isF64);
  Expr x =
      atLeast(atMost(argument, isF64 ? 710.0 : 89.0), isF64 ? -50.0 : -30.0);
  Reduced reduced = reduceByLn2(x, layout, layout.bias - 1);
  Expr small = expm1OfRemainder(reduced.remainder, expTable(isF64));
  Expr scale = powerOfTwo(reduced.biased, layout);
  Expr result = fma(small, scale, scale - 0.5);
  // Halving loses the sign of -0 and the last bit of a subnormal.
  return select(abs(argument) < (isF64 ? 0x1p-55 : 0x1p-26), argument,
                result + result);
}

// An odd polynomial, and 1 - 2 / (e^(2|x|) + 1) where nothing cancels. One
// quotient for both ranges would cost less and err by more than 2 ULP.
static Expr expandTanhF32(Expr x) {
  FloatLayout layout(/*isF64=*/false);
  Expr magnitude = abs(x);
  Expr square = x * x;
  Expr near = fma(square * magnitude, polynomial(square, kTanhF32), magnitude);
  Expr doubled = atMost(magnitude, 9.5) * 2.0;
  Reduced reduced = reduceByLn2(doubled, layout, layout.bias);
  Expr expPlusOne = fma(expOfRemainder(reduced.remainder, kExpF32),
                        powerOfTwo(reduced.biased, layout), 1.0);
  Expr far = 1.0 - 2.0 / expPlusOne;
  return withSignOf(select(magnitude < 0.55, near, far), x);
}

// With t = e^(-2|x|) - 1: tanh(|x|) = -t / (2 + t).
static Expr expandTanhF64(Expr x) {
  FloatLayout layout(/*isF64=*/true);
  Expr negated = atMost(abs(x), 20.0) * -2.0;
  Reduced reduced = reduceByLn2(negated, layout, layout.bias);
  Expr small = expm1OfRemainder(reduced.remainder, kExpF64);
  Expr scale = powerOfTwo(reduced.biased, layout);
  Expr t = fma(small, scale, scale - 1.0);
  return withSignOf(abs(t) / (t + 2.0), x);
}

Expr expandTanh(Expr x) {
  return x.isF64() ? expandTanhF64(x) : expandTanhF32(x);
}

/// e^|x| / 2, which overflows only where sinh and cosh do.
static Expr halfExpOfMagnitude(Expr magnitude) {
  bool isF64 = magnitude.isF64();
  FloatLayout layout(isF64);
  Expr x = atMost(magnitude, isF64 ? 711.0 : 90.0);
  Reduced reduced = reduceByLn2(x, layout, 2 * layout.bias - 1);
  Expr value = expOfRemainder(reduced.remainder, expTable(isF64));
  return scaleInTwoSteps(value, reduced.biased, layout);
}

Expr expandCosh(Expr x) {
  Expr half = halfExpOfMagnitude(abs(x));
  return half + 0.25 / half;
}

Expr expandSinh(Expr x) {
  Expr magnitude = abs(x);
  Expr half = halfExpOfMagnitude(magnitude);
  Expr square = x * x;
  Expr near = fma(square * magnitude, polynomial(square, kSinhF32), magnitude);
  Expr far = half - 0.25 / half;
  return withSignOf(select(magnitude < 1.0, near, far), x);
}

Expr exp64ForF32(Expr x) {
  FloatLayout layout(/*isF64=*/true);
  Reduced reduced = reduceByLn2(x, layout, layout.bias);
  return expOfRemainder(reduced.remainder, kExpF32In64) *
         powerOfTwo(reduced.biased, layout);
}

Expr exp2In64ForF32(Expr x) {
  FloatLayout layout(/*isF64=*/true);
  Reduced reduced = reduceByOne(x, layout, layout.bias);
  Expr value =
      fma(polynomial(reduced.remainder, kExp2F32In64), reduced.remainder, 1.0);
  return value * powerOfTwo(reduced.biased, layout);
}

} // namespace tegula::target
