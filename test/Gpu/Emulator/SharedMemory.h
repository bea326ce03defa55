//===- SharedMemory.h - Shared memory of a block, with races ---*- C++ -*-===//
//
// The bytes of a block's shared memory and, for each word of four bytes, who
// wrote it last and who read it since. Whether two accesses are ordered is
// decided by vector clocks: an actor is a warp of the cluster, or the copy
// engine of one of its blocks. An actor's clock advances when it publishes
// what it did (arrives at a barrier); who waits for the barrier takes the
// published clocks over. Two lanes of a warp are ordered by the warp's own
// clock.
//
//===----------------------------------------------------------------------===//
#ifndef TEGULA_TEST_GPU_EMULATOR_SHAREDMEMORY_H
#define TEGULA_TEST_GPU_EMULATOR_SHAREDMEMORY_H

#include <cstdint>
#include <string>
#include <vector>

namespace tegula::ptx {

/// How far everybody's work is known to be done, by actor.
using Clock = std::vector<uint32_t>;

/// Takes over what `other` knows.
void join(Clock &clock, const Clock &other);

/// One access as it is remembered. A clock of kPending is never in the past:
/// the access is under way until its issuer waits for it.
struct Access {
  static constexpr uint32_t kPending = ~0u;
  uint32_t clock = 0; ///< 0: no access.
  uint16_t actor = 0;
  uint8_t lane = 0;
  uint8_t bytes = 0; ///< Which of the word's four.
  bool isAsync = false;
  bool isStrong = false; ///< Atomic or volatile: does not race with its like.
  int32_t line = 0;      ///< Of the PTX text.
};

/// Who accesses, and what it knows.
struct Accessor {
  Access as;
  const Clock *known = nullptr; ///< What lies in its past, by actor.
  /// Ordinary writes are visible to the async proxy (isAsync) if a
  /// fence.proxy.async lies on the way: executed by their actor after them
  /// (up to which of its clocks, by actor), or by the accessor once it knew
  /// of them (what it knew then).
  const Clock *fencedByWriters = nullptr;
  const Clock *knownAtFence = nullptr;
};

class SharedMemory {
public:
  /// Empties it; `bytes` is the size of the block's shared memory.
  void reset(uint64_t bytes);

  uint64_t size() const { return data.size(); }
  uint8_t *at(uint64_t offset) { return &data[offset]; }

  /// Records an access; the message of the race or missing fence that it
  /// makes, or "".
  std::string read(uint64_t offset, uint64_t bytes, const Accessor &who);
  std::string write(uint64_t offset, uint64_t bytes, const Accessor &who);

  /// Marks the eight bytes of a barrier object, which ordinary accesses must
  /// leave alone.
  void setBarrier(uint64_t offset, bool is);

  /// Ends the pending accesses of `who` in a range: they now lie in the past
  /// of whoever learns of `who.clock`.
  void settle(uint64_t offset, uint64_t bytes, const Access &who);

private:
  static constexpr int kReaders = 4; // A warpgroup's warps.
  struct Word {
    Access writer;
    Access readers[kReaders];
    bool isBarrier = false;
  };
  std::string access(uint64_t offset, uint64_t bytes, const Accessor &who,
                     bool writes);
  static void remember(Word &word, const Access &access, const Clock &known);

  std::vector<uint8_t> data;
  std::vector<Word> words;
};

} // namespace tegula::ptx

#endif
