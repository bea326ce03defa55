//===- Mbarrier.cpp - Operations on mbarrier objects ----------------------===//

#include "Mbarrier.h"
#include "Access.h"
#include "Decoder.h"
#include "Lanes.h"

using namespace tegula::ptx;

void Mbarrier::completeIfDone() {
  if (pending || transactions)
    return;
  ++phase;
  pending = count;
  completed = std::move(arriving);
  arriving.clear();
}

static std::string nameOf(uint32_t offset) {
  return "the mbarrier at byte " + std::to_string(offset) + " of shared memory";
}

Mbarrier &tegula::ptx::mbarrierAt(Warp &warp, int lane, uint32_t address) {
  uint32_t offset = 0;
  Block &block = sharedTarget(warp, lane, address, offset);
  auto it = block.mbarriers.find(offset);
  if (it == block.mbarriers.end())
    warp.fail(FaultKind::Hazard, lane,
              nameOf(offset) + " has not been initialised");
  const Access &init = it->second.init;
  if (init.actor != warp.actor && init.clock > warp.clock[init.actor])
    warp.fail(FaultKind::Hazard, lane,
              nameOf(offset) +
                  " is used without a barrier after its initialisation at "
                  "line " +
                  std::to_string(init.line));
  return it->second;
}

void tegula::ptx::arriveAt(Warp &warp, int lane, Mbarrier &barrier,
                           int64_t times) {
  warp.publish(barrier.arriving);
  barrier.pending -= times;
  if (barrier.pending < 0)
    warp.fail(FaultKind::Hazard, lane,
              "arrives at an mbarrier more often than its count of " +
                  std::to_string(barrier.count) + " allows in a phase");
  barrier.completeIfDone();
}

void tegula::ptx::completeTransaction(Block &block, uint32_t offset,
                                      int64_t bytes, const Program &program) {
  auto it = block.mbarriers.find(offset);
  if (it == block.mbarriers.end())
    throw Fault(FaultKind::Hazard,
                "kernel " + program.name + ": a copy completes at " +
                    nameOf(offset) + ", which is not initialised");
  Mbarrier &barrier = it->second;
  Clock done(block.cluster.actors(), 0);
  done[block.cluster.copyEngine(block)] = block.cluster.engineClock;
  join(barrier.arriving, done);
  barrier.transactions -= bytes;
  barrier.completeIfDone();
}

