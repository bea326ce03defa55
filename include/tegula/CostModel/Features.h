//===- Features.h - Numbers that a learned model sees -----------*- C++ -*-===//

#ifndef TEGULA_COSTMODEL_FEATURES_H
#define TEGULA_COSTMODEL_FEATURES_H

#include "tegula/CostModel/Analytic.h"

#include <array>
#include <cstddef>

namespace tegula::cost {

/// One kernel under one schedule, before any code is made of it. What the
/// numbers mean is in Features.def; only those of kernels with known extents
/// mean anything.
struct Features {
#define TEGULA_COST_FEATURE(name, formula) float name = 0;
#include "tegula/CostModel/Features.def"
};

/// How many there are.
inline constexpr size_t kNumFeatures = sizeof(Features) / sizeof(float);

/// The numbers in the order of Features.def.
using FeatureRow = std::array<float, kNumFeatures>;
inline FeatureRow values(const Features &features) {
  return {
#define TEGULA_COST_FEATURE(name, formula) features.name,
#include "tegula/CostModel/Features.def"
  };
}

/// `time` is the analytic model's for the same kernel.
Features featuresOf(const ContractionProblem &problem,
                    const ContractionSchedule &schedule,
                    const CpuTarget &target, const AnalyticTime &time);
Features featuresOf(const ConvolutionProblem &problem,
                    const ConvolutionSchedule &schedule,
                    const CpuTarget &target, const AnalyticTime &time);

/// Which families have features, and trees that were trained on them.
template <typename Schedule>
inline constexpr bool kHasFeatures =
    std::is_same_v<Schedule, ContractionSchedule> ||
    std::is_same_v<Schedule, ConvolutionSchedule>;

/// The names, one a line, in the order of Features.def.
const char *featureNames();

/// The version of the extractor and a hash of the names and formulas. A model
/// file that was trained with another one is refused.
uint64_t featureSchema();

} // namespace tegula::cost

#endif // TEGULA_COSTMODEL_FEATURES_H
