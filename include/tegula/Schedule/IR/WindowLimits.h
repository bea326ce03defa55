//===- WindowLimits.h - What schedules of windows may ask for ---*- C++ -*-===//

#ifndef TEGULA_SCHEDULE_IR_WINDOWLIMITS_H
#define TEGULA_SCHEDULE_IR_WINDOWLIMITS_H

#include <cstdint>

namespace tegula::sched {

/// Taps that are unrolled at most; of windows that are not unrolled, those of
/// one row.
inline constexpr int64_t kMaxUnrolledTaps = 64;

/// What the padded rows of one block may take.
inline constexpr int64_t kMaxWindowBytes = 256 * 1024;

} // namespace tegula::sched

#endif // TEGULA_SCHEDULE_IR_WINDOWLIMITS_H
