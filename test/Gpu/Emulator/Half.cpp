//===- Half.cpp - Arithmetic of 16-bit floats -----------------------------===//

#include "Decoder.h"
#include "FloatOps.h"
#include "Lanes.h"

using namespace tegula::ptx;

namespace {

/// A pair of 16-bit floats in a register.
template <typename T>
struct Pair {
  T low, high;
};

// abs and neg touch nothing but the sign, also of a NaN.
struct FlipSign {
  static uint16_t apply(uint16_t a) { return a ^ 0x8000; }
  static uint32_t apply(uint32_t a) { return a ^ 0x80008000; }
};
struct DropSign {
  static uint16_t apply(uint16_t a) { return a & 0x7fff; }
  static uint32_t apply(uint32_t a) { return a & 0x7fff7fff; }
};

/// Computes in double and rounds once; .sat and .relu come before it.
template <typename Op, bool Sat, bool Relu>
struct Rounded {
  template <typename T, typename... Ts>
  static T apply(T a, Ts... rest) {
    double x = Op::apply(double(float(a)), double(float(rest))...);
    if (Sat)
      x = x >= 1 ? 1 : x > 0 ? x : 0;
    if (Relu)
      x = x < 0 ? 0 : x;
    return T::from(x);
  }
  template <typename T, typename... Ts>
  static Pair<T> apply(Pair<T> a, Ts... rest) {
    return {apply(a.low, rest.low...), apply(a.high, rest.high...)};
  }
};

using Table = std::unordered_map<std::string, Handler>;

template <typename Op, typename T, int N>
constexpr Handler handler() {
  if constexpr (N == 1)
    return unary<Op, T>;
  else if constexpr (N == 2)
    return binary<Op, T>;
  else
    return ternary<Op, T>;
}

template <typename Op, int N, bool Sat, bool Relu>
void addTypes(Table &t, const std::string &name) {
  using R = Rounded<Op, Sat, Relu>;
  t[name + ".f16"] = handler<R, Half, N>();
  t[name + ".bf16"] = handler<R, BFloat, N>();
  t[name + ".f16x2"] = handler<R, Pair<Half>, N>();
  t[name + ".bf16x2"] = handler<R, Pair<BFloat>, N>();
}

template <typename Op, int N>
void add(Table &t, const std::string &name) {
  addTypes<Op, N, false, false>(t, name);
  addTypes<Op, N, true, false>(t, name + ".sat");
  addTypes<Op, N, false, true>(t, name + ".relu");
}

Table makeTable() {
  Table t;
  add<FAdd, 2>(t, "add");
  add<FSub, 2>(t, "sub");
  add<FMul, 2>(t, "mul");
  add<FFma, 3>(t, "fma");
  add<FMin, 2>(t, "min");
  add<FMax, 2>(t, "max");
  add<PropagateNaN<FMin>, 2>(t, "min.NaN");
  add<PropagateNaN<FMax>, 2>(t, "max.NaN");
  add<FEx2, 1>(t, "ex2");
  add<FTanh, 1>(t, "tanh");
  for (const char *type : {"f16", "bf16"}) {
    const std::string name = std::string(".") + type;
    t["neg" + name] = unary<FlipSign, uint16_t>;
    t["abs" + name] = unary<DropSign, uint16_t>;
    t["neg" + name + "x2"] = unary<FlipSign, uint32_t>;
    t["abs" + name + "x2"] = unary<DropSign, uint32_t>;
  }
  return t;
}

} // namespace

bool tegula::ptx::decodeHalf(Decoder &d, const Statement &s) {
  static const Table table = makeTable();
  std::string key = s.parts[0];
  for (const char *modifier : {"NaN", "sat", "relu"})
    if (s.has(modifier))
      key += std::string(".") + modifier;
  auto it = table.find(key + "." + s.parts.back());
  if (it == table.end() || s.has("xorsign"))
    return false;
  const int32_t result = d.target(s, d.at(s, 0));
  std::array<int32_t, 4> sources = {0, 0, 0, 0};
  for (size_t i = 1; i < s.operands.size() && i <= sources.size(); ++i)
    sources[i - 1] = d.source(s, i);
  Instr &instr = d.emit(s, it->second);
  instr.dst = result;
  instr.src = sources;
  return true;
}
