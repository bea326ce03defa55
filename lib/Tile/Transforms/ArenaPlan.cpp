//===- ArenaPlan.cpp - Offsets by live ranges -----------------------------===//

#include "ArenaPlan.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <limits>
#include <tuple>

using namespace tegula::tile;

static bool overlapInTime(const LiveBuffer &a, const LiveBuffer &b) {
  return a.begin <= b.end && b.begin <= a.end;
}

int64_t tegula::tile::planArena(llvm::ArrayRef<LiveBuffer> buffers,
                                llvm::SmallVectorImpl<int64_t> &offsets) {
  offsets.assign(buffers.size(), 0);
  llvm::SmallVector<size_t> order =
      llvm::to_vector(llvm::seq<size_t>(0, buffers.size()));
  llvm::sort(order, [&](size_t a, size_t b) {
    return std::tie(buffers[b].bytes, a) < std::tie(buffers[a].bytes, b);
  });
  llvm::SmallVector<size_t> placed; // Sorted by offset.
  int64_t size = 0;
  for (size_t index : order) {
    int64_t bytes = llvm::alignTo(buffers[index].bytes, kArenaAlignment);
    int64_t best = -1, bestGap = std::numeric_limits<int64_t>::max();
    int64_t low = 0; // End of everything that is below the current gap.
    for (size_t other : placed) {
      if (!overlapInTime(buffers[index], buffers[other]))
        continue;
      int64_t gap = offsets[other] - low;
      if (gap >= bytes && gap < bestGap) {
        best = low;
        bestGap = gap;
      }
      low = std::max<int64_t>(
          low, offsets[other] +
                   llvm::alignTo(buffers[other].bytes, kArenaAlignment));
    }
    offsets[index] = best >= 0 ? best : low;
    size = std::max(size, offsets[index] + bytes);
    placed.insert(llvm::upper_bound(placed, index,
                                    [&](size_t a, size_t b) {
                                      return offsets[a] < offsets[b];
                                    }),
                  index);
  }
  return size;
}

int64_t tegula::tile::planSlots(llvm::ArrayRef<LiveBuffer> buffers,
                                llvm::SmallVectorImpl<int64_t> &slots) {
  slots.assign(buffers.size(), 0);
  llvm::SmallVector<size_t> order =
      llvm::to_vector(llvm::seq<size_t>(0, buffers.size()));
  llvm::sort(order, [&](size_t a, size_t b) {
    return std::tie(buffers[a].begin, a) < std::tie(buffers[b].begin, b);
  });
  llvm::SmallVector<int64_t> busyUntil; // By slot.
  for (size_t index : order) {
    auto *free = llvm::find_if(
        busyUntil, [&](int64_t end) { return end < buffers[index].begin; });
    slots[index] = free - busyUntil.begin();
    if (free == busyUntil.end())
      busyUntil.push_back(buffers[index].end);
    else
      *free = buffers[index].end;
  }
  return busyUntil.size();
}
