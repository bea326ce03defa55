//===- Features.h - Numbers that a learned model sees -----------*- C++ -*-===//
//
// What each number means, with an example, is in Features.def. A new feature is
// a line there, what computes it in cost-model/learned/features, and its value
// for a kernel in test/Unit/FeaturesTest.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_COSTMODEL_FEATURES_H
#define TEGULA_COSTMODEL_FEATURES_H

#include "tegula/CostModel/Analytic.h"

#include <array>
#include <cstddef>

namespace tegula::cost {

/// One kernel under one schedule, before any code is made of it.
struct Features {
#define TEGULA_COST_FEATURE(name, scope, formula) float name = 0;
#include "tegula/CostModel/Features.def"
};

/// How many there are.
inline constexpr size_t kNumFeatures = sizeof(Features) / sizeof(float);

/// The numbers in the order of Features.def.
using FeatureRow = std::array<float, kNumFeatures>;
inline FeatureRow values(const Features &features) {
  return {
#define TEGULA_COST_FEATURE(name, scope, formula) features.name,
#include "tegula/CostModel/Features.def"
  };
}

/// What a feature tells apart: see Features.def.
enum class FeatureScope { Kind, Size, Point };

struct FeatureInfo {
  const char *name;
  FeatureScope scope;
  const char *formula;
};

/// kNumFeatures of them, in the order of Features.def.
const FeatureInfo *featureInfos();

/// Of any kernel of any family: numbers, never infinite, whatever stands in the
/// fields. `time` is analyticTime() of the same; `schedule` must be for the
/// problem (isFor).
Features featuresOf(const Problem &problem, const Schedule &schedule,
                    const CpuTarget &target, const AnalyticTime &time);

/// The version of the extractor and a hash of the names and formulas. A model
/// file that was trained with another one is refused.
uint64_t featureSchema();

} // namespace tegula::cost

#endif // TEGULA_COSTMODEL_FEATURES_H
