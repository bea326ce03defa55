//===- Bits.cpp - Logic, shifts, bit fields, permutations -----------------===//

#include "Decoder.h"
#include "IntegerOps.h"

using namespace tegula::ptx;

namespace {

struct Not {
  template <typename T>
  static T apply(T a) {
    return ~a;
  }
};
struct Cnot {
  template <typename T>
  static T apply(T a) {
    return a == 0;
  }
};
// Shifts by the width or more give zero, or the sign.
struct Shl {
  template <typename T>
  static T apply(T a, uint32_t n) {
    return n >= 8 * sizeof(T) ? 0 : T(a << n);
  }
};
struct Shr {
  template <typename T>
  static T apply(T a, uint32_t n) {
    const uint32_t last = 8 * sizeof(T) - 1;
    if (n > last)
      return std::is_signed_v<T> ? T(a >> last) : 0;
    return a >> n;
  }
};
struct Popc {
  template <typename T>
  static uint32_t apply(T a) {
    return __builtin_popcountll(a);
  }
};
struct Clz {
  static uint32_t apply(uint32_t a) { return a ? __builtin_clz(a) : 32; }
  static uint32_t apply(uint64_t a) { return a ? __builtin_clzll(a) : 64; }
};
struct Brev {
  static uint32_t apply(uint32_t a) { return __builtin_bitreverse32(a); }
  static uint64_t apply(uint64_t a) { return __builtin_bitreverse64(a); }
};
/// The position of the highest bit that differs from the sign, or ones.
struct Bfind {
  template <typename T>
  static uint32_t apply(T a) {
    using U = std::make_unsigned_t<T>;
    const U bits = std::is_signed_v<T> && a < 0 ? ~U(a) : U(a);
    return bits ? 63 - __builtin_clzll(bits) : ~0u;
  }
};
struct BfindShift {
  template <typename T>
  static uint32_t apply(T a) {
    const uint32_t at = Bfind::apply(a);
    return at == ~0u ? at : 8 * sizeof(T) - 1 - at;
  }
};
struct Bfe {
  template <typename T>
  static T apply(T a, T position, T length) {
    const unsigned bits = 8 * sizeof(T);
    const unsigned at = position & 255, count = length & 255;
    if (!count)
      return 0;
    // A field that leaves the word is filled up with the sign.
    const bool isNegative = std::is_signed_v<T> && a < 0;
    using U = std::make_unsigned_t<T>;
    U field = at >= bits ? (isNegative ? ~U(0) : 0) : U(a >> at);
    if (count < bits) {
      const unsigned top = std::min(at + count - 1, bits - 1);
      const bool sign = std::is_signed_v<T> && (U(a) >> top & 1);
      const U kept = (U(1) << count) - 1;
      field = sign ? field | ~kept : field & kept;
    }
    return T(field);
  }
};
struct Lop3 {
  static uint32_t apply(uint32_t a, uint32_t b, uint32_t c, uint32_t table) {
    uint32_t result = 0;
    for (int minterm = 0; minterm < 8; ++minterm)
      if (table >> minterm & 1)
        result |= (minterm & 4 ? a : ~a) & (minterm & 2 ? b : ~b) &
                  (minterm & 1 ? c : ~c);
    return result;
  }
};
template <typename T>
struct Bfi {
  static T apply(T field, T into, uint32_t position, uint32_t length) {
    const unsigned bits = 8 * sizeof(T), at = position & 255,
                   count = length & 255;
    if (!count || at >= bits)
      return into;
    const T mask = (count >= bits ? ~T(0) : (T(1) << count) - 1) << at;
    return (into & ~mask) | ((field << at) & mask);
  }
};
struct Prmt {
  static uint32_t apply(uint32_t a, uint32_t b, uint32_t selector) {
    const uint64_t bytes = uint64_t(b) << 32 | a;
    uint32_t result = 0;
    for (int i = 0; i < 4; ++i) {
      const uint32_t pick = selector >> 4 * i & 15;
      uint8_t byte = bytes >> 8 * (pick & 7);
      if (pick & 8)
        byte = byte & 0x80 ? 0xff : 0;
      result |= uint32_t(byte) << 8 * i;
    }
    return result;
  }
};
/// shf: the upper or lower word of a shifted pair (b above a).
template <bool IsLeft, bool IsWrap>
struct Shf {
  static uint32_t apply(uint32_t a, uint32_t b, uint32_t amount) {
    const uint32_t n = IsWrap ? amount & 31 : amount > 32 ? 32 : amount;
    const uint64_t pair = uint64_t(b) << 32 | a;
    return IsLeft ? uint32_t((pair << n) >> 32) : uint32_t(pair >> n);
  }
};
struct Bmsk {
  static uint32_t apply(uint32_t position, uint32_t width) {
    const uint64_t ones = width >= 32 ? 0xffffffff : (1ull << width) - 1;
    return position >= 32 ? 0 : uint32_t(ones << position);
  }
};

/// Four sources of one type.
template <typename Op, typename T, typename U>
Step quaternary(Warp &warp, const Instr &instr, uint32_t mask) {
  uint64_t *d = warp.row(instr.dst);
  const uint64_t *a = warp.row(instr.src[0]), *b = warp.row(instr.src[1]),
                 *c = warp.row(instr.src[2]), *e = warp.row(instr.src[3]);
  forLanes(mask, [=](int l) {
    d[l] =
        put(Op::apply(get<T>(a[l]), get<T>(b[l]), get<U>(c[l]), get<U>(e[l])));
  });
  return Step::Next;
}

using Table = std::unordered_map<std::string, Handler>;

template <typename T>
void addType(Table &t, const std::string &type) {
  t["and." + type] = binary<And, T>;
  t["or." + type] = binary<Or, T>;
  t["xor." + type] = binary<Xor, T>;
  t["not." + type] = unary<Not, T>;
  t["cnot." + type] = unary<Cnot, T>;
  t["shl." + type] = binaryMixed<Shl, T, uint32_t>;
  t["shr." + type] = binaryMixed<Shr, T, uint32_t>;
}

Table makeTable() {
  Table t;
  addType<uint16_t>(t, "b16");
  addType<uint32_t>(t, "b32");
  addType<uint64_t>(t, "b64");
  t["shr.u16"] = binaryMixed<Shr, uint16_t, uint32_t>;
  t["shr.u32"] = binaryMixed<Shr, uint32_t, uint32_t>;
  t["shr.u64"] = binaryMixed<Shr, uint64_t, uint32_t>;
  t["shr.s16"] = binaryMixed<Shr, int16_t, uint32_t>;
  t["shr.s32"] = binaryMixed<Shr, int32_t, uint32_t>;
  t["shr.s64"] = binaryMixed<Shr, int64_t, uint32_t>;
  t["popc.b32"] = unary<Popc, uint32_t>;
  t["popc.b64"] = unary<Popc, uint64_t>;
  t["clz.b32"] = unary<Clz, uint32_t>;
  t["clz.b64"] = unary<Clz, uint64_t>;
  t["brev.b32"] = unary<Brev, uint32_t>;
  t["brev.b64"] = unary<Brev, uint64_t>;
  t["bfind.u32"] = unary<Bfind, uint32_t>;
  t["bfind.s32"] = unary<Bfind, int32_t>;
  t["bfind.u64"] = unary<Bfind, uint64_t>;
  t["bfind.s64"] = unary<Bfind, int64_t>;
  t["bfind.shiftamt.u32"] = unary<BfindShift, uint32_t>;
  t["bfind.shiftamt.s32"] = unary<BfindShift, int32_t>;
  t["bfind.shiftamt.u64"] = unary<BfindShift, uint64_t>;
  t["bfind.shiftamt.s64"] = unary<BfindShift, int64_t>;
  t["bfe.u32"] = ternary<Bfe, uint32_t>;
  t["bfe.s32"] = ternary<Bfe, int32_t>;
  t["bfe.u64"] = ternary<Bfe, uint64_t>;
  t["bfe.s64"] = ternary<Bfe, int64_t>;
  t["bfi.b32"] = quaternary<Bfi<uint32_t>, uint32_t, uint32_t>;
  t["bfi.b64"] = quaternary<Bfi<uint64_t>, uint64_t, uint32_t>;
  t["bmsk.clamp.b32"] = binary<Bmsk, uint32_t>;
  t["lop3.b32"] = quaternary<Lop3, uint32_t, uint32_t>;
  t["prmt.b32"] = ternary<Prmt, uint32_t>;
  t["shf.l.wrap.b32"] = ternary<Shf<true, true>, uint32_t>;
  t["shf.l.clamp.b32"] = ternary<Shf<true, false>, uint32_t>;
  t["shf.r.wrap.b32"] = ternary<Shf<false, true>, uint32_t>;
  t["shf.r.clamp.b32"] = ternary<Shf<false, false>, uint32_t>;
  return t;
}

template <typename Op>
Step predicateLogic(Warp &warp, const Instr &instr, uint32_t mask) {
  const uint32_t a = warp.row(instr.src[0])[0], b = warp.row(instr.src[1])[0];
  setPredicate(warp.row(instr.dst), mask, Op::apply(a, b));
  return Step::Next;
}

Step predicateNot(Warp &warp, const Instr &instr, uint32_t mask) {
  setPredicate(warp.row(instr.dst), mask,
               ~static_cast<uint32_t>(warp.row(instr.src[0])[0]));
  return Step::Next;
}

Handler findPredicate(const Statement &s) {
  if (s.parts.back() != "pred")
    return nullptr;
  return s.parts[0] == "and"   ? predicateLogic<And>
         : s.parts[0] == "or"  ? predicateLogic<Or>
         : s.parts[0] == "xor" ? predicateLogic<Xor>
         : s.parts[0] == "not" ? predicateNot
                               : nullptr;
}

} // namespace

bool tegula::ptx::decodeBits(Decoder &d, const Statement &s) {
  static const Table table = makeTable();
  Handler handler = findPredicate(s);
  const bool isPredicate = handler;
  if (auto it = table.find(s.opcode); it != table.end())
    handler = it->second;
  if (!handler)
    return false;
  const int32_t result = d.target(s, d.at(s, 0));
  std::array<int32_t, 4> sources = {0, 0, 0, 0};
  for (size_t i = 1; i < s.operands.size() && i <= sources.size(); ++i) {
    const Operand &o = s.operands[i];
    sources[i - 1] = isPredicate && o.kind == Operand::Integer
                         ? d.constant(o.bits ? ~0ull : 0)
                         : d.source(s, o);
  }
  Instr &instr = d.emit(s, handler);
  instr.dst = result;
  instr.src = sources;
  return true;
}
