//===- Barriers.cpp - Barriers of blocks and clusters, fences -------------===//

#include "Decoder.h"
#include "Lanes.h"

using namespace tegula::ptx;

void NamedBarrier::completeAt(uint32_t enough) {
  if (!arrived || arrived < enough)
    return;
  ++generation;
  lastVoters = arrived;
  lastVotes = votes;
  arrived = votes = 0;
  completed = std::move(arriving);
  arriving.clear();
}

namespace {

/// Bits of imm.
enum Flag : unsigned {
  Aligned = 1,
  Waits = 2,
  Counted = 4,
  Relaxed = 8,
  Votes = 16, ///< bar.red: src[2] is a predicate, negated if offset is set.
  All = 32,   ///< bar.red.and
  Any = 64,   ///< bar.red.or; otherwise bar.red.popc
};

uint32_t enough(const Warp &warp, const NamedBarrier &barrier) {
  return barrier.expected ? barrier.expected : warp.block.liveThreads();
}

/// One warp's arrival at a barrier of its block.
void arrive(Warp &warp, const Instr &instr, uint32_t mask,
            NamedBarrier &barrier) {
  const int lane = __builtin_ctz(mask);
  uint32_t expected = 0, arriving = __builtin_popcount(mask);
  if (instr.imm & Counted) {
    expected = get<uint32_t>(warp.row(instr.src[1])[lane]);
    if (!expected || expected % kLanes)
      warp.fail(FaultKind::Launch, lane,
                "the thread count " + std::to_string(expected) +
                    " is not a multiple of the warp size");
    // A whole warp counts as such, also where its last lanes do not exist.
    if (warp.isTogether(~0u, mask))
      arriving = kLanes;
  }
  if (barrier.arrived && barrier.expected != expected)
    warp.fail(FaultKind::Hazard, lane,
              "arrives at a barrier with the thread count " +
                  std::to_string(expected) + " where others came with " +
                  std::to_string(barrier.expected));
  barrier.expected = expected;
  barrier.arrived += arriving;
  if (instr.imm & Votes) {
    const uint32_t bits = warp.row(instr.src[2])[0];
    barrier.votes += __builtin_popcount((instr.offset ? ~bits : bits) & mask);
  }
  warp.publish(barrier.arriving);
  const uint32_t all = enough(warp, barrier);
  if (barrier.arrived > all)
    warp.fail(FaultKind::Hazard, lane,
              std::to_string(barrier.arrived) +
                  " threads arrive at a barrier for " + std::to_string(all));
  barrier.completeAt(all);
}

NamedBarrier &barrierOf(Warp &warp, const Instr &instr, uint32_t mask) {
  const int lane = __builtin_ctz(mask);
  const uint32_t number = get<uint32_t>(warp.row(instr.src[0])[lane]);
  if (number >= warp.block.barriers.size())
    warp.fail(FaultKind::Launch, lane,
              "there is no barrier " + std::to_string(number));
  return warp.block.barriers[number];
}

/// The result of bar.red.
void setVote(Warp &warp, const Instr &instr, uint32_t mask,
             const NamedBarrier &barrier) {
  uint64_t *d = warp.row(instr.dst);
  const uint32_t votes = barrier.lastVotes;
  if (instr.imm & All)
    setPredicate(d, mask, votes == barrier.lastVoters ? ~0u : 0);
  else if (instr.imm & Any)
    setPredicate(d, mask, votes ? ~0u : 0);
  else
    forLanes(mask, [=](int l) { d[l] = votes; });
}

/// bar.sync, bar.red and bar.arrive. src: number, count; the split's ticket is
/// the generation that it arrived in.
Step blockBarrier(Warp &warp, const Instr &instr, uint32_t mask) {
  NamedBarrier &barrier = barrierOf(warp, instr, mask);
  Split &split = warp.current();
  if (!split.ticket) {
    if (instr.imm & Aligned && !warp.isTogether(~0u, mask))
      return warp.wait("the other lanes of its warp (.aligned)");
    split.ticket = barrier.generation;
    arrive(warp, instr, mask, barrier);
  }
  if (instr.imm & Waits) {
    // Threads that have ended since are waited for no longer.
    barrier.completeAt(enough(warp, barrier));
    if (barrier.generation == split.ticket)
      return warp.wait("a barrier where " + std::to_string(barrier.arrived) +
                       " of " + std::to_string(enough(warp, barrier)) +
                       " threads have arrived");
    warp.learn(barrier.completed);
    if (instr.imm & Votes)
      setVote(warp, instr, mask, barrier);
  }
  split.ticket = 0;
  return Step::Next;
}

Step clusterArrive(Warp &warp, const Instr &instr, uint32_t mask) {
  if (instr.imm & Aligned && !warp.isTogether(~0u, mask))
    return warp.wait("the other lanes of its warp (.aligned)");
  Cluster &cluster = warp.block.cluster;
  NamedBarrier &barrier = cluster.barrier;
  if (warp.clusterTicket == barrier.generation && instr.imm & Aligned)
    warp.fail(FaultKind::Hazard, __builtin_ctz(mask),
              "arrives at the cluster's barrier again without a wait");
  warp.clusterTicket = barrier.generation;
  barrier.arrived += __builtin_popcount(mask);
  if (!(instr.imm & Relaxed) || warp.hasFenced)
    warp.publish(barrier.arriving);
  warp.hasFenced = false;
  barrier.completeAt(cluster.liveThreads());
  return Step::Next;
}

Step clusterWait(Warp &warp, const Instr &instr, uint32_t mask) {
  if (instr.imm & Aligned && !warp.isTogether(~0u, mask))
    return warp.wait("the other lanes of its warp (.aligned)");
  Cluster &cluster = warp.block.cluster;
  NamedBarrier &barrier = cluster.barrier;
  if (!warp.clusterTicket)
    warp.fail(FaultKind::Hazard, __builtin_ctz(mask),
              "waits at the cluster's barrier without having arrived");
  barrier.completeAt(cluster.liveThreads());
  if (barrier.generation == warp.clusterTicket)
    return warp.wait("the cluster's barrier, where " +
                     std::to_string(barrier.arrived) + " of " +
                     std::to_string(cluster.liveThreads()) +
                     " threads have arrived");
  warp.learn(barrier.completed);
  return Step::Next;
}

Step fence(Warp &warp, const Instr &, uint32_t) {
  warp.hasFenced = true;
  return Step::Next;
}

Step fenceProxy(Warp &warp, const Instr &, uint32_t mask) {
  warp.fenceProxy(mask);
  return Step::Next;
}

bool decodeCluster(Decoder &d, const Statement &s) {
  Instr &instr = d.emit(s, s.has("wait") ? clusterWait : clusterArrive);
  instr.isCollective = true;
  instr.imm =
      (s.has("aligned") ? Aligned : 0) | (s.has("relaxed") ? Relaxed : 0);
  return true;
}

} // namespace

