//===- Convert.cpp - cvt --------------------------------------------------===//

#include "Decoder.h"
#include "Float8.h"
#include "Lanes.h"

#include <cfenv>
#include <cfloat>
#include <cmath>
#include <limits>

using namespace tegula::ptx;

namespace {

/// Modifiers of a conversion, in imm.
enum Flag : unsigned {
  Ftz = 1,
  Sat = 2,
  Relu = 4,
  Nearest = 8, ///< Rounds to an integer: rni, rzi, rmi, rpi.
  Zero = 16,
  Down = 32,
  Up = 64,
};

template <typename T>
constexpr bool isFloat = std::is_floating_point_v<T> ||
                         std::is_same_v<T, Half> || std::is_same_v<T, BFloat>;

double roundToInteger(double x, unsigned flags) {
  return flags & Nearest ? std::nearbyint(x)
         : flags & Zero  ? std::trunc(x)
         : flags & Down  ? std::floor(x)
         : flags & Up    ? std::ceil(x)
                         : x;
}

/// A float becomes an integer by its mode, clamped to the type; NaN is zero.
template <typename To>
To toInteger(double x, unsigned flags) {
  if (x != x)
    return 0;
  x = roundToInteger(x, flags);
  if (x <= static_cast<double>(std::numeric_limits<To>::min()))
    return std::numeric_limits<To>::min();
  // 2^63 is a double, 2^63 - 1 is none.
  if (x >= std::ldexp(1.0, std::numeric_limits<To>::digits))
    return std::numeric_limits<To>::max();
  return static_cast<To>(x);
}

template <typename To>
To toFloat(double x, unsigned flags) {
  if (flags & Sat)
    x = x >= 1 ? 1 : x > 0 ? x : 0;
  if (flags & Relu)
    x = x > 0 || x != x ? x : 0;
  if constexpr (std::is_floating_point_v<To>) {
    To r = static_cast<To>(x);
    return flags & Ftz && std::fabs(r) < FLT_MIN ? std::copysign(To(0), r) : r;
  } else {
    return To::from(x);
  }
}

template <typename To, typename From>
To convert(From a, unsigned flags) {
  if constexpr (isFloat<From>) {
    double x = 0;
    if constexpr (std::is_same_v<From, double>)
      x = a;
    else
      x = static_cast<float>(a);
    if (flags & Ftz && std::fabs(x) < FLT_MIN)
      x = std::copysign(0.0, x);
    if constexpr (isFloat<To>)
      return toFloat<To>(roundToInteger(x, flags), flags);
    else
      return toInteger<To>(x, flags);
  } else if constexpr (std::is_floating_point_v<To>) {
    return static_cast<To>(a);
  } else if constexpr (isFloat<To>) {
    return To::from(static_cast<double>(a));
  } else {
    if (!(flags & Sat))
      return static_cast<To>(a);
    using Limits = std::numeric_limits<To>;
    const __int128 x = a;
    return x < Limits::min()   ? Limits::min()
           : x > Limits::max() ? Limits::max()
                               : static_cast<To>(a);
  }
}

/// The result is extended to the whole register, signed types by their sign.
template <typename To>
uint64_t extend(To value) {
  if constexpr (std::is_integral_v<To> && std::is_signed_v<To>)
    return static_cast<uint64_t>(static_cast<int64_t>(value));
  else
    return put(value);
}

template <typename To, typename From>
Step convertLanes(Warp &warp, const Instr &instr, uint32_t mask) {
  uint64_t *d = warp.row(instr.dst);
  const uint64_t *a = warp.row(instr.src[0]);
  const unsigned flags = instr.imm;
  forLanes(mask, [=](int l) {
    d[l] = extend(convert<To, From>(get<From>(a[l]), flags));
  });
  return Step::Next;
}

/// imm >> 8: the direction of rounding, if it is not to nearest.
template <typename To, typename From>
Step convertDirected(Warp &warp, const Instr &instr, uint32_t mask) {
  fesetround(static_cast<int>(instr.imm >> 8));
  const Step step = convertLanes<To, From>(warp, instr, mask);
  fesetround(FE_TONEAREST);
  return step;
}

struct Conversion {
  Handler nearest, directed;
};
using Table = std::unordered_map<std::string, Conversion>;

template <typename To, typename From>
void add(Table &t, const char *to, const char *from) {
  t[std::string(to) + "." + from] = {convertLanes<To, From>,
                                     convertDirected<To, From>};
}

template <typename To>
void addTarget(Table &t, const char *to) {
  add<To, uint8_t>(t, to, "u8");
  add<To, int8_t>(t, to, "s8");
  add<To, uint16_t>(t, to, "u16");
  add<To, int16_t>(t, to, "s16");
  add<To, uint32_t>(t, to, "u32");
  add<To, int32_t>(t, to, "s32");
  add<To, uint64_t>(t, to, "u64");
  add<To, int64_t>(t, to, "s64");
  add<To, Half>(t, to, "f16");
  add<To, BFloat>(t, to, "bf16");
  add<To, float>(t, to, "f32");
  add<To, double>(t, to, "f64");
}

Table makeTable() {
  Table t;
  addTarget<uint8_t>(t, "u8");
  addTarget<int8_t>(t, "s8");
  addTarget<uint16_t>(t, "u16");
  addTarget<int16_t>(t, "s16");
  addTarget<uint32_t>(t, "u32");
  addTarget<int32_t>(t, "s32");
  addTarget<uint64_t>(t, "u64");
  addTarget<int64_t>(t, "s64");
  addTarget<Half>(t, "f16");
  addTarget<BFloat>(t, "bf16");
  addTarget<float>(t, "f32");
  addTarget<double>(t, "f64");
  return t;
}

/// cvt.f16x2.f32 d, a, b: a goes to the upper half.
template <typename To>
Step convertPair(Warp &warp, const Instr &instr, uint32_t mask) {
  uint64_t *d = warp.row(instr.dst);
  const uint64_t *a = warp.row(instr.src[0]), *b = warp.row(instr.src[1]);
  const unsigned flags = instr.imm;
  forLanes(mask, [=](int l) {
    const To high = convert<To, float>(get<float>(a[l]), flags),
             low = convert<To, float>(get<float>(b[l]), flags);
    d[l] = uint64_t(high.bits) << 16 | low.bits;
  });
  return Step::Next;
}

/// cvt.rna.tf32 / rn.tf32: 10 bits of mantissa; ties go away from zero, or to
/// even.
template <bool IsAway>
Step convertTf32(Warp &warp, const Instr &instr, uint32_t mask) {
  uint64_t *d = warp.row(instr.dst);
  const uint64_t *a = warp.row(instr.src[0]);
  forLanes(mask, [=](int l) {
    uint32_t bits = get<uint32_t>(a[l]);
    if ((bits & 0x7f800000) != 0x7f800000)
      bits += IsAway ? 0x1000 : 0xfff + (bits >> 13 & 1);
    d[l] = bits & ~0x1fffu;
  });
  return Step::Next;
}

template <typename To>
Step convertToFloat8(Warp &warp, const Instr &instr, uint32_t mask) {
  uint64_t *d = warp.row(instr.dst);
  const uint64_t *a = warp.row(instr.src[0]), *b = warp.row(instr.src[1]);
  const bool relu = instr.imm & Relu;
  auto one = [=](uint64_t element) {
    const float x = get<float>(element);
    return To::from(relu && x < 0 ? 0 : x);
  };
  forLanes(mask, [=](int l) { d[l] = uint64_t(one(a[l])) << 8 | one(b[l]); });
  return Step::Next;
}

template <typename From>
Step convertFromFloat8(Warp &warp, const Instr &instr, uint32_t mask) {
  uint64_t *d = warp.row(instr.dst);
  const uint64_t *a = warp.row(instr.src[0]);
  forLanes(mask, [=](int l) {
    const Half low = Half::from(From::value(a[l])),
               high = Half::from(From::value(a[l] >> 8));
    d[l] = uint64_t(high.bits) << 16 | low.bits;
  });
  return Step::Next;
}

Handler findPacked(const std::string &to, const std::string &from,
                   const Statement &s) {
  if (to == "tf32")
    return s.has("rna") ? convertTf32<true> : convertTf32<false>;
  if (from == "f32")
    return to == "f16x2"    ? convertPair<Half>
           : to == "bf16x2" ? convertPair<BFloat>
           : to == "e4m3x2" ? convertToFloat8<E4M3>
           : to == "e5m2x2" ? convertToFloat8<E5M2>
                            : nullptr;
  if (to == "f16x2")
    return from == "e4m3x2"   ? convertFromFloat8<E4M3>
           : from == "e5m2x2" ? convertFromFloat8<E5M2>
                              : nullptr;
  return nullptr;
}

unsigned flagsOf(const Statement &s) {
  return (s.has("ftz") ? Ftz : 0) | (s.has("sat") ? Sat : 0) |
         (s.has("relu") ? Relu : 0) | (s.has("rni") ? Nearest : 0) |
         (s.has("rzi") ? Zero : 0) | (s.has("rmi") ? Down : 0) |
         (s.has("rpi") ? Up : 0);
}

} // namespace

bool tegula::ptx::decodeConvert(Decoder &d, const Statement &s) {
  static const Table table = makeTable();
  if (s.parts[0] != "cvt" || s.parts.size() < 3)
    return false;
  const std::string &to = s.parts[s.parts.size() - 2], &from = s.parts.back();
  unsigned mode = 0;
  Handler handler = findPacked(to, from, s);
  if (!handler) {
    auto it = table.find(to + "." + from);
    if (it == table.end())
      return false;
    mode = s.has("rz")   ? FE_TOWARDZERO
           : s.has("rm") ? FE_DOWNWARD
           : s.has("rp") ? FE_UPWARD
                         : 0;
    if (mode && (to == "f16" || to == "bf16"))
      return false;
    handler = mode ? it->second.directed : it->second.nearest;
  }
  std::array<int32_t, 4> sources = {d.source(s, 1), 0, 0, 0};
  if (s.operands.size() > 2)
    sources[1] = d.source(s, 2);
  const int32_t result = d.target(s, d.at(s, 0));
  Instr &instr = d.emit(s, handler);
  instr.dst = result;
  instr.src = sources;
  instr.imm = flagsOf(s) | mode << 8;
  return true;
}
