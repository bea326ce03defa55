//===- Warp.cpp - Execution of a warp in splits ---------------------------===//

#include "Machine.h"
#include "Wgmma.h"

#include <algorithm>
#include <climits>

using namespace tegula::ptx;

/// Instructions of a turn, after which the other warps have theirs.
static constexpr int kTurn = 4096;

Warp::Warp(Block &block, int index) : block(block), index(index) {}
Warp::~Warp() = default;

void Warp::reset() {
  const Program &program = block.cluster.program;
  const LaunchConfig &config = block.cluster.config;
  const unsigned threads = config.block[0] * config.block[1] * config.block[2];
  const unsigned lanes = std::min<unsigned>(kLanes, threads - index * kLanes);
  actor = block.rank * static_cast<int>(block.warps.size()) + index;
  clock.assign(block.cluster.actors(), 0);
  clock[actor] = 1;
  knownAtFence.assign(clock.size(), 0);
  // A pattern that shows when a register is read before it is written.
  rows.assign(size_t(program.rows) * kLanes, 0x7ff7dead7ff7deadull);
  local.assign(program.localBytes * kLanes, 0xff);
  for (int lane = 0; lane < kLanes; ++lane)
    copies[lane] = bulkStores[lane] = LaneCopies();
  wgmma = std::make_unique<WgmmaState>();
  constants = program.constants.data();
  recent[0] = recent[1] = nullptr;
  hasFenced = false;
  clusterTicket = 0;
  splits.clear();
  splits.reserve(kLanes);
  splits.emplace_back();
  splits[0].mask = lanes == kLanes ? ~0u : (1u << lanes) - 1;
  active = 0;
  rested = -1;
}

/// The lanes of a mask, such as "0-15,31".
static std::string describeLanes(uint32_t mask) {
  std::string text;
  for (int lane = 0; lane < kLanes; ++lane) {
    if (!(mask >> lane & 1))
      continue;
    int last = lane;
    while (last + 1 < kLanes && mask >> (last + 1) & 1)
      ++last;
    text += (text.empty() ? "" : ",") + std::to_string(lane);
    if (last > lane)
      text += "-" + std::to_string(last);
    lane = last;
  }
  return text;
}

uint32_t Warp::liveMask() const {
  uint32_t mask = 0;
  for (const Split &split : splits)
    mask |= split.mask;
  return mask;
}

Step Warp::wait(const std::string &reason) {
  current().waitsFor = reason;
  return Step::Wait;
}

void Warp::splitOff(uint32_t others, int pc) {
  Split other = current();
  other.mask = others;
  other.pc = pc;
  other.ticket = 0;
  current().mask &= ~others;
  splits.push_back(std::move(other));
}

void Warp::exit(uint32_t mask) {
  current().mask &= ~mask;
  for (int lane = 0; lane < kLanes; ++lane)
    if (mask >> lane & 1 && !bulkStores[lane].isIdle())
      fail(FaultKind::Hazard, lane,
           "the thread ends while an asynchronous store still reads shared "
           "memory");
  if (!wgmma->isIdle())
    fail(FaultKind::Hazard, __builtin_ctz(mask),
         "the thread ends with wgmma in flight");
  if (current().mask) {
    ++current().pc;
    return;
  }
  splits.erase(splits.begin() + active);
  active = 0;
}

void Warp::publish(Clock &object) {
  join(object, clock);
  ++clock[actor];
}

void Warp::fenceProxy(uint32_t mask) {
  knownAtFence = clock;
  // A lane alone makes visible what it knew of, not what the other lanes of
  // its warp did just now.
  if (mask == liveMask())
    block.cluster.fencedByWriters[actor] = clock[actor];
  else
    --knownAtFence[actor];
  ++clock[actor];
}

Accessor Warp::accessor(int lane, bool isAsync) const {
  Accessor who;
  who.known = &clock;
  who.fencedByWriters = &block.cluster.fencedByWriters;
  who.knownAtFence = &knownAtFence;
  who.as.clock = clock[actor];
  who.as.actor = actor;
  who.as.lane = lane;
  who.as.isAsync = isAsync;
  who.as.line = at ? at->line() : 0;
  return who;
}

