//===- LearnedModel.cpp - Analytic time, corrected by trees ---------------===//

#include "tegula/CostModel/LearnedModel.h"

#include <algorithm>
#include <cmath>
#include <string_view>

using namespace tegula::cost;

/// What trees may change a time by, as a logarithm: a hostile file has others.
static constexpr float kMostLearned = 10;

static bool isTrained(const ContractionProblem &problem) {
  return problem.batch > 0 && problem.m > 0 && problem.n > 0 && problem.k > 0 &&
         problem.elementBytes == 4 && problem.isFloat &&
         !problem.transposedColumns;
}

static bool isTrained(const ConvolutionProblem &problem) {
  return problem.batch > 0 && problem.groups > 0 && problem.filters > 0 &&
         problem.channels > 0 && problem.window > 0 && problem.pixels > 0 &&
         problem.width > 0 && problem.elementBytes == 4;
}

/// An unknown batch counts as one, as in the analytic model.
template <typename Problem>
static Problem withBatch(Problem problem) {
  if (problem.batch == kDynamic)
    problem.batch = 1;
  return problem;
}

/// The schedule most like this one among those that trees were trained on.
static ContractionSchedule asTrained(ContractionSchedule schedule) {
  schedule.streams = 1;
  return schedule;
}

static const ConvolutionSchedule &
asTrained(const ConvolutionSchedule &schedule) {
  return schedule;
}

LearnedModel::Seen LearnedModel::see(const Problem &problem,
                                     const Schedule &schedule,
                                     const CpuTarget &target) const {
  const FamilyModel &family = families[schedule.index()];
  bool isCovered = !family.trees.empty() && target.vectorBits == vectorBits &&
                   target.vectorRegisters == vectorRegisters &&
                   target.fusedMultiplyAdd;
  Seen seen;
  seen.analyticSeconds = analyticTime(problem, schedule, target).total;
  visitKernel(problem, schedule, [&](const auto &sizes, const auto &point) {
    if constexpr (kHasFeatures<std::decay_t<decltype(point)>>) {
      auto known = withBatch(sizes);
      if (!isCovered || !isTrained(known))
        return;
      auto trained = asTrained(point);
      AnalyticTime time = analyticTime(known, trained, target);
      seen.features = values(featuresOf(known, trained, target, time));
      seen.family = &family;
    }
  });
  return seen;
}

/// Is each feature between those that were trained on?
static bool isInside(const LearnedModel::FamilyModel &family,
                     const FeatureRow &features) {
  for (size_t i = 0; i != kNumFeatures; ++i)
    if (!(features[i] >= family.low[i] && features[i] <= family.high[i]))
      return false;
  return true;
}

Estimate LearnedModel::estimateOf(const Seen &seen,
                                  const CpuTarget &target) const {
  if (!seen.family)
    return {seen.analyticSeconds, /*spread=*/0};
  float learned = std::clamp(seen.family->trees.predict(seen.features.data()),
                             -kMostLearned, kMostLearned);
  float spread = seen.family->spreads[target.threads > 1];
  bool isSure = spread > 0 && isInside(*seen.family, seen.features);
  return {seen.analyticSeconds * std::exp(double(learned)),
          isSure ? std::exp(double(spread)) : 0};
}

Estimate LearnedModel::estimate(const Problem &problem,
                                const Schedule &schedule,
                                const CpuTarget &target) const {
  return estimateOf(see(problem, schedule, target), target);
}

/// The names of Features.def.
static constexpr const char *kNames[] = {
#define TEGULA_COST_FEATURE(name, formula) #name,
#include "tegula/CostModel/Features.def"
};

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
      found.contributions.push_back({kNames[i], seen.features[i], effects[i]});
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
