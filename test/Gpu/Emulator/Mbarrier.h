//===- Mbarrier.h - Operations on mbarrier objects -------------*- C++ -*-===//
#ifndef TEGULA_TEST_GPU_EMULATOR_MBARRIER_H
#define TEGULA_TEST_GPU_EMULATOR_MBARRIER_H

#include "Machine.h"

namespace tegula::ptx {

/// The mbarrier at a shared address, which must have been initialised in the
/// past of the warp.
Mbarrier &mbarrierAt(Warp &warp, int lane, uint32_t address);

/// A thread's arrival, `times` times.
void arriveAt(Warp &warp, int lane, Mbarrier &barrier, int64_t times);

/// The copy engine's: `bytes` have been written.
void completeTransaction(Block &block, uint32_t offset, int64_t bytes,
                         const Program &program);

} // namespace tegula::ptx

#endif
