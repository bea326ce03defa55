//===- PeakRate.h - What the arithmetic units can do ------------*- C++ -*-===//

#ifndef TEGULA_TUNING_PEAKRATE_H
#define TEGULA_TUNING_PEAKRATE_H

namespace tegula::tuning {

/// Operations a second of one thread that multiplies and adds f32 vectors of
/// `vectorBits` (128, 256, 512) in registers, with one instruction where
/// `fusedMultiplyAdd`: the best of several short runs, by the CPU time of the
/// thread. This machine must have such vectors; 0 for other widths.
///
/// What a kernel reaches of it is its share of the peak; transforms, which do
/// with fewer operations than are counted, may pass 1.
double multiplyAddPeak(unsigned vectorBits, bool fusedMultiplyAdd);

} // namespace tegula::tuning

#endif // TEGULA_TUNING_PEAKRATE_H
