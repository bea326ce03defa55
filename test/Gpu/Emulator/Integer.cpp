//===- Integer.cpp - Integer arithmetic -----------------------------------===//

#include "Decoder.h"
#include "IntegerOps.h"

using namespace tegula::ptx;

namespace {

template <typename T>
using Wide =
    std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>;

/// The next larger type, of mul.wide.
template <typename T>
struct Widened;
template <>
struct Widened<int16_t> {
  using Type = int32_t;
};
template <>
struct Widened<uint16_t> {
  using Type = uint32_t;
};
template <>
struct Widened<int32_t> {
  using Type = int64_t;
};
template <>
struct Widened<uint32_t> {
  using Type = uint64_t;
};

struct Sub {
  template <typename T>
  static T apply(T a, T b) {
    return T(Modular<T>(a) - Modular<T>(b));
  }
};
struct MulLo {
  template <typename T>
  static T apply(T a, T b) {
    return T(Modular<T>(a) * Modular<T>(b));
  }
};
struct MulHi {
  template <typename T>
  static T apply(T a, T b) {
    return T((Wide<T>(a) * Wide<T>(b)) >> (8 * sizeof(T)));
  }
};
struct MulWide {
  template <typename T>
  static typename Widened<T>::Type apply(T a, T b) {
    using R = typename Widened<T>::Type;
    return R(a) * R(b);
  }
};
struct MadLo {
  template <typename T>
  static T apply(T a, T b, T c) {
    return Add::apply(MulLo::apply(a, b), c);
  }
};
struct MadHi {
  template <typename T>
  static T apply(T a, T b, T c) {
    return Add::apply(MulHi::apply(a, b), c);
  }
};
struct MadWide {
  template <typename T, typename R>
  static R apply(T a, T b, R c) {
    return Add::apply(R(MulWide::apply(a, b)), c);
  }
};
struct AddSat {
  static int32_t apply(int32_t a, int32_t b) {
    int32_t r;
    return __builtin_add_overflow(a, b, &r) ? (a < 0 ? INT32_MIN : INT32_MAX)
                                            : r;
  }
};
struct SubSat {
  static int32_t apply(int32_t a, int32_t b) {
    int32_t r;
    return __builtin_sub_overflow(a, b, &r) ? (a < 0 ? INT32_MIN : INT32_MAX)
                                            : r;
  }
};
// What a division by zero gives is undefined in PTX; the hardware gives ones.
struct Div {
  template <typename T>
  static T apply(T a, T b) {
    if (b == 0)
      return T(-1);
    if (std::is_signed_v<T> && b == T(-1))
      return Sub::apply(T(0), a);
    return a / b;
  }
};
struct Rem {
  template <typename T>
  static T apply(T a, T b) {
    if (b == 0)
      return a;
    if (std::is_signed_v<T> && b == T(-1))
      return 0;
    return a % b;
  }
};
struct Abs {
  template <typename T>
  static T apply(T a) {
    return a < 0 ? Sub::apply(T(0), a) : a;
  }
};
struct Neg {
  template <typename T>
  static T apply(T a) {
    return Sub::apply(T(0), a);
  }
};
struct Sad {
  template <typename T>
  static T apply(T a, T b, T c) {
    return Add::apply(c, Sub::apply(Max::apply(a, b), Min::apply(a, b)));
  }
};

/// Two 16-bit halves at once.
template <typename Op>
struct Packed {
  template <typename T>
  static T apply(T a, T b) {
    using Part = std::conditional_t<std::is_signed_v<T>, int16_t, uint16_t>;
    const uint32_t x = uint32_t(a), y = uint32_t(b);
    return T(uint32_t(uint16_t(Op::apply(Part(x), Part(y)))) |
             uint32_t(uint16_t(Op::apply(Part(x >> 16), Part(y >> 16)))) << 16);
  }
};

/// dp4a: four products of bytes and a sum.
struct Dp4 {
  template <typename A, typename B>
  static uint32_t dot(uint32_t a, uint32_t b, uint32_t c) {
    for (int i = 0; i < 4; ++i)
      c += uint32_t(int32_t(A(a >> 8 * i)) * int32_t(B(b >> 8 * i)));
    return c;
  }
};
template <typename A, typename B>
struct Dp4a {
  static uint32_t apply(uint32_t a, uint32_t b, uint32_t c) {
    return Dp4::dot<A, B>(a, b, c);
  }
};

using Table = std::unordered_map<std::string, Handler>;

template <typename T>
void addType(Table &t, const std::string &type) {
  t["add." + type] = binary<Add, T>;
  t["sub." + type] = binary<Sub, T>;
  t["mul.lo." + type] = binary<MulLo, T>;
  t["mul.hi." + type] = binary<MulHi, T>;
  t["mad.lo." + type] = ternary<MadLo, T>;
  t["mad.hi." + type] = ternary<MadHi, T>;
  t["div." + type] = binary<Div, T>;
  t["rem." + type] = binary<Rem, T>;
  t["min." + type] = binary<Min, T>;
  t["max." + type] = binary<Max, T>;
  t["sad." + type] = ternary<Sad, T>;
  if constexpr (std::is_signed_v<T>) {
    t["abs." + type] = unary<Abs, T>;
    t["neg." + type] = unary<Neg, T>;
  }
  if constexpr (sizeof(T) < 8) {
    t["mul.wide." + type] = binary<MulWide, T>;
    t["mad.wide." + type] = ternary<MadWide, T, typename Widened<T>::Type>;
  }
}

Table makeTable() {
  Table t;
  addType<int16_t>(t, "s16");
  addType<uint16_t>(t, "u16");
  addType<int32_t>(t, "s32");
  addType<uint32_t>(t, "u32");
  addType<int64_t>(t, "s64");
  addType<uint64_t>(t, "u64");
  t["add.sat.s32"] = binary<AddSat, int32_t>;
  t["sub.sat.s32"] = binary<SubSat, int32_t>;
  t["add.s16x2"] = binary<Packed<Add>, int32_t>;
  t["add.u16x2"] = binary<Packed<Add>, uint32_t>;
  t["min.s16x2"] = binary<Packed<Min>, int32_t>;
  t["min.u16x2"] = binary<Packed<Min>, uint32_t>;
  t["max.s16x2"] = binary<Packed<Max>, int32_t>;
  t["max.u16x2"] = binary<Packed<Max>, uint32_t>;
  t["dp4a.s32.s32"] = ternary<Dp4a<int8_t, int8_t>, uint32_t>;
  t["dp4a.s32.u32"] = ternary<Dp4a<int8_t, uint8_t>, uint32_t>;
  t["dp4a.u32.s32"] = ternary<Dp4a<uint8_t, int8_t>, uint32_t>;
  t["dp4a.u32.u32"] = ternary<Dp4a<uint8_t, uint8_t>, uint32_t>;
  return t;
}

/// The carries of add.cc and the like live in one row for each frame.
template <typename T, bool IsSub, bool In, bool Out>
Step carrying(Warp &warp, const Instr &instr, uint32_t mask) {
  uint64_t *d = warp.row(instr.dst), *flags = warp.row(instr.dst2);
  const uint64_t *a = warp.row(instr.src[0]), *b = warp.row(instr.src[1]);
  uint32_t out = 0;
  forLanes(mask, [&](int l) {
    T first, sum;
    const T in = In ? flags[0] >> l & 1 : 0;
    bool carry =
        IsSub ? __builtin_sub_overflow(get<T>(a[l]), get<T>(b[l]), &first)
              : __builtin_add_overflow(get<T>(a[l]), get<T>(b[l]), &first);
    carry |= IsSub ? __builtin_sub_overflow(first, in, &sum)
                   : __builtin_add_overflow(first, in, &sum);
    d[l] = put(sum);
    out |= uint32_t(carry) << l;
  });
  if (Out)
    setPredicate(flags, mask, out);
  return Step::Next;
}

template <typename T>
Handler carryHandler(const Statement &s) {
  const bool isOut = s.has("cc");
  if (s.parts[0] == "add")
    return carrying<T, false, false, true>;
  if (s.parts[0] == "sub")
    return carrying<T, true, false, true>;
  if (s.parts[0] == "addc")
    return isOut ? carrying<T, false, true, true>
                 : carrying<T, false, true, false>;
  return isOut ? carrying<T, true, true, true> : carrying<T, true, true, false>;
}

} // namespace

bool tegula::ptx::decodeInteger(Decoder &d, const Statement &s) {
  static const Table table = makeTable();
  const bool isCarry =
      s.parts[0] == "addc" || s.parts[0] == "subc" || s.has("cc");
  Handler handler = nullptr;
  if (isCarry) {
    handler = s.parts.back()[1] == '6' ? carryHandler<uint64_t>(s)
                                       : carryHandler<uint32_t>(s);
  } else if (auto it = table.find(s.opcode); it != table.end()) {
    handler = it->second;
  } else {
    return false;
  }
  const int32_t result = d.target(s, d.at(s, 0));
  std::array<int32_t, 4> sources = {0, 0, 0, 0};
  for (size_t i = 1; i < s.operands.size() && i <= sources.size(); ++i)
    sources[i - 1] = d.source(s, i);
  Instr &instr = d.emit(s, handler);
  instr.dst = result;
  instr.src = sources;
  if (isCarry)
    instr.dst2 = d.carryRow();
  return true;
}
