//===- WarpOps.cpp - Exchange between the lanes of a warp -----------------===//

#include "Decoder.h"
#include "IntegerOps.h"

using namespace tegula::ptx;

namespace {

/// The lanes that a member mask names, once all of them are here: they must
/// name the same mask and include the executing lanes. 0: not yet.
uint32_t gather(Warp &warp, const Instr &instr, int slot, uint32_t mask) {
  const int first = __builtin_ctz(mask);
  const uint32_t members = get<uint32_t>(warp.row(instr.src[slot])[first]);
  if (!(members >> first & 1))
    warp.fail(FaultKind::Launch, first, "the thread is not in its member mask");
  return warp.isTogether(members, mask) ? members : 0;
}

Step waitForMembers(Warp &warp) {
  return warp.wait("the other lanes of its member mask");
}

enum Mode : unsigned { Up, Down, Bfly, Idx };

/// shfl. src: value, lane or distance, clamp and segment, members; imm: Mode.
Step shuffle(Warp &warp, const Instr &instr, uint32_t mask) {
  if (!gather(warp, instr, 3, mask))
    return waitForMembers(warp);
  uint64_t values[kLanes], *d = warp.row(instr.dst);
  memcpy(values, warp.row(instr.src[0]), sizeof(values));
  const uint64_t *b = warp.row(instr.src[1]), *c = warp.row(instr.src[2]);
  uint32_t inRange = 0;
  forLanes(mask, [&](int lane) {
    const int by = get<uint32_t>(b[lane]) & 31;
    const int clamp = get<uint32_t>(c[lane]) & 31,
              segment = get<uint32_t>(c[lane]) >> 8 & 31;
    const int last = (lane & segment) | (clamp & ~segment),
              first = lane & segment;
    int from = 0;
    bool isIn = true;
    switch (instr.imm) {
    case Up:
      from = lane - by;
      isIn = from >= last;
      break;
    case Down:
      from = lane + by;
      isIn = from <= last;
      break;
    case Bfly:
      from = lane ^ by;
      isIn = from <= last;
      break;
    default:
      from = first | (by & ~segment);
      isIn = from <= last;
    }
    from = isIn ? from : lane;
    inRange |= uint32_t(isIn) << lane;
    if (!(mask >> from & 1))
      warp.fail(FaultKind::Hazard, lane,
                "takes the value of lane " + std::to_string(from) +
                    ", which does not take part");
    d[lane] = get<uint32_t>(values[from]);
  });
  if (instr.dst2 >= 0)
    setPredicate(warp.row(instr.dst2), mask, inRange);
  return Step::Next;
}

enum Vote : unsigned { All, Any, Uniform, Ballot };

/// vote. src: predicate, members; offset: the predicate is negated.
Step vote(Warp &warp, const Instr &instr, uint32_t mask) {
  const uint32_t members = gather(warp, instr, 1, mask);
  if (!members)
    return waitForMembers(warp);
  uint32_t bits = warp.row(instr.src[0])[0];
  bits = (instr.offset ? ~bits : bits) & mask;
  const bool all = bits == mask, any = bits != 0;
  uint64_t *d = warp.row(instr.dst);
  if (instr.imm == Ballot) {
    forLanes(mask, [=](int l) { d[l] = bits; });
  } else {
    const bool is = instr.imm == All   ? all
                    : instr.imm == Any ? any
                                       : all || !any;
    setPredicate(d, mask, is ? ~0u : 0);
  }
  return Step::Next;
}

/// match.any / match.all (imm). src: value, members; dst2: all are equal.
template <typename T>
Step match(Warp &warp, const Instr &instr, uint32_t mask) {
  if (!gather(warp, instr, 1, mask))
    return waitForMembers(warp);
  const uint64_t *a = warp.row(instr.src[0]);
  uint64_t found[kLanes] = {};
  bool areEqual = true;
  forLanes(mask, [&](int lane) {
    const uint32_t same = lanesWhere(
        mask, [&](int l) { return get<T>(a[l]) == get<T>(a[lane]); });
    found[lane] = same;
    areEqual &= same == mask;
  });
  uint64_t *d = warp.row(instr.dst);
  const bool isAll = instr.imm;
  forLanes(mask, [&](int l) { d[l] = isAll && !areEqual ? 0 : found[l]; });
  if (instr.dst2 >= 0)
    setPredicate(warp.row(instr.dst2), mask, areEqual ? ~0u : 0);
  return Step::Next;
}

/// redux. src: value, members.
template <typename Op, typename T>
Step reduce(Warp &warp, const Instr &instr, uint32_t mask) {
  if (!gather(warp, instr, 1, mask))
    return waitForMembers(warp);
  const uint64_t *a = warp.row(instr.src[0]);
  uint64_t *d = warp.row(instr.dst);
  T result = get<T>(a[__builtin_ctz(mask)]);
  forLanes(mask & (mask - 1),
           [&](int l) { result = Op::apply(result, get<T>(a[l])); });
  forLanes(mask, [=](int l) { d[l] = put(result); });
  return Step::Next;
}

Handler findReduce(const Statement &s) {
  const bool isSigned = s.parts.back() == "s32";
  return s.has("add") ? reduce<Add, uint32_t>
         : s.has("min")
             ? (isSigned ? reduce<Min, int32_t> : reduce<Min, uint32_t>)
         : s.has("max")
             ? (isSigned ? reduce<Max, int32_t> : reduce<Max, uint32_t>)
         : s.has("and") ? reduce<And, uint32_t>
         : s.has("or")  ? reduce<Or, uint32_t>
         : s.has("xor") ? reduce<Xor, uint32_t>
                        : nullptr;
}

Step activeMask(Warp &warp, const Instr &instr, uint32_t mask) {
  uint64_t *d = warp.row(instr.dst);
  forLanes(mask, [=](int l) { d[l] = mask; });
  return Step::Next;
}

/// elect.sync d|p, members: the first lane that takes part.
Step elect(Warp &warp, const Instr &instr, uint32_t mask) {
  if (!gather(warp, instr, 0, mask))
    return waitForMembers(warp);
  const int leader = __builtin_ctz(mask);
  uint64_t *d = warp.row(instr.dst);
  forLanes(mask, [=](int l) { d[l] = leader; });
  setPredicate(warp.row(instr.dst2), mask, 1u << leader);
  return Step::Next;
}

/// bar.warp.sync: what the lanes did before it lies in the past of each.
Step syncWarp(Warp &warp, const Instr &instr, uint32_t mask) {
  if (!gather(warp, instr, 0, mask))
    return waitForMembers(warp);
  ++warp.clock[warp.actor];
  return Step::Next;
}

/// Emits a collective instruction: results (a pair has two), then sources.
Instr &emitCollective(Decoder &d, const Statement &s, Handler handler,
                      size_t firstSource) {
  std::array<int32_t, 4> sources = {0, 0, 0, 0};
  for (size_t i = firstSource; i < s.operands.size() && i - firstSource < 4;
       ++i)
    sources[i - firstSource] = d.source(s, i);
  int32_t first = -1, second = -1;
  if (firstSource) {
    const Operand &result = d.at(s, 0);
    const bool isPair = result.kind == Operand::Pair;
    first = d.target(s, isPair ? result.parts[0] : result);
    second = isPair ? d.target(s, result.parts[1]) : -1;
  }
  Instr &instr = d.emit(s, handler);
  instr.isCollective = true;
  instr.src = sources;
  instr.dst = first;
  instr.dst2 = second;
  return instr;
}

bool decodeVote(Decoder &d, const Statement &s) {
  Instr &instr = emitCollective(d, s, vote, 1);
  instr.imm = s.has("all")   ? All
              : s.has("any") ? Any
              : s.has("uni") ? Uniform
                             : Ballot;
  instr.offset = d.at(s, 1).negated;
  return true;
}

} // namespace

bool tegula::ptx::decodeWarp(Decoder &d, const Statement &s) {
  const std::string &op = s.parts[0];
  const bool isSync = s.has("sync");
  if (op == "shfl" && isSync) {
    emitCollective(d, s, shuffle, 1).imm = s.has("up")     ? Up
                                           : s.has("down") ? Down
                                           : s.has("bfly") ? Bfly
                                                           : Idx;
  } else if (op == "vote" && isSync) {
    return decodeVote(d, s);
  } else if (op == "match") {
    emitCollective(
        d, s, s.parts.back() == "b64" ? match<uint64_t> : match<uint32_t>, 1)
        .imm = s.has("all");
  } else if (op == "redux" && findReduce(s)) {
    emitCollective(d, s, findReduce(s), 1);
  } else if (op == "activemask") {
    const int32_t result = d.target(s, d.at(s, 0));
    d.emit(s, activeMask).dst = result;
  } else if (op == "elect") {
    emitCollective(d, s, elect, 1);
  } else if (op == "bar" && s.has("warp")) {
    emitCollective(d, s, syncWarp, 0);
  } else {
    return false;
  }
  return true;
}
