//===- Wgmma.h - Matrix products in flight ---------------------*- C++ -*-===//
//
// Each warp of a warpgroup has its own 16 rows. A product is computed when the
// first of the four warps waits for it, from what shared memory holds then; a
// warp's accumulators hold a NaN pattern until its own wait, and a write to its
// registers shows.
//
//===----------------------------------------------------------------------===//
#ifndef TEGULA_TEST_GPU_EMULATOR_WGMMA_H
#define TEGULA_TEST_GPU_EMULATOR_WGMMA_H

#include "Machine.h"
#include "Matrix.h"

namespace tegula::ptx {

struct WgmmaState {
  struct Range {
    uint32_t offset, bytes;
  };
  /// A product that has been issued.
  struct Product {
    const Instr *instr;
    bool addsToSum;
    uint64_t left, right; ///< Descriptors.
    std::vector<uint64_t *> result;
    /// A's registers and what they held, if it is given by registers.
    std::vector<uint64_t *> leftRows;
    std::vector<std::array<uint32_t, kLanes>> leftValues;
    std::vector<Range> reads;
    Access access;
  };
  /// The true contents of a register that is being accumulated into.
  struct Sum {
    std::array<uint32_t, kLanes> values;
    int products = 0;
  };

  struct Group {
    std::vector<Product> products;
    bool isComputed = false;
  };

  std::vector<Product> open;
  std::deque<Group> groups;
  uint64_t committed = 0; ///< Groups, since the start.
  std::map<uint64_t *, Sum> sums;

  bool isIdle() const { return open.empty() && groups.empty(); }
};

} // namespace tegula::ptx

#endif