void Warp::fail(FaultKind kind, int lane, const std::string &what) const {
  const LaunchConfig &config = block.cluster.config;
  const unsigned thread = threadOf(lane);
  const unsigned x = thread % config.block[0],
                 y = thread / config.block[0] % config.block[1],
                 z = thread / config.block[0] / config.block[1];
  auto triple = [](unsigned a, unsigned b, unsigned c) {
    return "(" + std::to_string(a) + "," + std::to_string(b) + "," +
           std::to_string(c) + ")";
  };
  std::string text = "kernel " + block.cluster.program.name;
  if (at && at->statement)
    text += ", PTX line " + std::to_string(at->line()) + " (" +
            at->statement->opcode + ")";
  throw Fault(kind, text + ", block " +
                        triple(block.ctaid[0], block.ctaid[1], block.ctaid[2]) +
                        ", thread " + triple(x, y, z) + ": " + what);
}

std::string Warp::describeWaiting() const {
  std::string text;
  for (const Split &split : splits) {
    const Instr &instr = block.cluster.program.code[split.pc];
    text += (text.empty() ? ", lanes " : "; lanes ") +
            describeLanes(split.mask) + ": PTX line " +
            std::to_string(instr.line());
    if (instr.statement)
      text += " (" + instr.statement->opcode + ")";
    text += " waits for " + split.waitsFor;
  }
  return text;
}

/// Makes one split of those that are at the same place.
void Warp::merge() {
  for (size_t i = 0; i < splits.size(); ++i)
    for (size_t j = splits.size(); j-- > i + 1;) {
      Split &a = splits[i], &b = splits[j];
      if (a.pc != b.pc || a.base != b.base || a.ticket || b.ticket ||
          !(a.frames == b.frames))
        continue;
      a.mask |= b.mask;
      a.isWaiting = false;
      splits.erase(splits.begin() + j);
    }
}

/// The split that is furthest behind, of those that do not wait; callees come
/// before their callers. -1 if there is none.
int Warp::pick() {
  if (splits.size() > 1)
    merge();
  int best = -1;
  for (size_t i = 0; i < splits.size(); ++i) {
    const Split &a = splits[i];
    if (a.isWaiting)
      continue;
    if (best < 0 || a.frames.size() > splits[best].frames.size() ||
        (a.frames.size() == splits[best].frames.size() &&
         a.pc < splits[best].pc))
      best = static_cast<int>(i);
  }
  return best;
}

bool Warp::run() {
  progressed = false;
  for (Split &split : splits)
    split.isWaiting = false;
  // Who used up the last turn comes last, lest it spin for ever.
  if (rested >= 0 && splits.size() > 1 && rested < (int)splits.size())
    splits[rested].isWaiting = true;
  rested = -1;
  int budget = kTurn;
  while (budget > 0 && !splits.empty()) {
    const int next = pick();
    if (next < 0)
      break;
    active = next;
    frame = rows.data() + size_t(current().base) * kLanes;
    execute(budget);
  }
  if (budget <= 0 && !splits.empty())
    rested = active;
  return progressed;
}

/// The lanes that an instruction's predicate lets through.
bool Warp::guard(const Instr &instr, uint32_t &mask) {
  uint32_t bits = static_cast<uint32_t>(row(instr.guard)[0]);
  mask &= instr.guardNegated ? ~bits : bits;
  if (!mask) {
    ++current().pc;
    return false;
  }
  if (instr.isCollective && mask != current().mask)
    splitOff(current().mask & ~mask, current().pc + 1);
  return true;
}

/// Runs the current split until it waits, meets another or has to be chosen
/// anew.
void Warp::execute(int &budget) {
  Cluster &cluster = block.cluster;
  const Instr *code = cluster.program.code.data();
  int limit = INT_MAX;
  for (const Split &split : splits)
    if (&split != &current() && split.pc > current().pc)
      limit = std::min(limit, split.pc);
  while (budget-- > 0) {
    Split &split = current();
    if (split.pc >= limit)
      return;
    at = &code[split.pc];
    uint32_t mask = split.mask;
    if (at->guard >= 0) {
      const size_t before = splits.size();
      if (!guard(*at, mask))
        continue;
      if (splits.size() != before)
        limit = std::min(limit, current().pc + 1);
    }
    const Step step = at->run(*this, *at, mask);
    if (step == Step::Wait) {
      current().isWaiting = true;
      return;
    }
    progressed = true;
    ++cluster.instructions;
    cluster.threadInstructions += __builtin_popcount(mask);
    if (step == Step::Next) {
      ++splits[active].pc;
      continue;
    }
    if (step == Step::Yield) {
      ++current().pc;
      current().isWaiting = true;
      return;
    }
    return;
  }
}