bool tegula::ptx::decodeBarrier(Decoder &d, const Statement &s) {
  const std::string &op = s.parts[0];
  if (op == "membar" || op == "fence") {
    d.emit(s,
           s.has("proxy") && !s.has("tensormap::generic") ? fenceProxy : fence);
    return true;
  }
  if (op == "barrier" && s.has("cluster"))
    return decodeCluster(d, s);
  if ((op != "bar" && op != "barrier") || s.has("warp"))
    return false;
  // bar.red has a result in front and a predicate behind.
  const bool votes = s.has("red");
  const size_t first = votes, last = s.operands.size() - votes;
  const int32_t result = votes ? d.target(s, d.at(s, 0)) : -1;
  const int32_t number = d.source(s, first);
  const bool isCounted = last > first + 1;
  const int32_t count = isCounted ? d.source(s, first + 1) : 0;
  const int32_t predicate = votes ? d.source(s, last) : 0;
  Instr &instr = d.emit(s, blockBarrier);
  instr.isCollective = true;
  instr.dst = result;
  instr.src = {number, count, predicate, 0};
  instr.offset = votes && d.at(s, last).negated;
  // bar.* is the older spelling of barrier.*.aligned.
  instr.imm = (op == "bar" || s.has("aligned") ? Aligned : 0) |
              (s.has("arrive") ? 0 : Waits) | (isCounted ? Counted : 0) |
              (votes ? Votes : 0) | (votes && s.has("and") ? All : 0) |
              (votes && s.has("or") ? Any : 0);
  return true;
}
