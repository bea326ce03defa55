//===- Features.cpp - Numbers that a learned model sees -------------------===//

#include "features/Parts.h"

using namespace tegula::cost;

/// Counts the extractors that existed: raise it when a number changes though
/// its formula's text does not.
static constexpr uint64_t kExtractorVersion = 2;

Features tegula::cost::featuresOf(const Problem &problem,
                                  const Schedule &schedule,
                                  const CpuTarget &target,
                                  const AnalyticTime &time) {
  return visitKernel(
      problem, schedule, [&](const auto &sizes, const auto &point) {
        features::Context context = {target, time, tasksOf(sizes, point)};
        return features::extract(withKnownSizes(sizes), withKnownSizes(point),
                                 context);
      });
}

const FeatureInfo *tegula::cost::featureInfos() {
  static constexpr FeatureInfo infos[] = {
#define TEGULA_COST_FEATURE(name, scope, formula)                              \
  {#name, FeatureScope::scope, formula},
#include "tegula/CostModel/Features.def"
  };
  static_assert(std::size(infos) == kNumFeatures);
  return infos;
}

/// FNV-1a.
static uint64_t hashText(uint64_t hash, const char *text) {
  for (; *text; ++text)
    hash =
        (hash ^ uint64_t(static_cast<unsigned char>(*text))) * 0x100000001b3ull;
  return hash;
}

uint64_t tegula::cost::featureSchema() {
  uint64_t hash = 0xcbf29ce484222325ull ^ kExtractorVersion;
#define TEGULA_COST_FEATURE(name, scope, formula)                              \
  hash = hashText(hash, #name " " #scope "=" formula "\n");
#include "tegula/CostModel/Features.def"
  return hash;
}
