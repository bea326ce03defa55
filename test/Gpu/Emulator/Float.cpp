//===- Float.cpp - Arithmetic of float and double -------------------------===//

#include "Decoder.h"
#include "FloatOps.h"
#include "Lanes.h"

#include <cfenv>
#include <cfloat>

using namespace tegula::ptx;

namespace {

template <typename T, bool Ftz>
T flush(T x) {
  if constexpr (Ftz)
    return std::fabs(x) < FLT_MIN ? std::copysign(T(0), x) : x;
  return x;
}

template <typename T, bool Sat>
T saturate(T x) {
  if constexpr (Sat)
    return x >= 1 ? T(1) : x > 0 ? x : T(0); // A NaN becomes zero.
  return x;
}

/// .ftz on the operands and the result, then .sat.
template <typename Op, bool Ftz, bool Sat>
struct Modified {
  template <typename T, typename... Ts>
  static T apply(T a, Ts... rest) {
    return saturate<T, Sat>(
        flush<T, Ftz>(Op::apply(flush<T, Ftz>(a), flush<T, Ftz>(rest)...)));
  }
};

struct Variants {
  int operands = 0;
  Handler plain[2][2] = {}; ///< By .ftz and .sat.
};

template <typename Op, typename T, int N, bool Ftz, bool Sat>
constexpr Handler variant() {
  using M = Modified<Op, Ftz, Sat>;
  if constexpr (N == 1)
    return unary<M, T>;
  else if constexpr (N == 2)
    return binary<M, T>;
  else
    return ternary<M, T>;
}

using Table = std::unordered_map<std::string, Variants>;

template <typename Op, int N>
void add(Table &t, const std::string &name) {
  Variants single, wide;
  single.operands = wide.operands = N;
  single.plain[0][0] = variant<Op, float, N, false, false>();
  single.plain[0][1] = variant<Op, float, N, false, true>();
  single.plain[1][0] = variant<Op, float, N, true, false>();
  single.plain[1][1] = variant<Op, float, N, true, true>();
  t[name + ".f32"] = single;
  wide.plain[0][0] = variant<Op, double, N, false, false>();
  // rcp.approx.ftz.f64 and rsqrt.approx.ftz.f64 say .ftz.
  wide.plain[1][0] = wide.plain[0][0];
  t[name + ".f64"] = wide;
}

Table makeTable() {
  Table t;
  add<FAdd, 2>(t, "add");
  add<FSub, 2>(t, "sub");
  add<FMul, 2>(t, "mul");
  add<FDiv, 2>(t, "div");
  add<FFma, 3>(t, "fma");
  add<FFma, 3>(t, "mad");
  add<FMin, 2>(t, "min");
  add<FMax, 2>(t, "max");
  add<PropagateNaN<FMin>, 2>(t, "min.NaN");
  add<PropagateNaN<FMax>, 2>(t, "max.NaN");
  add<FAbs, 1>(t, "abs");
  add<FNeg, 1>(t, "neg");
  add<FCopySign, 2>(t, "copysign");
  add<FRcp, 1>(t, "rcp");
  add<FSqrt, 1>(t, "sqrt");
  add<FRsqrt, 1>(t, "rsqrt");
  add<FEx2, 1>(t, "ex2");
  add<FLg2, 1>(t, "lg2");
  add<FSin, 1>(t, "sin");
  add<FCos, 1>(t, "cos");
  add<FTanh, 1>(t, "tanh");
  return t;
}

/// detail: the handler that rounds to nearest; imm: the rounding mode.
Step rounded(Warp &warp, const Instr &instr, uint32_t mask) {
  fesetround(static_cast<int>(instr.imm));
  const Step step =
      (*static_cast<const Handler *>(instr.detail.get()))(warp, instr, mask);
  fesetround(FE_TONEAREST);
  return step;
}

int roundingMode(const Statement &s) {
  return s.has("rz")   ? FE_TOWARDZERO
         : s.has("rm") ? FE_DOWNWARD
         : s.has("rp") ? FE_UPWARD
                       : FE_TONEAREST;
}

} // namespace

bool tegula::ptx::decodeFloat(Decoder &d, const Statement &s) {
  static const Table table = makeTable();
  std::string key = s.parts[0];
  if (s.has("NaN"))
    key += ".NaN";
  auto it = table.find(key + "." + s.parts.back());
  if (it == table.end())
    return false;
  const Handler handler = it->second.plain[s.has("ftz")][s.has("sat")];
  if (!handler || s.has("xorsign"))
    return false;
  const int32_t result = d.target(s, d.at(s, 0));
  std::array<int32_t, 4> sources = {0, 0, 0, 0};
  for (int i = 0; i < it->second.operands; ++i)
    sources[i] = d.source(s, i + 1);
  const int mode = roundingMode(s);
  Instr &instr = d.emit(s, mode == FE_TONEAREST ? handler : rounded);
  instr.dst = result;
  instr.src = sources;
  instr.imm = static_cast<uint64_t>(mode);
  if (mode != FE_TONEAREST)
    instr.detail = std::make_shared<Handler>(handler);
  return true;
}
