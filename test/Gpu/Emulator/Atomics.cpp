//===- Atomics.cpp - atom and red -----------------------------------------===//

#include "Access.h"
#include "Decoder.h"
#include "FloatOps.h"
#include "Lanes.h"

using namespace tegula::ptx;

namespace {

struct AtomicAdd {
  template <typename T>
  static T apply(T a, T b, T) {
    return a + b;
  }
};
struct AtomicFAdd {
  template <typename T>
  static T apply(T a, T b, T) {
    if constexpr (std::is_floating_point_v<T>)
      return a + b;
    else
      return T::from(double(float(a)) + double(float(b)));
  }
};
struct AtomicMin {
  template <typename T>
  static T apply(T a, T b, T) {
    return a < b ? a : b;
  }
};
struct AtomicMax {
  template <typename T>
  static T apply(T a, T b, T) {
    return a > b ? a : b;
  }
};
struct AtomicAnd {
  template <typename T>
  static T apply(T a, T b, T) {
    return a & b;
  }
};
struct AtomicOr {
  template <typename T>
  static T apply(T a, T b, T) {
    return a | b;
  }
};
struct AtomicXor {
  template <typename T>
  static T apply(T a, T b, T) {
    return a ^ b;
  }
};
struct AtomicExch {
  template <typename T>
  static T apply(T, T b, T) {
    return b;
  }
};
struct AtomicCas {
  template <typename T>
  static T apply(T a, T b, T c) {
    return a == b ? c : a;
  }
};
struct AtomicInc {
  template <typename T>
  static T apply(T a, T b, T) {
    return a >= b ? 0 : a + 1;
  }
};
struct AtomicDec {
  template <typename T>
  static T apply(T a, T b, T) {
    return a == 0 || a > b ? b : a - 1;
  }
};

/// Two 16-bit floats, each with an atomic of its own.
template <typename T>
struct PackedAdd {
  static uint32_t apply(uint32_t a, uint32_t b, uint32_t) {
    auto sum = [](uint16_t x, uint16_t y) {
      return AtomicFAdd::apply(T{x}, T{y}, T{0}).bits;
    };
    return uint32_t(sum(a, b)) | uint32_t(sum(a >> 16, b >> 16)) << 16;
  }
};

/// The lanes one after the other: dst gets the old value (if it is not -1).
/// Every atomic also orders, whatever its .sem says: a relaxed one with fences
/// around it, as code generators emit, cannot be told apart here.
template <typename Op, typename T>
Step atomic(Warp &warp, const Instr &instr, uint32_t mask) {
  const uint64_t *base = warp.row(instr.src[0]), *b = warp.row(instr.src[1]),
                 *c = warp.row(instr.src[2]);
  AccessKind kind;
  kind.isWrite = true;
  kind.isStrong = true;
  forLanes(mask, [&](int lane) {
    const uint64_t address = base[lane] + instr.offset;
    uint8_t *at = access(warp, lane, instr.space, address, sizeof(T), kind);
    T old;
    memcpy(&old, at, sizeof(T));
    const T value = Op::apply(old, get<T>(b[lane]), get<T>(c[lane]));
    memcpy(at, &value, sizeof(T));
    if (instr.dst >= 0)
      warp.row(instr.dst)[lane] = put(old);
    Clock &published = warp.block.cluster.atomics[address];
    warp.learn(published);
    warp.publish(published);
  });
  // A loop of compare-and-swaps must let the others come to their turn.
  return instr.dst >= 0 ? Step::Yield : Step::Next;
}

using Table = std::unordered_map<std::string, Handler>;

template <typename T>
void addInteger(Table &t, const std::string &type) {
  t["add." + type] = atomic<AtomicAdd, T>;
  t["min." + type] = atomic<AtomicMin, T>;
  t["max." + type] = atomic<AtomicMax, T>;
}

template <typename T>
void addBits(Table &t, const std::string &type) {
  t["and." + type] = atomic<AtomicAnd, T>;
  t["or." + type] = atomic<AtomicOr, T>;
  t["xor." + type] = atomic<AtomicXor, T>;
  t["exch." + type] = atomic<AtomicExch, T>;
  t["cas." + type] = atomic<AtomicCas, T>;
}

Table makeTable() {
  Table t;
  addInteger<int32_t>(t, "s32");
  addInteger<uint32_t>(t, "u32");
  addInteger<int64_t>(t, "s64");
  addInteger<uint64_t>(t, "u64");
  addBits<uint32_t>(t, "b32");
  addBits<uint64_t>(t, "b64");
  t["cas.b16"] = atomic<AtomicCas, uint16_t>;
  t["inc.u32"] = atomic<AtomicInc, uint32_t>;
  t["dec.u32"] = atomic<AtomicDec, uint32_t>;
  t["add.f32"] = atomic<AtomicFAdd, float>;
  t["add.f64"] = atomic<AtomicFAdd, double>;
  t["add.f16"] = atomic<AtomicFAdd, Half>;
  t["add.bf16"] = atomic<AtomicFAdd, BFloat>;
  t["add.f16x2"] = atomic<PackedAdd<Half>, uint32_t>;
  t["add.bf16x2"] = atomic<PackedAdd<BFloat>, uint32_t>;
  return t;
}

Handler findHandler(const Statement &s) {
  static const Table table = makeTable();
  for (const char *op :
       {"add", "min", "max", "and", "or", "xor", "exch", "cas", "inc", "dec"})
    if (s.has(op)) {
      auto it = table.find(std::string(op) + "." + s.parts.back());
      return it == table.end() ? nullptr : it->second;
    }
  return nullptr;
}

} // namespace

bool tegula::ptx::decodeAtomic(Decoder &d, const Statement &s) {
  const bool isRed = s.parts[0] == "red";
  if (!isRed && s.parts[0] != "atom")
    return false;
  const Handler handler = findHandler(s);
  if (!handler || s.has("async"))
    return false;
  const size_t memory = isRed ? 0 : 1;
  Instr where;
  d.address(s, d.at(s, memory), where, 0);
  const int32_t value = d.source(s, memory + 1);
  const int32_t swap =
      s.operands.size() > memory + 2 ? d.source(s, memory + 2) : d.constant(0);
  const int32_t result = isRed ? -1 : d.target(s, d.at(s, 0));
  Instr &instr = d.emit(s, handler);
  instr.space = spaceOf(s);
  instr.src = {where.src[0], value, swap, 0};
  instr.offset = where.offset;
  instr.dst = result;
  return true;
}
