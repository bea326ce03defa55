//===- Machine.cpp - Launches, clusters and blocks ------------------------===//

#include "Machine.h"

#include <algorithm>
#include <cstring>

using namespace tegula::ptx;

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

void Block::reset(const unsigned index[3]) {
  const LaunchConfig &config = cluster.config;
  memcpy(ctaid, index, sizeof(ctaid));
  shared.reset(cluster.program.staticShared + config.dynamicShared);
  const unsigned threads = config.block[0] * config.block[1] * config.block[2];
  const size_t count = (threads + kLanes - 1) / kLanes;
  while (warps.size() < count)
    warps.push_back(
        std::make_unique<Warp>(*this, static_cast<int>(warps.size())));
  for (auto &warp : warps)
    warp->reset();
  barriers.fill(NamedBarrier());
  mbarriers.clear();
}

uint32_t Block::liveThreads() const {
  uint32_t count = 0;
  for (const auto &warp : warps)
    count += __builtin_popcount(warp->liveMask());
  return count;
}

//===----------------------------------------------------------------------===//
// Clusters
//===----------------------------------------------------------------------===//

Cluster::Cluster(GlobalMemory &memory, const Program &program,
                 const LaunchConfig &config)
    : memory(memory), program(program), config(config), random(config.seed) {
  const unsigned count =
      config.cluster[0] * config.cluster[1] * config.cluster[2];
  for (unsigned rank = 0; rank < count; ++rank)
    blocks.push_back(std::make_unique<Block>(*this, static_cast<int>(rank)));
}

int Cluster::actors() const {
  const unsigned threads = config.block[0] * config.block[1] * config.block[2];
  const int warps = static_cast<int>((threads + kLanes - 1) / kLanes);
  return static_cast<int>(blocks.size()) * (warps + 1);
}

int Cluster::copyEngine(const Block &block) const {
  return actors() - static_cast<int>(blocks.size()) + block.rank;
}

uint32_t Cluster::liveThreads() const {
  uint32_t count = 0;
  for (const auto &block : blocks)
    count += block->liveThreads();
  return count;
}

void Cluster::defer(std::function<void()> effect) {
  if (config.delivery == Delivery::Early)
    effect();
  else
    pending.push_back(std::move(effect));
}

/// Lets copies take effect. True if any did.
bool Cluster::deliver(bool isStuck) {
  if (pending.empty())
    return false;
  if (config.delivery == Delivery::Late) {
    if (!isStuck)
      return false;
    auto effect = std::move(pending.front());
    pending.pop_front();
    effect();
    return true;
  }
  if (!isStuck && random() % 3)
    return false;
  const size_t chosen = random() % pending.size();
  auto effect = std::move(pending[chosen]);
  pending.erase(pending.begin() + chosen);
  effect();
  return true;
}

void Cluster::reportDeadlock() {
  std::string text = "kernel " + program.name + ": deadlock";
  int shown = 0;
  for (auto &block : blocks)
    for (auto &warp : block->warps) {
      std::string where = warp->describeWaiting();
      if (where.empty() || ++shown > 12)
        continue;
      text += "\n  block (" + std::to_string(block->ctaid[0]) + "," +
              std::to_string(block->ctaid[1]) + "," +
              std::to_string(block->ctaid[2]) + ") warp " +
              std::to_string(warp->index) + where;
    }
  if (shown > 12)
    text += "\n  and " + std::to_string(shown - 12) + " more warps";
  throw Fault(FaultKind::Deadlock, text);
}

/// What must not be left behind when every thread has ended.
void Cluster::checkEnd() {
  while (deliver(true)) {
  }
  for (auto &block : blocks)
    for (auto &[offset, barrier] : block->mbarriers)
      if (barrier.transactions)
        throw Fault(FaultKind::Hazard,
                    "kernel " + program.name + ": ended with " +
                        std::to_string(barrier.transactions) +
                        " bytes outstanding at the mbarrier at byte " +
                        std::to_string(offset) + " of shared memory");
}

void Cluster::run(const unsigned first[3]) {
  unsigned rank = 0;
  for (unsigned z = 0; z < config.cluster[2]; ++z)
    for (unsigned y = 0; y < config.cluster[1]; ++y)
      for (unsigned x = 0; x < config.cluster[0]; ++x) {
        const unsigned index[3] = {first[0] + x, first[1] + y, first[2] + z};
        blocks[rank++]->reset(index);
      }
  barrier = NamedBarrier();
  fencedByWriters.assign(actors(), 0);
  atomics.clear();
  engineClock = 0;
  instructions = 0;
  for (;;) {
    bool progress = false, done = true;
    for (auto &block : blocks)
      for (auto &warp : block->warps) {
        if (warp->isDone())
          continue;
        progress |= warp->run();
        done &= warp->isDone();
      }
    if (done)
      break;
    progress |= deliver(!progress);
    if (!progress)
      reportDeadlock();
    if (instructions > config.instructionLimit)
      throw Fault(FaultKind::Deadlock,
                  "kernel " + program.name + ": still running after " +
                      std::to_string(instructions) + " instructions of warps");
  }
  checkEnd();
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

LaunchStatistics tegula::ptx::launch(GlobalMemory &memory,
                                     const Program &program,
                                     const LaunchConfig &config) {
  for (int d = 0; d < 3; ++d)
    if (config.grid[d] % config.cluster[d])
      throw Fault(FaultKind::Launch,
                  "kernel " + program.name +
                      ": the grid is not a multiple of the cluster");
  Cluster cluster(memory, program, config);
  for (unsigned z = 0; z < config.grid[2]; z += config.cluster[2])
    for (unsigned y = 0; y < config.grid[1]; y += config.cluster[1])
      for (unsigned x = 0; x < config.grid[0]; x += config.cluster[0]) {
        const unsigned first[3] = {x, y, z};
        cluster.run(first);
      }
  return {cluster.threadInstructions};
}
