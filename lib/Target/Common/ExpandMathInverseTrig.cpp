//===- ExpandMathInverseTrig.cpp - Inverse trigonometric functions --------===//
//
// Arguments are folded to where an odd polynomial converges fast: the arc
// tangent by 1/x, arc sine and cosine by the half-angle formula.
//
//===----------------------------------------------------------------------===//

#include "ExpandMath.h"

namespace tegula::target {

// (atan(x)/x - 1) / x^2 in x^2, |x| <= 1; tools/dev/fit_math_polynomials.py.
static constexpr double kAtanF32[] = {
    -0.333332990851,  0.199985482616,   -0.142642418586,
    0.109521873646,   -0.0840345478872, 0.0579576516538,
    -0.0311778805012, 0.0109146116794,  -0.0017936203936};
// (asin(x)/x - 1) / x^2 in x^2, |x| <= 1/2.
static constexpr double kAsinF32[] = {0.166667525087, 0.0749529689391,
                                      0.0454704488251, 0.0241792156772,
                                      0.0421667510493};

// pi/2 and what f32 cannot hold of it.
static constexpr double kHalfPi = 0x1.921fb6p+0;
static constexpr double kHalfPiRest = -0x1.777a5cf72cecep-25;

static Expr halfPiMinus(Expr x) { return (kHalfPi - x) + kHalfPiRest; }
static Expr piMinus(Expr x) { return (2.0 * kHalfPi - x) + 2.0 * kHalfPiRest; }

/// x + x^3 P(x^2), where `square` is x^2.
static Expr oddPolynomial(Expr x, Expr square,
                          llvm::ArrayRef<double> coefficients) {
  return fma(square * x, polynomial(square, coefficients), x);
}

Expr expandAtan(Expr x) {
  Expr magnitude = abs(x);
  Expr isLarge = magnitude > 1.0;
  Expr folded =
      select(isLarge, 1.0, magnitude) / select(isLarge, magnitude, 1.0);
  Expr angle = oddPolynomial(folded, folded * folded, kAtanF32);
  return withSignOf(select(isLarge, halfPiMinus(angle), angle), x);
}

Expr expandAtan2(Expr y, Expr x) {
  Expr height = abs(y), width = abs(x);
  Expr isSteep = height > width;
  Expr smaller = select(isSteep, width, height);
  Expr larger = select(isSteep, height, width);
  Expr folded = smaller / larger;
  // 0/0 counts as 0, infinity/infinity as 1.
  folded = select(width == height,
                  select(larger == 0.0, 0.0, larger.constant(1.0)), folded);
  Expr angle = oddPolynomial(folded, folded * folded, kAtanF32);
  angle = select(isSteep, halfPiMinus(angle), angle);
  Expr xBits = x.asInteger();
  angle = select(xBits < xBits.bits(0), piMinus(angle), angle);
  return withSignOf(angle, y);
}

namespace {
/// asin(root) = polynomial, where root is |x|, or for |x| > 1/2
/// sqrt((1 - |x|) / 2): then asin(|x|) = pi/2 - 2 asin(root).
struct FoldedAsin {
  Expr isLarge;
  Expr angle;
};
} // namespace

static FoldedAsin foldedAsin(Expr x) {
  Expr magnitude = abs(x);
  Expr isLarge = magnitude > 0.5;
  Expr square = select(isLarge, (1.0 - magnitude) * 0.5, x * x);
  Expr root = select(isLarge, sqrt(square), magnitude);
  return {isLarge, oddPolynomial(root, square, kAsinF32)};
}

Expr expandAsin(Expr x) {
  FoldedAsin folded = foldedAsin(x);
  Expr large = halfPiMinus(folded.angle + folded.angle);
  return withSignOf(select(folded.isLarge, large, folded.angle), x);
}

Expr expandAcos(Expr x) {
  FoldedAsin folded = foldedAsin(x);
  Expr doubled = folded.angle + folded.angle;
  Expr isNegative = x < 0.0;
  Expr large = select(isNegative, piMinus(doubled), doubled);
  Expr small = halfPiMinus(withSignOf(folded.angle, x));
  return select(folded.isLarge, large, small);
}

} // namespace tegula::target
