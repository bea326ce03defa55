//===- Compare.cpp - Comparisons and selections ---------------------------===//

#include "Decoder.h"
#include "Lanes.h"

#include <cmath>

using namespace tegula::ptx;

namespace {

/// The order of two values as bits; a comparison is the set that it accepts.
enum Order : unsigned { Less = 1, Equal = 2, Greater = 4, Unordered = 8 };

/// The accepted orders of a comparison operator; 0 if it is none.
unsigned acceptedOrders(const std::string &name) {
  static const std::unordered_map<std::string, unsigned> table = {
      {"eq", Equal},
      {"ne", Less | Greater},
      {"lt", Less},
      {"le", Less | Equal},
      {"gt", Greater},
      {"ge", Greater | Equal},
      {"lo", Less},
      {"ls", Less | Equal},
      {"hi", Greater},
      {"hs", Greater | Equal},
      {"equ", Equal | Unordered},
      {"neu", Less | Greater | Unordered},
      {"ltu", Less | Unordered},
      {"leu", Less | Equal | Unordered},
      {"gtu", Greater | Unordered},
      {"geu", Greater | Equal | Unordered},
      {"num", Less | Equal | Greater},
      {"nan", Unordered},
  };
  auto it = table.find(name);
  return it == table.end() ? 0 : it->second;
}

template <typename T>
T arithmetic(T x) {
  return x;
}
float arithmetic(Half x) { return x; }
float arithmetic(BFloat x) { return x; }

template <typename T>
uint32_t compareLanes(Warp &warp, const Instr &instr, uint32_t mask,
                      unsigned accepted) {
  const uint64_t *a = warp.row(instr.src[0]), *b = warp.row(instr.src[1]);
  return lanesWhere(mask, [=](int l) {
    const auto x = arithmetic(get<T>(a[l])), y = arithmetic(get<T>(b[l]));
    const unsigned order =
        (x < y ? Less : 0) | (x == y ? Equal : 0) | (x > y ? Greater : 0);
    return accepted & (order ? order : Unordered);
  });
}

/// With what a comparison's result is combined: imm's bits from 8 on.
enum Combine : unsigned { None, And, Or, Xor };

uint32_t combine(unsigned how, uint32_t bits, uint32_t with) {
  return how == And ? bits & with : how == Or ? bits | with : bits ^ with;
}

/// imm: the accepted orders, Combine << 8; src[2]: a predicate to combine
/// with, negated if offset is set; dst2: the opposite result.
template <typename T>
Step setPredicates(Warp &warp, const Instr &instr, uint32_t mask) {
  const uint32_t bits = compareLanes<T>(warp, instr, mask, instr.imm & 255);
  uint32_t result = bits, opposite = ~bits;
  if (const unsigned how = instr.imm >> 8) {
    uint32_t with = warp.row(instr.src[2])[0];
    with = instr.offset ? ~with : with;
    result = combine(how, bits, with);
    opposite = combine(how, ~bits, with);
  }
  setPredicate(warp.row(instr.dst), mask, result);
  if (instr.dst2 >= 0)
    setPredicate(warp.row(instr.dst2), mask, opposite);
  return Step::Next;
}

/// Two comparisons at once, of pairs of 16-bit floats, into two predicates.
template <typename T>
Step setPairPredicates(Warp &warp, const Instr &instr, uint32_t mask) {
  const uint64_t *a = warp.row(instr.src[0]), *b = warp.row(instr.src[1]);
  for (int half = 0; half < 2; ++half) {
    const uint32_t bits = lanesWhere(mask, [=](int l) {
      const float x = get<T>(a[l] >> 16 * half), y = get<T>(b[l] >> 16 * half);
      const unsigned order =
          (x < y ? Less : 0) | (x == y ? Equal : 0) | (x > y ? Greater : 0);
      return (instr.imm & 255) & (order ? order : Unordered);
    });
    const int32_t result = half ? instr.dst2 : instr.dst;
    if (result >= 0)
      setPredicate(warp.row(result), mask, bits);
  }
  return Step::Next;
}

/// set: the result is all ones (or 1.0f, in offset) or zero.
template <typename T>
Step setValue(Warp &warp, const Instr &instr, uint32_t mask) {
  const uint32_t bits = compareLanes<T>(warp, instr, mask, instr.imm & 255);
  uint64_t *d = warp.row(instr.dst);
  const uint64_t yes = static_cast<uint64_t>(instr.offset);
  forLanes(mask, [=](int l) { d[l] = bits >> l & 1 ? yes : 0; });
  return Step::Next;
}

Step selectValue(Warp &warp, const Instr &instr, uint32_t mask) {
  uint64_t *d = warp.row(instr.dst);
  const uint64_t *a = warp.row(instr.src[0]), *b = warp.row(instr.src[1]);
  const uint32_t which = warp.row(instr.src[2])[0];
  forLanes(mask, [=](int l) { d[l] = which >> l & 1 ? a[l] : b[l]; });
  return Step::Next;
}

Step selectPredicate(Warp &warp, const Instr &instr, uint32_t mask) {
  const uint32_t a = warp.row(instr.src[0])[0], b = warp.row(instr.src[1])[0],
                 which = warp.row(instr.src[2])[0];
  setPredicate(warp.row(instr.dst), mask, (a & which) | (b & ~which));
  return Step::Next;
}

/// slct: a where c >= 0, else b.
template <typename C>
Step selectBySign(Warp &warp, const Instr &instr, uint32_t mask) {
  uint64_t *d = warp.row(instr.dst);
  const uint64_t *a = warp.row(instr.src[0]), *b = warp.row(instr.src[1]),
                 *c = warp.row(instr.src[2]);
  forLanes(mask, [=](int l) { d[l] = get<C>(c[l]) >= 0 ? a[l] : b[l]; });
  return Step::Next;
}

struct Comparison {
  Handler set, value;
};

template <typename T>
constexpr Comparison comparison() {
  return {setPredicates<T>, setValue<T>};
}

const Comparison *findComparison(const std::string &type) {
  static const std::unordered_map<std::string, Comparison> table = {
      {"s16", comparison<int16_t>()},
      {"u16", comparison<uint16_t>()},
      {"b16", comparison<uint16_t>()},
      {"s32", comparison<int32_t>()},
      {"u32", comparison<uint32_t>()},
      {"b32", comparison<uint32_t>()},
      {"s64", comparison<int64_t>()},
      {"u64", comparison<uint64_t>()},
      {"b64", comparison<uint64_t>()},
      {"f32", comparison<float>()},
      {"f64", comparison<double>()},
      {"f16", comparison<Half>()},
      {"bf16", comparison<BFloat>()},
      {"f16x2", {setPairPredicates<Half>, nullptr}},
      {"bf16x2", {setPairPredicates<BFloat>, nullptr}},
  };
  auto it = table.find(type);
  return it == table.end() ? nullptr : &it->second;
}

/// testp. imm: which property.
enum Property { Finite, Infinite, Number, NotANumber, Normal, Subnormal };

template <typename T>
Step testProperty(Warp &warp, const Instr &instr, uint32_t mask) {
  const uint64_t *a = warp.row(instr.src[0]);
  const uint64_t wanted = instr.imm;
  setPredicate(warp.row(instr.dst), mask, lanesWhere(mask, [=](int l) {
                 const T x = get<T>(a[l]);
                 switch (wanted) {
                 case Finite:
                   return std::isfinite(x);
                 case Infinite:
                   return std::isinf(x);
                 case Number:
                   return !std::isnan(x);
                 case NotANumber:
                   return std::isnan(x);
                 case Normal:
                   return std::isnormal(x);
                 default:
                   return std::fpclassify(x) == FP_SUBNORMAL;
                 }
               }));
  return Step::Next;
}

bool decodeTestProperty(Decoder &d, const Statement &s) {
  static const std::unordered_map<std::string, Property> names = {
      {"finite", Finite}, {"infinite", Infinite},
      {"number", Number}, {"notanumber", NotANumber},
      {"normal", Normal}, {"subnormal", Subnormal}};
  auto it = names.find(s.parts[1]);
  if (it == names.end())
    return false;
  const int32_t value = d.source(s, 1), result = d.target(s, d.at(s, 0));
  Instr &instr = d.emit(s, s.parts.back() == "f64" ? testProperty<double>
                                                   : testProperty<float>);
  instr.dst = result;
  instr.src[0] = value;
  instr.imm = it->second;
  return true;
}

bool decodeSet(Decoder &d, const Statement &s) {
  const Comparison *comparison = findComparison(s.parts.back());
  const unsigned accepted = acceptedOrders(s.parts[1]);
  const bool isValue = s.parts[0] == "set";
  if (!comparison || !accepted || (isValue && s.operands.size() > 3))
    return false;
  const Operand &result = d.at(s, 0);
  const bool isPair = result.kind == Operand::Pair;
  std::array<int32_t, 4> sources = {d.source(s, 1), d.source(s, 2), 0, 0};
  unsigned how = None;
  bool isNegated = false;
  if (s.operands.size() > 3) {
    how = s.has("and") ? And : s.has("or") ? Or : Xor;
    sources[2] = d.source(s, 3);
    isNegated = s.operands[3].negated;
  }
  const int32_t first = d.target(s, isPair ? result.parts[0] : result);
  const int32_t second = isPair ? d.target(s, result.parts[1]) : -1;
  Instr &instr = d.emit(s, isValue ? comparison->value : comparison->set);
  instr.dst = first;
  instr.dst2 = second;
  instr.src = sources;
  instr.imm = accepted | how << 8;
  instr.offset = isNegated;
  if (isValue)
    instr.offset =
        s.parts[s.parts.size() - 2] == "f32" ? 0x3f800000 : 0xffffffff;
  return true;
}

} // namespace

bool tegula::ptx::decodeCompare(Decoder &d, const Statement &s) {
  const std::string &op = s.parts[0];
  if (op == "setp" || op == "set")
    return decodeSet(d, s);
  if (op == "testp")
    return decodeTestProperty(d, s);
  if (op != "selp" && op != "slct")
    return false;
  const std::array<int32_t, 4> sources = {d.source(s, 1), d.source(s, 2),
                                          d.source(s, 3), 0};
  const int32_t result = d.target(s, d.at(s, 0));
  Handler handler = s.parts.back() == "pred" ? selectPredicate : selectValue;
  if (op == "slct")
    handler =
        s.parts.back() == "f32" ? selectBySign<float> : selectBySign<int32_t>;
  Instr &instr = d.emit(s, handler);
  instr.dst = result;
  instr.src = sources;
  return true;
}
