//===- ExpandMathTrig.cpp - Sine, cosine and tangent ----------------------===//
//
// x * 2/pi = n + t with |t| <= 1/2, for every finite f32. 2/pi is cut into
// pieces of 29 bits, so that the f64 product of x with a piece is exact.
// Pieces whose product is a multiple of 4 (whole turns) are skipped: which ones
// depends on the magnitude of x alone, and three exact pieces and a rest are
// always enough.
//
//===----------------------------------------------------------------------===//

#include "ExpandMath.h"

namespace tegula::target {

// Pieces of 29 bits of 2/pi, and what is left behind three of them.
static constexpr double kTwoOverPi[] = {0x1.45f306dp-1,   0x1.9391054p-30,
                                        0x1.4fe13abp-59,  0x1.d1f534dp-88,
                                        0x1.b81b6c5p-117, 0x1.5993c4p-148};
static constexpr double kTwoOverPiRest[] = {
    0x1.d1f534ddc0db6p-88, 0x1.b81b6c52b3279p-117, 0x1.5993c439041fep-148,
    0x1.c820ff28b1d5fp-175};

// Behind x -+ x^3/6.. and 1 - x^2/2; see tools/dev/fit_math_polynomials.py.
static constexpr double kSinF32[] = {-0.166666666408, 0.00833332930175,
                                     -0.000198393112665, 2.71811198707e-6};
static constexpr double kCosF32[] = {0.0416666456614, -0.00138873152411,
                                     2.443304356e-5};

namespace {
/// x = (n + t) pi/2: t pi/2 in f64, and n in the low bits of an i32.
struct Quadrant {
  Expr remainder;
  Expr number;
};
} // namespace

/// The constant for x's magnitude out of four consecutive ones.
static Expr selectPiece(Expr magnitude, const double *pieces) {
  Expr piece =
      select(magnitude < 0x1p54, pieces[0], magnitude.constant(pieces[1]));
  Expr largePiece =
      select(magnitude < 0x1p112, pieces[2], magnitude.constant(pieces[3]));
  return select(magnitude < 0x1p83, piece, largePiece);
}

/// x without a multiple of 4; exact.
static Expr modulo4(Expr x) { return fma(roundEven(x * 0.25), -4.0, x); }

static Quadrant reduce(Expr x) {
  Expr wide = x.toF64();
  Expr magnitude = abs(wide);
  Expr first = modulo4(wide * selectPiece(magnitude, kTwoOverPi));
  Expr second = modulo4(wide * selectPiece(magnitude, kTwoOverPi + 1));
  Expr third = wide * selectPiece(magnitude, kTwoOverPi + 2);
  Expr rest = wide * selectPiece(magnitude, kTwoOverPiRest);
  Expr n = roundEven(first + second + third);
  Expr turns = (first - n) + second + (third + rest);
  // 1.5 * 2^23 leaves n in the low bits.
  Expr number = (n.toF32() + 0x1.8p23).asInteger();
  return {turns * 0x1.921fb54442d18p+0, number};
}

/// sin and cos of t pi/2.
static std::pair<Expr, Expr> sinCosOfRemainder(Expr r) {
  Expr square = r * r;
  Expr sine = fma(square * r, polynomial(square, kSinF32), r);
  Expr cosine =
      fma(square * square, polynomial(square, kCosF32), fma(square, -0.5, 1.0));
  return {sine, cosine};
}

/// sin(x + quarters * pi/2).
static Expr sineFromQuadrant(Expr number, unsigned quarters, Expr sine,
                             Expr cosine) {
  if (quarters != 0)
    number = number + number.bits(quarters);
  Expr isOdd = (number << 31) < number.bits(0);
  Expr sign = (number & number.bits(2)) << 30;
  return (select(isOdd, cosine, sine).asInteger() ^ sign).asFloat();
}

std::pair<Expr, Expr> expandSinCos(Expr x) {
  Quadrant quadrant = reduce(x);
  auto [sine, cosine] = sinCosOfRemainder(quadrant.remainder.toF32());
  Expr sin = sineFromQuadrant(quadrant.number, 0, sine, cosine);
  Expr cos = sineFromQuadrant(quadrant.number, 1, sine, cosine);
  return {select(x == 0.0, x, sin), cos}; // keeps -0
}

Expr expandSin(Expr x) {
  Quadrant quadrant = reduce(x);
  auto [sine, cosine] = sinCosOfRemainder(quadrant.remainder.toF32());
  Expr result = sineFromQuadrant(quadrant.number, 0, sine, cosine);
  return select(x == 0.0, x, result); // keeps -0
}

Expr expandCos(Expr x) {
  Quadrant quadrant = reduce(x);
  auto [sine, cosine] = sinCosOfRemainder(quadrant.remainder.toF32());
  return sineFromQuadrant(quadrant.number, 1, sine, cosine);
}

// tan is sin / cos, or -cos / sin in odd quadrants; in f64, because three
// rounded f32 operations would exceed 2 ULP.
Expr expandTan(Expr x) {
  Quadrant quadrant = reduce(x);
  auto [sine, cosine] = sinCosOfRemainder(quadrant.remainder);
  Expr number = quadrant.number;
  Expr isOdd = (number << 31) < number.bits(0);
  Expr quotient = select(isOdd, -cosine, sine) / select(isOdd, sine, cosine);
  return select(x == 0.0, x, quotient.toF32()); // keeps -0
}

} // namespace tegula::target