namespace {

/// The shared address of an operand, generic or not.
uint32_t addressOf(Warp &warp, const Instr &instr, int lane) {
  const uint64_t address = warp.row(instr.src[0])[lane] + instr.offset;
  if (instr.space == Space::Generic && (address & kWindowMask) != kSharedWindow)
    warp.fail(FaultKind::Address, lane,
              "an mbarrier must lie in shared memory");
  if (address & 7)
    warp.fail(FaultKind::Misaligned, lane,
              "the address of an mbarrier must be a multiple of 8");
  return static_cast<uint32_t>(address);
}

Step initialize(Warp &warp, const Instr &instr, uint32_t mask) {
  const uint64_t *counts = warp.row(instr.src[1]);
  forLanes(mask, [&](int lane) {
    const uint32_t offset = addressOf(warp, instr, lane) & kOffsetMask;
    const int64_t count = get<uint32_t>(counts[lane]);
    if (count < 1 || count >= 1 << 20)
      warp.fail(FaultKind::Launch, lane,
                "the count of an mbarrier must be from 1 to 1048575");
    if (warp.block.mbarriers.count(offset))
      warp.fail(FaultKind::Hazard, lane,
                nameOf(offset) + " is initialised again");
    access(warp, lane, Space::Shared, offset, 8, {true, false, false, false});
    warp.block.shared.setBarrier(offset, true);
    Mbarrier &made = warp.block.mbarriers[offset];
    made.count = made.pending = count;
    made.init = warp.accessor(lane).as;
  });
  return Step::Next;
}

Step invalidate(Warp &warp, const Instr &instr, uint32_t mask) {
  forLanes(mask, [&](int lane) {
    const uint32_t address = addressOf(warp, instr, lane);
    mbarrierAt(warp, lane, address);
    warp.block.mbarriers.erase(address & kOffsetMask);
    warp.block.shared.setBarrier(address & kOffsetMask, false);
  });
  return Step::Next;
}

/// Bits of imm: what an arrival consists of.
enum Flag : unsigned { Arrives = 1, Expects = 2, Drops = 4, Completes = 8 };

/// src: address, count of arrivals or bytes; dst: the phase, or -1.
Step arrive(Warp &warp, const Instr &instr, uint32_t mask) {
  const uint64_t *operand = warp.row(instr.src[1]);
  forLanes(mask, [&](int lane) {
    Mbarrier &barrier = mbarrierAt(warp, lane, addressOf(warp, instr, lane));
    const uint32_t value = get<uint32_t>(operand[lane]);
    if (instr.dst >= 0)
      warp.row(instr.dst)[lane] = barrier.phase;
    if (instr.imm & Expects)
      barrier.transactions += value;
    if (instr.imm & Completes) {
      barrier.transactions -= value;
      barrier.completeIfDone();
    }
    if (instr.imm & Drops)
      --barrier.count;
    if (instr.imm & Arrives)
      arriveAt(warp, lane, barrier, instr.imm & Expects ? 1 : value);
  });
  return Step::Next;
}

std::string waitReason(uint32_t address, const Mbarrier &barrier) {
  return nameOf(address & kOffsetMask) + " (phase " +
         std::to_string(barrier.phase) + ", " +
         std::to_string(barrier.pending) + " of " +
         std::to_string(barrier.count) + " arrivals and " +
         std::to_string(barrier.transactions) + " bytes outstanding)";
}

/// imm: 1: src[1] is a parity, 2: may block. dst: predicate.
Step testWait(Warp &warp, const Instr &instr, uint32_t mask) {
  const uint64_t *operand = warp.row(instr.src[1]);
  uint32_t done = 0;
  std::string reason;
  forLanes(mask, [&](int lane) {
    const uint32_t address = addressOf(warp, instr, lane);
    Mbarrier &barrier = mbarrierAt(warp, lane, address);
    const bool isDone = instr.imm & 1
                            ? (barrier.phase & 1) != (operand[lane] & 1)
                            : barrier.phase > operand[lane];
    done |= uint32_t(isDone) << lane;
    if (isDone)
      warp.learn(barrier.completed);
    else if (reason.empty())
      reason = waitReason(address, barrier);
  });
  if (!done && instr.imm & 2)
    return warp.wait(reason);
  setPredicate(warp.row(instr.dst), mask, done);
  return done == mask ? Step::Next : Step::Yield;
}

bool decodeWait(Decoder &d, const Statement &s) {
  Instr where;
  d.address(s, d.at(s, 1), where, 0);
  const int32_t phase = d.source(s, 2), result = d.target(s, d.at(s, 0));
  Instr &instr = d.emit(s, testWait);
  instr.isCollective = true;
  instr.space = spaceOf(s);
  instr.src[0] = where.src[0];
  instr.src[1] = phase;
  instr.offset = where.offset;
  instr.dst = result;
  instr.imm = (s.has("parity") ? 1 : 0) | (s.has("try_wait") ? 2 : 0);
  return true;
}

bool decodeArrive(Decoder &d, const Statement &s) {
  const size_t memory = d.at(s, 0).kind == Operand::Memory ? 0 : 1;
  Instr where;
  d.address(s, d.at(s, memory), where, 0);
  const int32_t value =
      s.operands.size() > memory + 1 ? d.source(s, memory + 1) : d.constant(1);
  const int32_t result = memory ? d.target(s, d.at(s, 0)) : -1;
  Instr &instr = d.emit(s, arrive);
  instr.space = spaceOf(s);
  instr.src[0] = where.src[0];
  instr.src[1] = value;
  instr.offset = where.offset;
  instr.dst = result;
  const bool drops = s.has("arrive_drop");
  instr.imm = (s.has("arrive") || drops ? Arrives : 0) | (drops ? Drops : 0) |
              (s.has("expect_tx") ? Expects : 0) |
              (s.has("complete_tx") ? Completes : 0);
  return true;
}

} // namespace

bool tegula::ptx::decodeMbarrier(Decoder &d, const Statement &s) {
  if (s.parts[0] != "mbarrier")
    return false;
  const std::string &op = s.parts[1];
  if (op == "test_wait" || op == "try_wait")
    return decodeWait(d, s);
  if (op == "arrive" || op == "arrive_drop" || op == "expect_tx" ||
      op == "complete_tx")
    return decodeArrive(d, s);
  if (op != "init" && op != "inval")
    return false;
  Instr where;
  d.address(s, d.at(s, 0), where, 0);
  const int32_t count = op == "init" ? d.source(s, 1) : 0;
  Instr &instr = d.emit(s, op == "init" ? initialize : invalidate);
  instr.space = spaceOf(s);
  instr.src[0] = where.src[0];
  instr.src[1] = count;
  instr.offset = where.offset;
  return true;
}
