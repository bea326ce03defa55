//===- LearnedModel.cpp - Analytic time, corrected by trees ---------------===//

#include "tegula/CostModel/LearnedModel.h"

#include <cmath>

using namespace tegula::cost;

bool LearnedModel::covers(const CpuTarget &target) const {
  return target.vectorBits == vectorBits &&
         target.vectorRegisters == vectorRegisters && target.fusedMultiplyAdd;
}

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

template <typename Problem, typename Schedule>
Estimate LearnedModel::corrected(Problem problem, const Schedule &schedule,
                                 const CpuTarget &target) const {
  problem = withBatch(problem);
  AnalyticTime time = analyze(problem, schedule, target);
  if (!covers(target) || !isTrained(problem))
    return {time.total, /*spread=*/0};
  const Schedule &trained = asTrained(schedule);
  auto features = values(
      featuresOf(problem, trained, target, analyze(problem, trained, target)));
  // The sum of trees as a factor of time, and the spread as one of both ways.
  return {time.total * std::exp(double(correction(features.data()))),
          std::exp(double(spreadOf(schedule)))};
}

Estimate LearnedModel::estimate(const Problem &problem,
                                const Schedule &schedule,
                                const CpuTarget &target) const {
  return visitKernel(
      problem, schedule, [&](const auto &sizes, const auto &point) -> Estimate {
        if constexpr (kHasFeatures<std::decay_t<decltype(point)>>)
          return corrected(sizes, point, target);
        else
          return {analyze(sizes, point, target).total, /*spread=*/0};
      });
}
