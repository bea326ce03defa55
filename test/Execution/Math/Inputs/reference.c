//===- reference.c - What the measured functions are compared with --------===//
//
// The C library's functions in double precision over arrays of floats, and the
// comparison. Built by math_accuracy.py with -fveclib=libmvec: all 2^32 inputs
// of a function take half a minute.
//
//===----------------------------------------------------------------------===//

#include <math.h>
#include <stdint.h>
#include <string.h>

#define UNARY(function)                                                        \
  void reference_##function(const float *x, double *y, int64_t n) {            \
    for (int64_t i = 0; i < n; ++i)                                            \
      y[i] = function((double)x[i]);                                           \
  }
#define BINARY(name, function)                                                 \
  void reference_##name(const float *a, const float *b, double *y,             \
                        int64_t n) {                                           \
    for (int64_t i = 0; i < n; ++i)                                            \
      y[i] = function((double)a[i], (double)b[i]);                             \
  }

UNARY(exp)
UNARY(exp2)
UNARY(expm1)
UNARY(tanh)
UNARY(sinh)
UNARY(cosh)
UNARY(log)
UNARY(log2)
UNARY(log10)
UNARY(log1p)
UNARY(asinh)
UNARY(acosh)
UNARY(atanh)
UNARY(cbrt)
UNARY(sin)
UNARY(cos)
UNARY(tan)
UNARY(asin)
UNARY(acos)
UNARY(atan)
UNARY(erf)
UNARY(erfc)
BINARY(powf, pow)
BINARY(atan2, atan2)

static uint32_t floatBits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof(bits));
  return bits;
}

static uint64_t doubleBits(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof(bits));
  return bits;
}

static double doubleFromBits(uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof(x));
  return x;
}

// |got - exact| in units in the last place of a float; for zeros, infinities
// and NaN 0 if they are the same, sign included, and infinity if not.
static double error(float got, double exact) {
  uint32_t gotBits = floatBits(got), roundedBits = floatBits((float)exact);
  uint32_t gotMagnitude = gotBits & 0x7fffffff;
  uint32_t magnitude = roundedBits & 0x7fffffff;
  int special = (gotMagnitude >= 0x7f800000) | (magnitude >= 0x7f800000) |
                ((doubleBits(exact) << 1) == 0);
  int same = (gotBits == roundedBits) |
             ((gotMagnitude > 0x7f800000) & (magnitude > 0x7f800000));
  uint64_t exponent = (doubleBits(exact) >> 52) & 0x7ff;
  exponent = exponent < 1023 - 126 ? 1023 - 126 : exponent;
  double unitsPerOne = doubleFromBits((2046 + 23 - exponent) << 52);
  double distance = fabs((double)got - exact) * unitsPerOne;
  return special ? (same ? 0.0 : INFINITY) : distance;
}

// The largest error; its index in *where.
double largestError(const float *got, const double *exact, int64_t n,
                    int64_t *where) {
  // Non-negative doubles are ordered as their bits are.
  int64_t worst = 0;
  for (int64_t i = 0; i < n; ++i) {
    int64_t bits = (int64_t)doubleBits(error(got[i], exact[i]));
    worst = bits > worst ? bits : worst;
  }
  double result = doubleFromBits((uint64_t)worst);
  for (*where = 0; *where < n - 1; ++*where)
    if (error(got[*where], exact[*where]) == result)
      break;
  return result;
}
