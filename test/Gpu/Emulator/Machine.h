//===- Machine.h - Warps, blocks and clusters in execution -----*- C++ -*-===//
//
// A launch runs its clusters one after the other. Within a cluster the warps
// take turns; a warp executes an instruction for all its lanes at once, in
// splits where they diverge. The split furthest behind runs first, so that
// splits meet again at the earliest instruction that both reach.
//
//===----------------------------------------------------------------------===//
#ifndef TEGULA_TEST_GPU_EMULATOR_MACHINE_H
#define TEGULA_TEST_GPU_EMULATOR_MACHINE_H

#include "Fault.h"
#include "Program.h"
#include "SharedMemory.h"

#include <deque>
#include <functional>
#include <map>
#include <random>

namespace tegula::ptx {

class Block;
class Cluster;

// Windows of the generic address space; host addresses lie below all of them.
constexpr uint64_t kSharedWindow = 1ull << 56;
constexpr uint64_t kLocalWindow = 2ull << 56;
constexpr uint64_t kWindowMask = 0xffull << 56;
/// A 32-bit shared address: the offset in the block's memory, and in the upper
/// byte one more than the rank of its block in the cluster (0: this block).
constexpr int kRankShift = 24;
constexpr uint32_t kOffsetMask = (1u << kRankShift) - 1;

/// When asynchronous copies take effect. Correct kernels cannot tell.
enum class Delivery { Late, Early, Random };

struct LaunchConfig {
  unsigned grid[3] = {1, 1, 1};
  unsigned block[3] = {1, 1, 1};
  unsigned cluster[3] = {1, 1, 1};
  uint64_t dynamicShared = 0;
  Delivery delivery = Delivery::Late;
  unsigned seed = 0;
  /// Instructions of a warp that a cluster may execute before it counts as
  /// hanging.
  uint64_t instructionLimit = 1ull << 34;
};

struct LaunchStatistics {
  uint64_t threadInstructions = 0;
};

/// A call in progress.
struct Frame {
  int returnTo; ///< Program counter in the caller.
  int base;
  uint64_t localBase;
  const Instr *call;
  bool operator==(const Frame &o) const {
    return returnTo == o.returnTo && base == o.base && localBase == o.localBase;
  }
};

/// Lanes of a warp that execute together.
struct Split {
  uint32_t mask = 0;
  int pc = 0;
  int base = 0; ///< First row of the frame.
  uint64_t localBase = 0;
  bool isWaiting = false; ///< Has been tried since anything changed.
  /// State of an instruction that waits in several steps, such as the
  /// generation of the barrier that it arrived at; 0 outside of one.
  uint64_t ticket = 0;
  std::string waitsFor;
  std::vector<Frame> frames;
};

/// Matrix products in flight; see Wgmma.h.
struct WgmmaState;

/// Copies by cp.async, or stores by cp.async.bulk, of one lane: what is still
/// to be done, in groups.
struct LaneCopies {
  using Group = std::vector<std::function<void()>>;
  Group open;
  std::deque<Group> groups;

  void commit();
  /// Finishes all groups but the last `left`.
  void wait(size_t left);
  bool isIdle() const { return open.empty() && groups.empty(); }
};

class Warp {
public:
  Warp(Block &block, int index);
  ~Warp();
  void reset();

  /// Runs until everything waits or the turn is over. True if anything was
  /// executed.
  bool run();
  bool isDone() const { return splits.empty(); }
  /// Where each of its splits waits and for what; "" once it has ended.
  std::string describeWaiting() const;

  uint64_t *row(int32_t r);
  Split &current() { return splits[active]; }
  uint32_t liveMask() const;

  /// Ends the lanes of `mask`.
  void exit(uint32_t mask);
  /// Leaves the current split only `mask`; the others go on at `pc`.
  void splitOff(uint32_t others, int pc);

  /// Step::Wait with a reason for the report of a deadlock.
  Step wait(const std::string &reason);
  /// True once the lanes of `need` that live all are in the current split.
  bool isTogether(uint32_t need, uint32_t mask) const {
    return !(need & liveMask() & ~mask);
  }

  [[noreturn]] void fail(FaultKind kind, int lane,
                         const std::string &what) const;
  void raise(int lane, const std::string &race) const {
    if (!race.empty())
      fail(FaultKind::Hazard, lane, race);
  }

