//===- ExpandMathErf.cpp - The error function and its complement ----------===//
//
// erf: one odd polynomial up to 1.1, one polynomial from there to where the
// result rounds to 1. Both are evaluated: together they are cheaper than an
// exponential. erfc is rare and has to stay precise while it falls to the
// smallest subnormal, so it is e^(-x^2) times a polynomial in f64.
//
//===----------------------------------------------------------------------===//

#include "ExpandMath.h"

namespace tegula::target {

// erf(x)/x - 1 in x^2, |x| <= 1.1; tools/dev/fit_math_polynomials.py.
static constexpr double kErfNearF32[] = {
    0.128379162214,   -0.376126005219,    0.112832917602,  -0.0268414420045,
    0.00516486301758, -0.000780578956435, 7.18798749989e-5};
// erf(x) in x - 2.53125, 1.1 <= x <= 3.95.
static constexpr double kErfFarF32[] = {
    0.999656059059,    0.00186126529533,   -0.00471212105425, 0.00733200727802,
    -0.00770270667255, 0.00559615728516,   -0.00268566845833, 0.000616300959636,
    0.000210505032044, -0.000244783707219, 6.86010311385e-5,  1.20507287878e-5,
    -9.11786967482e-6, 8.66813021539e-7};
// erfc(x) e^(x^2) in t = (x - 3) / (x + 3), 0 <= x <= 10.2.
static constexpr double kErfcF32In64[] = {
    0.17900115112318243445,     -0.32623356143379624673,
    0.24560381210426899644,     -0.15011587885075966076,
    0.07166558885680721347,     -0.024393254426286058525,
    0.0042710376652094397714,   0.00071243239727642583659,
    -0.00060235758824345069367, 0.000030891138504692897938,
    0.000066301359359416850752, 4.9040995974303434225e-6};

Expr expandErf(Expr x) {
  Expr magnitude = abs(x);
  Expr square = x * x;
  Expr near = fma(polynomial(square, kErfNearF32), x, x);
  Expr far = polynomial(atMost(magnitude, 3.95) - 2.53125, kErfFarF32);
  return select(magnitude < 1.1, near, withSignOf(atMost(far, 1.0), x));
}

Expr expandErfc(Expr x) {
  Expr wide = x.toF64();
  Expr magnitude = atMost(abs(wide), 10.2);
  Expr ratio = (magnitude - 3.0) / (magnitude + 3.0);
  Expr scaled = polynomial(ratio, kErfcF32In64);
  Expr result = scaled * exp64ForF32(magnitude * -magnitude);
  return select(wide < 0.0, 2.0 - result, result).toF32();
}

} // namespace tegula::target
