//===- Control.cpp - Branches, calls and moves ----------------------------===//

#include "Decoder.h"
#include "Lanes.h"

using namespace tegula::ptx;

//===----------------------------------------------------------------------===//
// Branches
//===----------------------------------------------------------------------===//

/// imm: where to.
static Step branch(Warp &warp, const Instr &instr, uint32_t mask) {
  Split &split = warp.current();
  if (const uint32_t others = split.mask & ~mask)
    warp.splitOff(others, split.pc + 1);
  split.pc = static_cast<int>(instr.imm);
  return Step::Jumped;
}

/// list: where to, by the value of src[0].
static Step branchIndexed(Warp &warp, const Instr &instr, uint32_t mask) {
  Split &split = warp.current();
  const uint64_t *index = warp.row(instr.src[0]);
  if (const uint32_t others = split.mask & ~mask)
    warp.splitOff(others, split.pc + 1);
  while (mask) {
    const int lane = __builtin_ctz(mask);
    const uint32_t value = get<uint32_t>(index[lane]);
    if (value >= instr.list.size())
      warp.fail(FaultKind::Launch, lane,
                "index " + std::to_string(value) + " is outside of the table");
    const uint32_t same = lanesWhere(
        mask, [&](int l) { return get<uint32_t>(index[l]) == value; });
    mask &= ~same;
    if (mask)
      warp.splitOff(same, instr.list[value]);
    else
      split.pc = instr.list[value];
  }
  return Step::Jumped;
}

static Step exitThread(Warp &warp, const Instr &, uint32_t mask) {
  warp.exit(mask);
  return Step::Jumped;
}

static Step trap(Warp &warp, const Instr &, uint32_t mask) {
  warp.fail(FaultKind::Launch, __builtin_ctz(mask), "the kernel trapped");
}

static Step nothing(Warp &, const Instr &, uint32_t) { return Step::Next; }

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

namespace {
/// Bytes of one parameter, between the local memory of two frames.
struct ParameterCopy {
  uint64_t caller, callee, bytes;
};

struct CallDetail {
  std::vector<ParameterCopy> arguments, results;
};
} // namespace

/// Copies parameters from the caller's frame to the callee's, or back.
static void copyParameters(Warp &warp, const std::vector<ParameterCopy> &list,
                           uint64_t caller, uint64_t callee, uint32_t mask,
                           bool back) {
  const uint64_t stride = warp.block.cluster.program.localBytes;
  forLanes(mask, [&](int lane) {
    uint8_t *local = &warp.local[lane * stride];
    for (const ParameterCopy &copy : list)
      if (back)
        memcpy(local + caller + copy.caller, local + callee + copy.callee,
               copy.bytes);
      else
        memcpy(local + callee + copy.callee, local + caller + copy.caller,
               copy.bytes);
  });
}

/// imm: the callee; dst: rows of the caller's frame; offset: bytes of its local
/// memory; detail: CallDetail.
static Step call(Warp &warp, const Instr &instr, uint32_t mask) {
  const Program &program = warp.block.cluster.program;
  Split &split = warp.current();
  const uint64_t caller = split.localBase, callee = caller + instr.offset;
  if (split.frames.size() > 64 || callee > program.localBytes ||
      split.base + instr.dst > program.rows)
    warp.fail(FaultKind::Launch, __builtin_ctz(mask),
              "recursion is not supported");
  const auto &detail = *static_cast<const CallDetail *>(instr.detail.get());
  copyParameters(warp, detail.arguments, caller, callee, mask, false);
  split.frames.push_back({split.pc + 1, split.base, caller, &instr});
  split.base += instr.dst;
  split.localBase = callee;
  split.pc = static_cast<int>(instr.imm);
  return Step::Jumped;
}

static Step returnFrom(Warp &warp, const Instr &, uint32_t mask) {
  Split &split = warp.current();
  if (split.frames.empty()) {
    warp.exit(mask);
    return Step::Jumped;
  }
  if (const uint32_t others = split.mask & ~mask)
    warp.splitOff(others, split.pc + 1);
  const Frame frame = split.frames.back();
  const auto &detail =
      *static_cast<const CallDetail *>(frame.call->detail.get());
  copyParameters(warp, detail.results, frame.localBase, split.localBase, mask,
                 true);
  split.frames.pop_back();
  split.pc = frame.returnTo;
  split.base = frame.base;
  split.localBase = frame.localBase;
  return Step::Jumped;
}

