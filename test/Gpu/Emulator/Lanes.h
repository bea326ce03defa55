//===- Lanes.h - Handlers written for one lane -----------------*- C++ -*-===//
//
// Reads and writes the elements of rows as C++ types, and makes handlers of
// functions of one lane: `handler<mapLanes<uint32_t, Add, 2>>`.
//
//===----------------------------------------------------------------------===//
#ifndef TEGULA_TEST_GPU_EMULATOR_LANES_H
#define TEGULA_TEST_GPU_EMULATOR_LANES_H

#include "Machine.h"

#include <cstring>
#include <type_traits>

namespace tegula::ptx {

/// A 16-bit float as it lies in a register.
struct Half {
  uint16_t bits;
  operator float() const {
    _Float16 value;
    memcpy(&value, &bits, 2);
    return static_cast<float>(value);
  }
  static Half from(double x) {
    _Float16 value = static_cast<_Float16>(x);
    Half half;
    memcpy(&half.bits, &value, 2);
    return half;
  }
};

struct BFloat {
  uint16_t bits;
  operator float() const {
    uint32_t wide = uint32_t(bits) << 16;
    float value;
    memcpy(&value, &wide, 4);
    return value;
  }
  /// Rounds to nearest, ties to even, from a value that may have more bits
  /// than a float.
  static BFloat from(double x) {
    float single = static_cast<float>(x);
    uint32_t wide;
    memcpy(&wide, &single, 4);
    if (single != single)
      return {0x7fff};
    // Round to odd first, so that the second rounding is the only one.
    if (static_cast<double>(single) != x && !(wide & 1)) {
      const bool isAbove = (static_cast<double>(single) > x) == (x > 0);
      wide += isAbove ? -1 : 1;
    }
    wide += 0x7fff + ((wide >> 16) & 1);
    return {static_cast<uint16_t>(wide >> 16)};
  }
};

template <typename T>
inline T get(uint64_t element) {
  T value;
  memcpy(&value, &element, sizeof(T));
  return value;
}

template <typename T>
inline uint64_t put(T value) {
  uint64_t element = 0;
  memcpy(&element, &value, sizeof(T));
  return element;
}

/// Calls `f` with each lane of the mask; the loop of a full warp vectorises.
template <typename F>
inline void forLanes(uint32_t mask, F f) {
  if (mask == ~0u) {
    for (int lane = 0; lane < kLanes; ++lane)
      f(lane);
    return;
  }
  for (uint32_t rest = mask; rest; rest &= rest - 1)
    f(__builtin_ctz(rest));
}

/// The handler of a pure function: Op::apply(T...) -> R for each lane.
template <typename Op, typename T>
Step unary(Warp &warp, const Instr &instr, uint32_t mask) {
  uint64_t *d = warp.row(instr.dst);
  const uint64_t *a = warp.row(instr.src[0]);
  forLanes(mask, [=](int l) { d[l] = put(Op::apply(get<T>(a[l]))); });
  return Step::Next;
}

template <typename Op, typename T>
Step binary(Warp &warp, const Instr &instr, uint32_t mask) {
  uint64_t *d = warp.row(instr.dst);
  const uint64_t *a = warp.row(instr.src[0]), *b = warp.row(instr.src[1]);
  forLanes(mask,
           [=](int l) { d[l] = put(Op::apply(get<T>(a[l]), get<T>(b[l]))); });
  return Step::Next;
}

/// The second operand has a type of its own, as a shift's amount has.
template <typename Op, typename T, typename U>
Step binaryMixed(Warp &warp, const Instr &instr, uint32_t mask) {
  uint64_t *d = warp.row(instr.dst);
  const uint64_t *a = warp.row(instr.src[0]), *b = warp.row(instr.src[1]);
  forLanes(mask,
           [=](int l) { d[l] = put(Op::apply(get<T>(a[l]), get<U>(b[l]))); });
  return Step::Next;
}

template <typename Op, typename T, typename U = T>
Step ternary(Warp &warp, const Instr &instr, uint32_t mask) {
  uint64_t *d = warp.row(instr.dst);
  const uint64_t *a = warp.row(instr.src[0]), *b = warp.row(instr.src[1]),
                 *c = warp.row(instr.src[2]);
  forLanes(mask, [=](int l) {
    d[l] = put(Op::apply(get<T>(a[l]), get<T>(b[l]), get<U>(c[l])));
  });
  return Step::Next;
}

/// The bits of the lanes for which `f` holds.
template <typename F>
inline uint32_t lanesWhere(uint32_t mask, F f) {
  uint32_t bits = 0;
  for (int lane = 0; lane < kLanes; ++lane)
    bits |= uint32_t(bool(f(lane))) << lane;
  return bits & mask;
}

/// Sets a predicate for the lanes of the mask.
inline void setPredicate(uint64_t *row, uint32_t mask, uint32_t bits) {
  row[0] = (row[0] & ~uint64_t(mask)) | (bits & mask);
}

} // namespace tegula::ptx

#endif
