//===- ArenaPlan.h - Offsets by live ranges ---------------------*- C++ -*-===//

#ifndef TEGULA_TILE_TRANSFORMS_ARENAPLAN_H
#define TEGULA_TILE_TRANSFORMS_ARENAPLAN_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <cstdint>

namespace tegula::tile {

/// A buffer that needs `bytes` from time `begin` to time `end` (inclusive).
struct LiveBuffer {
  int64_t bytes;
  int64_t begin;
  int64_t end;
};

/// Every offset in an arena is a multiple of this many bytes.
inline constexpr int64_t kArenaAlignment = 64;

/// Gives each buffer an offset such that buffers that live at the same time do
/// not overlap: the largest first, each into the tightest gap. Returns the size
/// of the arena. Deterministic.
int64_t planArena(llvm::ArrayRef<LiveBuffer> buffers,
                  llvm::SmallVectorImpl<int64_t> &offsets);

/// Gives each buffer the lowest slot that no buffer alive at the same time has
/// (sizes are not looked at). Returns the number of slots.
int64_t planSlots(llvm::ArrayRef<LiveBuffer> buffers,
                  llvm::SmallVectorImpl<int64_t> &slots);

} // namespace tegula::tile

#endif // TEGULA_TILE_TRANSFORMS_ARENAPLAN_H