  // Clocks, see SharedMemory.h.
  void publish(Clock &object); ///< Release.
  void learn(const Clock &object) { join(clock, object); }
  /// fence.proxy.async by the lanes of the mask.
  void fenceProxy(uint32_t mask);
  Accessor accessor(int lane, bool isAsync = false) const;

  int threadOf(int lane) const { return index * kLanes + lane; }

  Block &block;
  int index;     ///< In its block.
  int actor = 0; ///< In its cluster.
  Clock clock, knownAtFence;
  std::vector<uint64_t> rows;
  std::vector<uint8_t> local; ///< localBytes of each lane, one after the other.
  LaneCopies copies[kLanes];  ///< cp.async.
  LaneCopies bulkStores[kLanes]; ///< cp.async.bulk towards global memory.
  std::unique_ptr<WgmmaState> wgmma;
  /// A fence came since the last arrival at a barrier; a relaxed arrival
  /// publishes no more than what lies before one.
  bool hasFenced = false;
  uint64_t clusterTicket = 0; ///< Generation of its arrival there.
  /// The allocations that were accessed last, the last one first.
  Allocation *recent[2] = {nullptr, nullptr};
  uint64_t *frame = nullptr; ///< Rows of the current split.
  const uint64_t *constants = nullptr;

private:
  int pick();
  void merge();
  void execute(int &budget);
  bool guard(const Instr &instr, uint32_t &mask);

  std::vector<Split> splits;
  int active = 0;
  int rested = -1; ///< Had the last turn until its end.
  bool progressed = false;
  const Instr *at = nullptr;
};

inline uint64_t *Warp::row(int32_t r) {
  return r >= 0 ? frame + r * kLanes
                : const_cast<uint64_t *>(constants) + ~r * kLanes;
}

/// A barrier of bar.sync / barrier.sync, or the cluster's.
struct NamedBarrier {
  uint32_t arrived = 0;
  uint32_t expected = 0; ///< 0: every thread that lives.
  uint64_t generation = 1;
  Clock arriving, completed;
  /// bar.red: for how many threads its predicate holds, of how many; of the
  /// generation that arrives and of the one that is complete.
  uint32_t votes = 0, lastVotes = 0, lastVoters = 0;

  /// Starts the next generation if `enough` have arrived.
  void completeAt(uint32_t enough);
};

/// The state behind an mbarrier object.
struct Mbarrier {
  int64_t count = 0, pending = 0, transactions = 0;
  uint64_t phase = 0;
  Clock arriving, completed;
  Access init; ///< Who initialised it.

  /// Starts the next phase if everything has arrived.
  void completeIfDone();
};

class Block {
public:
  Block(Cluster &cluster, int rank) : cluster(cluster), rank(rank) {}
  void reset(const unsigned index[3]);
  uint32_t liveThreads() const;

  Cluster &cluster;
  int rank; ///< In the cluster.
  unsigned ctaid[3] = {0, 0, 0};
  SharedMemory shared;
  std::vector<std::unique_ptr<Warp>> warps;
  std::array<NamedBarrier, 16> barriers;
  std::map<uint32_t, Mbarrier> mbarriers;
};

class Cluster {
public:
  Cluster(GlobalMemory &memory, const Program &program,
          const LaunchConfig &config);
  void run(const unsigned first[3]);

  int actors() const;
  /// The actor that does a block's asynchronous copies.
  int copyEngine(const Block &block) const;
  uint32_t liveThreads() const;

  /// Lets `effect` happen now or later, as the delivery says.
  void defer(std::function<void()> effect);

  GlobalMemory &memory;
  const Program &program;
  const LaunchConfig &config;
  std::vector<std::unique_ptr<Block>> blocks;
  NamedBarrier barrier; ///< barrier.cluster
  std::map<uint64_t, Clock>
      atomics; ///< By address: what strong writes published.
  Clock fencedByWriters;
  uint32_t engineClock = 0;
  uint64_t instructions = 0, threadInstructions = 0;

private:
  bool deliver(bool isStuck);
  void reportDeadlock();
  void checkEnd();

  std::deque<std::function<void()>> pending;
  std::mt19937 random;
};

/// Runs a kernel to its end; its parameters have been written to
/// program.parameterAddress. Throws Fault.
LaunchStatistics launch(GlobalMemory &memory, const Program &program,
                        const LaunchConfig &config);

} // namespace tegula::ptx

#endif
