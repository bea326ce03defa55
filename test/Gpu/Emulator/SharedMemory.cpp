//===- SharedMemory.cpp - Shared memory of a block, with races ------------===//

#include "SharedMemory.h"

#include <algorithm>

using namespace tegula::ptx;

void tegula::ptx::join(Clock &clock, const Clock &other) {
  if (clock.size() < other.size())
    clock.resize(other.size());
  for (size_t i = 0; i < other.size(); ++i)
    clock[i] = std::max(clock[i], other[i]);
}

void SharedMemory::reset(uint64_t bytes) {
  // All ones is a NaN in every format: what was never written shows.
  data.assign(bytes, 0xff);
  words.assign((bytes + 3) / 4, Word());
}

/// Does `earlier` lie in the past of `who`?
static bool isOrdered(const Access &earlier, const Accessor &who) {
  if (earlier.clock == Access::kPending)
    return false;
  const uint32_t known = (*who.known)[earlier.actor];
  if (earlier.actor != who.as.actor)
    return earlier.clock <= known;
  return earlier.lane == who.as.lane || earlier.clock < known;
}

/// Has an ordinary access been made visible to the async proxy?
static bool isFenced(const Access &earlier, const Accessor &who) {
  return earlier.clock <= (*who.fencedByWriters)[earlier.actor] ||
         earlier.clock <= (*who.knownAtFence)[earlier.actor];
}

static std::string describe(const Access &earlier, bool wrote) {
  std::string text = earlier.isAsync ? "an asynchronous " : "the ";
  text += wrote ? "write" : "read";
  if (!earlier.isAsync)
    text += " by warp " + std::to_string(earlier.actor) + " lane " +
            std::to_string(earlier.lane);
  return text + " at line " + std::to_string(earlier.line);
}

/// What is wrong between an earlier access and this one, or "".
static std::string conflict(const Access &earlier, bool earlierWrites,
                            const Accessor &who, bool writes) {
  if (!earlier.clock || !(earlier.bytes & who.as.bytes) ||
      (earlier.isStrong && who.as.isStrong))
    return "";
  if (!isOrdered(earlier, who)) {
    if (earlier.clock == Access::kPending)
      return std::string(writes ? "writes to" : "reads") +
             " shared memory while " + describe(earlier, earlierWrites) +
             " is still under way (nothing waited for it)";
    return std::string(writes ? "writes to" : "reads") +
           " shared memory without a barrier after " +
           describe(earlier, earlierWrites);
  }
  if (earlierWrites && who.as.isAsync && !earlier.isAsync &&
      !isFenced(earlier, who))
    return std::string("an asynchronous ") + (writes ? "write" : "read") +
           " of shared memory misses a fence.proxy.async after " +
           describe(earlier, earlierWrites);
  return "";
}

/// Keeps an access: in place of one that it follows, or of the oldest.
void SharedMemory::remember(Word &word, const Access &access,
                            const Clock &known) {
  Access *place = &word.readers[0];
  for (Access &reader : word.readers) {
    const bool past =
        !reader.clock ||
        (reader.actor == access.actor &&
         (reader.lane == access.lane || reader.isAsync) &&
         reader.clock != Access::kPending) ||
        (reader.clock != Access::kPending &&
         reader.clock <= known[reader.actor] && reader.actor != access.actor);
    if (past) {
      place = &reader;
      break;
    }
  }
  *place = access;
}

std::string SharedMemory::access(uint64_t offset, uint64_t bytes,
                                 const Accessor &who, bool writes) {
  Accessor part = who;
  for (uint64_t at = offset & ~3ull; at < offset + bytes; at += 4) {
    const uint64_t first = std::max(at, offset), last = offset + bytes;
    part.as.bytes = 0;
    for (uint64_t b = first; b < std::min(at + 4, last); ++b)
      part.as.bytes |= 1u << (b - at);
    Word &word = words[at / 4];
    if (word.isBarrier)
      return std::string(writes ? "writes to" : "reads") +
             " shared memory that holds an mbarrier (byte " +
             std::to_string(at) + ")";
    std::string wrong = conflict(word.writer, true, part, writes);
    for (int r = 0; writes && r < kReaders && wrong.empty(); ++r)
      wrong = conflict(word.readers[r], false, part, true);
    if (!wrong.empty())
      return wrong + " (byte " + std::to_string(first) + ")";
    if (writes) {
      word.writer = part.as;
      for (Access &reader : word.readers)
        reader = Access();
    } else {
      remember(word, part.as, *who.known);
    }
  }
  return "";
}

std::string SharedMemory::read(uint64_t offset, uint64_t bytes,
                               const Accessor &who) {
  return access(offset, bytes, who, false);
}

std::string SharedMemory::write(uint64_t offset, uint64_t bytes,
                                const Accessor &who) {
  return access(offset, bytes, who, true);
}

void SharedMemory::setBarrier(uint64_t offset, bool is) {
  for (uint64_t word = offset / 4; word < offset / 4 + 2; ++word) {
    words[word] = Word();
    words[word].isBarrier = is;
  }
}

void SharedMemory::settle(uint64_t offset, uint64_t bytes, const Access &who) {
  auto end = [&](Access &access) {
    if (access.clock == Access::kPending && access.actor == who.actor &&
        access.line == who.line && access.lane == who.lane)
      access.clock = who.clock;
  };
  for (uint64_t word = offset / 4; word < (offset + bytes + 3) / 4; ++word) {
    end(words[word].writer);
    for (Access &reader : words[word].readers)
      end(reader);
  }
}
