//===- IntegerOps.h - Integer operations of one lane -----------*- C++ -*-===//
#ifndef TEGULA_TEST_GPU_EMULATOR_INTEGEROPS_H
#define TEGULA_TEST_GPU_EMULATOR_INTEGEROPS_H

#include "Lanes.h"

#include <type_traits>

namespace tegula::ptx {

template <typename T>
using Unsigned = std::make_unsigned_t<T>;

// Sums and products wrap: computed without sign, in no less than 32 bits (a
// product of two uint16_t would overflow an int).
template <typename T>
using Modular = std::conditional_t<(sizeof(T) < 4), uint32_t, Unsigned<T>>;

struct Add {
  template <typename T>
  static T apply(T a, T b) {
    return T(Modular<T>(a) + Modular<T>(b));
  }
};
struct Min {
  template <typename T>
  static T apply(T a, T b) {
    return a < b ? a : b;
  }
};
struct Max {
  template <typename T>
  static T apply(T a, T b) {
    return a > b ? a : b;
  }
};
struct And {
  template <typename T>
  static T apply(T a, T b) {
    return a & b;
  }
};
struct Or {
  template <typename T>
  static T apply(T a, T b) {
    return a | b;
  }
};
struct Xor {
  template <typename T>
  static T apply(T a, T b) {
    return a ^ b;
  }
};

} // namespace tegula::ptx

#endif
