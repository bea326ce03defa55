//===- Wgmma.h - Matrix products in flight ---------------------*- C++ -*-===//
//
// Each warp of a warpgroup computes its own 16 rows. A product is computed when
// it is waited for, from what shared memory holds then; until then its
// accumulators hold a NaN pattern, and a write to its registers shows.
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

  std::vector<Product> open;
  std::deque<std::vector<Product>> groups;
  std::map<uint64_t *, Sum> sums;

  bool isIdle() const { return open.empty() && groups.empty(); }
};

} // namespace tegula::ptx

#endif
