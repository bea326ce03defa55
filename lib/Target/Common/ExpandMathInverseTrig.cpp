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

/// base + atan(x) for |x| <= 1 and a base that is 0, pi/2 or pi to f32. The sum
/// starts with base + x, which is nearly exact, and rounds the small tail in.
static Expr addAtan(Expr base, Expr x) {
  Expr square = x * x;
  Expr tail = (square * x) * polynomial(square, kAtanF32);
  return (base + x) + fma(base, kHalfPiRest / kHalfPi, tail);
}

// atan(x) = pi/2 + atan(-1/x).
Expr expandAtan(Expr x) {
  Expr magnitude = abs(x);
  Expr isLarge = magnitude > 1.0;
  Expr folded =
      select(isLarge, -1.0, magnitude) / select(isLarge, magnitude, 1.0);
  Expr base = select(isLarge, x.constant(kHalfPi), 0.0);
  return withSignOf(addAtan(base, folded), x);
}

Expr expandAtan2(Expr y, Expr x) {
  Expr height = abs(y), width = abs(x);
  Expr isSteep = height > width;
  Expr xBits = x.asInteger();
  Expr isNegative = xBits < xBits.bits(0);
  Expr smaller = select(isSteep, width, height);
  Expr larger = select(isSteep, height, width);
  Expr folded = smaller / larger;
  // 0/0 counts as 0, infinity/infinity as 1.
  folded = select(width == height,
                  select(larger == 0.0, 0.0, larger.constant(1.0)), folded);
  // pi/2 - atan, pi - atan, pi/2 + atan.
  folded = select(isSteep ^ isNegative, -folded, folded);
  Expr base = select(isNegative, x.constant(2.0 * kHalfPi), 0.0);
  base = select(isSteep, x.constant(kHalfPi), base);
  return withSignOf(addAtan(base, folded), y);
}

namespace {
/// asin(root) = root + tail, where root is |x|, or for |x| > 1/2
/// sqrt((1 - |x|) / 2): then asin(|x|) = pi/2 - 2 asin(root). Sums start with
/// root, which is nearly exact, and round the small tail in.
struct FoldedAsin {
  Expr isLarge;
  Expr root, tail;
};
} // namespace

static FoldedAsin foldedAsin(Expr x) {
  Expr magnitude = abs(x);
  Expr isLarge = magnitude > 0.5;
  Expr square = select(isLarge, (1.0 - magnitude) * 0.5, x * x);
  Expr root = select(isLarge, sqrt(square), magnitude);
  return {isLarge, root, (square * root) * polynomial(square, kAsinF32)};
}

Expr expandAsin(Expr x) {
  auto [isLarge, root, tail] = foldedAsin(x);
  Expr angle = root + tail;
  Expr large = (kHalfPi - (angle + angle)) + kHalfPiRest;
  return withSignOf(select(isLarge, large, angle), x);
}

Expr expandAcos(Expr x) {
  auto [isLarge, root, tail] = foldedAsin(x);
  Expr isNegative = x < 0.0;
  // Twice the angle, or pi minus it.
  Expr angle = root + tail;
  Expr obtuse = (kHalfPi - root) - (tail - kHalfPiRest);
  Expr half = select(isNegative, obtuse, angle);
  Expr small = (kHalfPi - x) - (withSignOf(tail, x) - kHalfPiRest);
  return select(isLarge, half + half, small);
}

} // namespace tegula::target