static bool decodeCall(Decoder &d, const Statement &s) {
  size_t name = 0;
  while (name < s.operands.size() && s.operands[name].kind != Operand::Symbol)
    ++name;
  const Function &callee = d.callee(s, d.at(s, name).name);
  auto detail = std::make_shared<CallDetail>();
  auto copies = [&](size_t operand, bool isResult,
                    std::vector<ParameterCopy> &list) {
    if (operand >= s.operands.size())
      return;
    for (size_t i = 0; i < s.operands[operand].parts.size(); ++i) {
      const Decoder::Slot *mine =
          d.localSlot(s.operands[operand].parts[i].name);
      if (!mine)
        d.fail(s, "its arguments must be .param variables");
      const Decoder::Slot theirs = d.parameterOf(callee, i, isResult);
      list.push_back(
          {mine->offset, theirs.offset, std::min(mine->bytes, theirs.bytes)});
    }
  };
  if (name > 0)
    copies(0, true, detail->results);
  copies(name + 1, false, detail->arguments);
  Instr &instr = d.emit(s, call);
  instr.isCollective = true; // The lanes that it leaves out go on alone.
  instr.detail = detail;
  d.fixCall(callee);
  return true;
}

bool tegula::ptx::decodeControl(Decoder &d, const Statement &s) {
  const std::string &op = s.parts[0];
  if (op == "bra") {
    d.emit(s, branch);
    d.fixLabel(s, d.at(s, 0).name);
  } else if (op == "brx") {
    const std::vector<std::string> *table = d.branchTable(d.at(s, 1).name);
    if (!table)
      d.fail(s, "there is no table '" + d.at(s, 1).name + "'");
    const int32_t index = d.source(s, 0);
    Instr &instr = d.emit(s, branchIndexed);
    instr.src[0] = index;
    instr.list.resize(table->size());
    for (size_t i = 0; i < table->size(); ++i)
      d.fixLabel(s, (*table)[i], static_cast<int>(i));
  } else if (op == "ret") {
    d.emit(s, returnFrom);
  } else if (op == "exit") {
    d.emit(s, exitThread);
  } else if (op == "trap" || op == "brkpt") {
    d.emit(s, trap);
  } else if (op == "call") {
    return decodeCall(d, s);
  } else if (op == "prefetch" || op == "prefetchu" || op == "nanosleep" ||
             op == "setmaxnreg" || op == "griddepcontrol" || op == "discard" ||
             op == "applypriority" || op == "pmevent") {
    d.emit(s, nothing);
  } else {
    return false;
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Moves
//===----------------------------------------------------------------------===//

static Step move(Warp &warp, const Instr &instr, uint32_t mask) {
  uint64_t *d = warp.row(instr.dst);
  const uint64_t *a = warp.row(instr.src[0]);
  forLanes(mask, [=](int l) { d[l] = a[l]; });
  return Step::Next;
}

static Step movePredicate(Warp &warp, const Instr &instr, uint32_t mask) {
  setPredicate(warp.row(instr.dst), mask,
               static_cast<uint32_t>(warp.row(instr.src[0])[0]));
  return Step::Next;
}

/// list: the parts, low first; imm: bits of a part.
static Step pack(Warp &warp, const Instr &instr, uint32_t mask) {
  uint64_t *d = warp.row(instr.dst);
  const uint64_t low = (1ull << instr.imm) - 1;
  forLanes(mask, [&](int l) {
    uint64_t value = 0;
    for (size_t i = 0; i < instr.list.size(); ++i)
      value |= (warp.row(instr.list[i])[l] & low) << (i * instr.imm);
    d[l] = value;
  });
  return Step::Next;
}

static Step unpack(Warp &warp, const Instr &instr, uint32_t mask) {
  const uint64_t *a = warp.row(instr.src[0]);
  const uint64_t low = (1ull << instr.imm) - 1;
  forLanes(mask, [&](int l) {
    const uint64_t value = a[l];
    for (size_t i = 0; i < instr.list.size(); ++i)
      warp.row(instr.list[i])[l] = value >> (i * instr.imm) & low;
  });
  return Step::Next;
}

static bool decodePacking(Decoder &d, const Statement &s) {
  const bool isPack = d.at(s, 1).kind == Operand::Vector;
  const Operand &vector = d.at(s, isPack ? 1 : 0);
  const uint64_t bits = atoi(s.parts.back().c_str() + 1);
  const size_t count = vector.parts.size();
  if (!bits || bits > 64 || !count || bits % count || bits / count < 8)
    d.fail(s, "cannot pack " + std::to_string(count) + " parts");
  std::vector<int32_t> list;
  for (const Operand &part : vector.parts)
    list.push_back(isPack ? d.source(s, part) : d.target(s, part));
  const int32_t other = isPack ? d.target(s, d.at(s, 0)) : d.source(s, 1);
  Instr &instr = d.emit(s, isPack ? pack : unpack);
  (isPack ? instr.dst : instr.src[0]) = other;
  instr.imm = bits / count;
  instr.list = std::move(list);
  return true;
}

/// cvta: between a space's addresses and generic ones. imm is added.
static Step toGeneric(Warp &warp, const Instr &instr, uint32_t mask) {
  uint64_t *d = warp.row(instr.dst);
  const uint64_t *a = warp.row(instr.src[0]);
  const uint64_t window = instr.imm;
  // A shared address has 32 bits, whatever lies above them in the register.
  forLanes(mask, [=](int l) { d[l] = window + (a[l] & 0xffffffff); });
  return Step::Next;
}

static Step fromGeneric(Warp &warp, const Instr &instr, uint32_t mask) {
  uint64_t *d = warp.row(instr.dst);
  const uint64_t *a = warp.row(instr.src[0]);
  forLanes(mask, [&](int l) {
    if ((a[l] & kWindowMask) != instr.imm)
      warp.fail(FaultKind::Address, l,
                "the generic address does not lie in that space");
    d[l] = a[l] & ~kWindowMask;
  });
  return Step::Next;
}

static bool decodeCvta(Decoder &d, const Statement &s) {
  const bool isTo = s.has("to");
  const bool isShared =
      s.has("shared") || s.has("shared::cta") || s.has("shared::cluster");
  const uint64_t window = isShared         ? kSharedWindow
                          : s.has("local") ? kLocalWindow
                                           : 0;
  const int32_t value = d.source(s, 1), result = d.target(s, d.at(s, 0));
  Instr &instr = d.emit(s, !window ? move : isTo ? fromGeneric : toGeneric);
  instr.dst = result;
  instr.src[0] = value;
  instr.imm = window;
  return true;
}

/// isspacep. imm: the window.
static Step isSpace(Warp &warp, const Instr &instr, uint32_t mask) {
  const uint64_t *a = warp.row(instr.src[0]);
  setPredicate(warp.row(instr.dst), mask, lanesWhere(mask, [&](int l) {
                 return (a[l] & kWindowMask) == instr.imm;
               }));
  return Step::Next;
}

/// mapa: the address that a shared variable has in another block. src: address,
/// rank; imm: the window, if addresses are generic.
static Step mapShared(Warp &warp, const Instr &instr, uint32_t mask) {
  uint64_t *d = warp.row(instr.dst);
  const uint64_t *a = warp.row(instr.src[0]), *b = warp.row(instr.src[1]);
  const uint32_t ranks = warp.block.cluster.blocks.size();
  forLanes(mask, [&](int l) {
    const uint32_t rank = get<uint32_t>(b[l]);
    if (rank >= ranks)
      warp.fail(FaultKind::Address, l,
                "there is no block " + std::to_string(rank) +
                    " in a cluster of " + std::to_string(ranks));
    d[l] = instr.imm | uint64_t(rank + 1) << kRankShift | (a[l] & kOffsetMask);
  });
  return Step::Next;
}

/// getctarank
static Step rankOf(Warp &warp, const Instr &instr, uint32_t mask) {
  uint64_t *d = warp.row(instr.dst);
  const uint64_t *a = warp.row(instr.src[0]);
  const uint32_t own = warp.block.rank;
  forLanes(mask, [=](int l) {
    const uint32_t rank = get<uint32_t>(a[l]) >> kRankShift;
    d[l] = rank ? rank - 1 : own;
  });
  return Step::Next;
}

static bool decodeClusterAddress(Decoder &d, const Statement &s) {
  const bool isMap = s.parts[0] == "mapa";
  const int32_t address = d.source(s, 1), result = d.target(s, d.at(s, 0));
  const int32_t rank = isMap ? d.source(s, 2) : 0;
  Instr &instr = d.emit(s, isMap ? mapShared : rankOf);
  instr.dst = result;
  instr.src[0] = address;
  instr.src[1] = rank;
  instr.imm = s.has("shared::cluster") ? 0 : kSharedWindow;
  return true;
}

bool tegula::ptx::decodeMove(Decoder &d, const Statement &s) {
  const std::string &op = s.parts[0];
  if (op == "cvta")
    return decodeCvta(d, s);
  if (op == "mapa" || op == "getctarank")
    return decodeClusterAddress(d, s);
  if (op == "isspacep") {
    const int32_t value = d.source(s, 1), result = d.target(s, d.at(s, 0));
    Instr &instr = d.emit(s, isSpace);
    instr.dst = result;
    instr.src[0] = value;
    instr.imm = s.has("global") || s.has("const") ? 0
                : s.has("local")                  ? kLocalWindow
                                                  : kSharedWindow;
    return true;
  }
  if (op != "mov")
    return false;
  if (d.at(s, 0).kind == Operand::Vector || d.at(s, 1).kind == Operand::Vector)
    return decodePacking(d, s);
  const bool isPredicate = s.parts.back() == "pred";
  const int32_t value = isPredicate && d.at(s, 1).kind == Operand::Integer
                            ? d.constant(d.at(s, 1).bits ? ~0ull : 0)
                            : d.source(s, 1);
  const int32_t result = d.target(s, d.at(s, 0));
  Instr &instr = d.emit(s, isPredicate ? movePredicate : move);
  instr.dst = result;
  instr.src[0] = value;
  return true;
}
