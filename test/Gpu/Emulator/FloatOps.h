//===- FloatOps.h - Floating-point operations of one lane ------*- C++ -*-===//
//
// Written for float and double; the 16-bit formats compute in double and round
// once. The approximations (`.approx`, `.full`) are computed in double and
// rounded, which is within the error that PTX allows for each.
//
//===----------------------------------------------------------------------===//
#ifndef TEGULA_TEST_GPU_EMULATOR_FLOATOPS_H
#define TEGULA_TEST_GPU_EMULATOR_FLOATOPS_H

#include <cmath>

namespace tegula::ptx {

struct FAdd {
  template <typename T>
  static T apply(T a, T b) {
    return a + b;
  }
};
struct FSub {
  template <typename T>
  static T apply(T a, T b) {
    return a - b;
  }
};
struct FMul {
  template <typename T>
  static T apply(T a, T b) {
    return a * b;
  }
};
struct FDiv {
  template <typename T>
  static T apply(T a, T b) {
    return a / b;
  }
};
struct FFma {
  static float apply(float a, float b, float c) {
    return __builtin_fmaf(a, b, c);
  }
  static double apply(double a, double b, double c) {
    return __builtin_fma(a, b, c);
  }
};
// One NaN gives the other operand; -0 is less than +0.
struct FMin {
  template <typename T>
  static T apply(T a, T b) {
    if (a != a || b != b)
      return a != a ? b : a;
    return a < b || (a == b && std::signbit(a)) ? a : b;
  }
};
struct FMax {
  template <typename T>
  static T apply(T a, T b) {
    if (a != a || b != b)
      return a != a ? b : a;
    return a > b || (a == b && !std::signbit(a)) ? a : b;
  }
};
template <typename Op>
struct PropagateNaN {
  template <typename T>
  static T apply(T a, T b) {
    return a != a || b != b ? T(NAN) : Op::apply(a, b);
  }
};
struct FAbs {
  template <typename T>
  static T apply(T a) {
    return std::fabs(a);
  }
};
struct FNeg {
  template <typename T>
  static T apply(T a) {
    return -a;
  }
};
struct FCopySign {
  template <typename T>
  static T apply(T sign, T value) {
    return std::copysign(value, sign);
  }
};
struct FRcp {
  template <typename T>
  static T apply(T a) {
    return 1 / a;
  }
};
struct FSqrt {
  template <typename T>
  static T apply(T a) {
    return std::sqrt(a);
  }
};
struct FRsqrt {
  template <typename T>
  static T apply(T a) {
    return T(1 / std::sqrt(double(a)));
  }
};
struct FEx2 {
  template <typename T>
  static T apply(T a) {
    return T(std::exp2(double(a)));
  }
};
struct FLg2 {
  template <typename T>
  static T apply(T a) {
    return T(std::log2(double(a)));
  }
};
struct FSin {
  template <typename T>
  static T apply(T a) {
    return T(std::sin(double(a)));
  }
};
struct FCos {
  template <typename T>
  static T apply(T a) {
    return T(std::cos(double(a)));
  }
};
struct FTanh {
  template <typename T>
  static T apply(T a) {
    return T(std::tanh(double(a)));
  }
};

} // namespace tegula::ptx

#endif
