//===- AsyncCopy.cpp - cp.async -------------------------------------------===//

#include "Access.h"
#include "Decoder.h"
#include "Lanes.h"
#include "Mbarrier.h"

using namespace tegula::ptx;

void LaneCopies::commit() {
  groups.push_back(std::move(open));
  open.clear();
}

void LaneCopies::wait(size_t left) {
  while (groups.size() > left) {
    for (auto &effect : groups.front())
      effect();
    groups.pop_front();
  }
}

namespace {

/// What one lane's copy does once it is waited for.
std::function<void()> finish(Warp &warp, Block &block, uint32_t offset,
                             const uint8_t *from, uint32_t given,
                             uint32_t bytes, Access access) {
  return [=, &warp, &block]() mutable {
    memcpy(block.shared.at(offset), from, given);
    memset(block.shared.at(offset) + given, 0, bytes - given);
    access.clock = warp.clock[warp.actor];
    block.shared.settle(offset, bytes, access);
  };
}

/// imm: bytes. src: target, source, bytes that are read (the rest is zero).
Step copyAsync(Warp &warp, const Instr &instr, uint32_t mask) {
  const uint64_t *target = warp.row(instr.src[0]),
                 *source = warp.row(instr.src[1]),
                 *read = warp.row(instr.src[2]);
  const uint32_t bytes = static_cast<uint32_t>(instr.imm);
  forLanes(mask, [&](int lane) {
    const uint32_t given = std::min(get<uint32_t>(read[lane]), bytes);
    const uint8_t *from = nullptr;
    const uint64_t global = source[lane] + instr.list[1];
    if (global & (bytes - 1))
      warp.fail(FaultKind::Misaligned, lane,
                "the source of cp.async is not a multiple of " +
                    std::to_string(bytes));
    if (given == bytes)
      from = access(warp, lane, Space::Global, global, bytes, {});
    else
      for (uint32_t i = given; i-- > 0;) // An odd number: byte by byte.
        from = access(warp, lane, Space::Global, global + i, 1, {});
    uint32_t offset = 0;
    Block &block = sharedTarget(
        warp, lane, get<uint32_t>(target[lane]) + instr.list[0], offset);
    if (offset % bytes || offset + bytes > block.shared.size())
      warp.fail(FaultKind::Address, lane,
                "the target of cp.async, byte " + std::to_string(offset) +
                    " of shared memory, is misaligned or outside");
    Accessor who = warp.accessor(lane);
    who.as.clock = Access::kPending;
    warp.raise(lane, block.shared.write(offset, bytes, who));
    warp.copies[lane].open.push_back(
        finish(warp, block, offset, from, given, bytes, who.as));
  });
  return Step::Next;
}

Step commitGroup(Warp &warp, const Instr &, uint32_t mask) {
  forLanes(mask, [&](int lane) { warp.copies[lane].commit(); });
  return Step::Next;
}

/// imm: groups that may stay; all ones: also what is not committed is done.
Step waitGroup(Warp &warp, const Instr &instr, uint32_t mask) {
  forLanes(mask, [&](int lane) {
    if (instr.imm == ~0ull)
      warp.copies[lane].commit();
    warp.copies[lane].wait(instr.imm == ~0ull ? 0 : instr.imm);
  });
  return Step::Next;
}

/// cp.async.mbarrier.arrive: the arrival comes when the lane's copies are
/// done. imm: the arrival is not part of the barrier's count.
Step arriveWhenDone(Warp &warp, const Instr &instr, uint32_t mask) {
  const uint64_t *base = warp.row(instr.src[0]);
  forLanes(mask, [&](int lane) {
    Mbarrier *barrier = &mbarrierAt(
        warp, lane, static_cast<uint32_t>(base[lane] + instr.offset));
    if (instr.imm)
      ++barrier->pending;
    auto copies = std::make_shared<LaneCopies>();
    std::swap(*copies, warp.copies[lane]);
    warp.block.cluster.defer([&warp, lane, barrier, copies] {
      copies->commit();
      copies->wait(0);
      arriveAt(warp, lane, *barrier, 1);
    });
  });
  return Step::Next;
}

bool decodeArrive(Decoder &d, const Statement &s) {
  Instr where;
  d.address(s, d.at(s, 0), where, 0);
  Instr &instr = d.emit(s, arriveWhenDone);
  instr.src[0] = where.src[0];
  instr.offset = where.offset;
  instr.imm = !s.has("noinc");
  return true;
}

} // namespace

bool tegula::ptx::decodeAsyncCopy(Decoder &d, const Statement &s) {
  if (s.parts[0] != "cp" || s.parts.size() < 3 || s.parts[1] != "async" ||
      s.parts[2] == "bulk")
    return false;
  if (s.has("mbarrier"))
    return decodeArrive(d, s);
  if (s.has("commit_group")) {
    d.emit(s, commitGroup);
    return true;
  }
  if (s.has("wait_group") || s.has("wait_all")) {
    d.emit(s, waitGroup).imm = s.has("wait_all") ? ~0ull : d.at(s, 0).bits;
    return true;
  }
  Instr target, source;
  d.address(s, d.at(s, 0), target, 0);
  d.address(s, d.at(s, 1), source, 0);
  const uint64_t bytes = d.at(s, 2).bits;
  if (bytes != 4 && bytes != 8 && bytes != 16)
    d.fail(s, "cp.async copies 4, 8 or 16 bytes");
  // A fourth operand is the number of bytes, unless it is a cache policy.
  const bool hasRead = s.operands.size() > (s.has("L2::cache_hint") ? 4u : 3u);
  const int32_t read = hasRead ? d.source(s, 3) : d.constant(bytes);
  Instr &instr = d.emit(s, copyAsync);
  instr.src = {target.src[0], source.src[0], read, 0};
  instr.list = {static_cast<int32_t>(target.offset),
                static_cast<int32_t>(source.offset)};
  instr.imm = bytes;
  return true;
}
