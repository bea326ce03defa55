//===- LearnedModel.cpp - Analytic time, corrected by trees ---------------===//

#include "tegula/CostModel/LearnedModel.h"

#include "tegula/CostModel/KnownSizes.h"

#include <algorithm>
#include <cmath>
#include <string_view>

using namespace tegula::cost;

/// What trees may change a time by, as a logarithm: a hostile file has others.
static constexpr float kMostLearned = 10;

/// Is feature number `index` between those that were trained on?
static bool isInside(const LearnedModel::FamilyModel &family,
                     const FeatureRow &features, size_t index) {
  return features[index] >= family.low[index] &&
         features[index] <= family.high[index];
}

/// Are all of the features of `scope`, or of any other?
template <typename Wanted>
static bool areInside(const LearnedModel::FamilyModel &family,
                      const FeatureRow &features, Wanted wanted) {
  const FeatureInfo *infos = featureInfos();
  for (size_t i = 0; i != kNumFeatures; ++i)
    if (wanted(infos[i].scope) && !isInside(family, features, i))
      return false;
  return true;
}

LearnedModel::Seen LearnedModel::see(const Problem &problem,
                                     const Schedule &schedule,
                                     const CpuTarget &target) const {
  AnalyticTime time = analyticTime(problem, schedule, target);
  Seen seen;
  seen.analyticSeconds = time.total;
  const FamilyModel &family = families[schedule.index()];
  if (family.trees.empty() || target.vectorBits != vectorBits ||
      target.vectorRegisters != vectorRegisters || !target.fusedMultiplyAdd ||
      !std::visit([](const auto &sizes) { return isKnown(sizes); }, problem))
    return seen;
  seen.features = values(featuresOf(problem, schedule, target, time));
  auto isKind = [](FeatureScope scope) { return scope == FeatureScope::Kind; };
  if (areInside(family, seen.features, isKind))
    seen.family = &family;
  return seen;
}

Estimate LearnedModel::estimateOf(const Seen &seen,
                                  const CpuTarget &target) const {
  if (!seen.family)
    return {seen.analyticSeconds, /*spread=*/0};
  float learned = std::clamp(seen.family->trees.predict(seen.features.data()),
                             -kMostLearned, kMostLearned);
  float spread = seen.family->spreads[target.threads > 1];
  bool isSure = spread > 0 && areInside(*seen.family, seen.features,
                                        [](FeatureScope) { return true; });
  return {seen.analyticSeconds * std::exp(double(learned)),
          isSure ? std::exp(double(spread)) : 0};
}

Estimate LearnedModel::estimate(const Problem &problem,
                                const Schedule &schedule,
                                const CpuTarget &target) const {
  return estimateOf(see(problem, schedule, target), target);
}

Explanation LearnedModel::explain(const Problem &problem,
                                  const Schedule &schedule,
                                  const CpuTarget &target) const {
  Seen seen = see(problem, schedule, target);
  Explanation found;
  found.estimate = estimateOf(seen, target);
  found.analyticSeconds = seen.analyticSeconds;
  if (!seen.family)
    return found;
  std::array<double, kNumFeatures> effects = {};
  found.base = seen.family->trees.explain(seen.features.data(), effects.data());
  for (size_t i = 0; i != kNumFeatures; ++i)
    if (effects[i] != 0)
      found.contributions.push_back(
          {featureInfos()[i].name, seen.features[i], effects[i]});
  std::sort(found.contributions.begin(), found.contributions.end(),
            [](const Contribution &a, const Contribution &b) {
              auto key = [](const Contribution &one) {
                return std::pair(-std::abs(one.effect),
                                 std::string_view(one.feature));
              };
              return key(a) < key(b);
            });
  return found;
}
