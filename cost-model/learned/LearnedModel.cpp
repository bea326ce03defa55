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
                                 const CpuTarget &target, float spread) const {
  problem = withBatch(problem);
  AnalyticTime time = analyze(problem, schedule, target);
  if (!covers(target) || !isTrained(problem))
    return {time.total, /*spread=*/0};
  const Schedule &trained = asTrained(schedule);
  auto features = values(
      featuresOf(problem, trained, target, analyze(problem, trained, target)));
  // The sum of trees as a factor of time, and the spread as one of both ways.
  return {time.total * std::exp(double(correction(features.data()))),
          std::exp(double(spread))};
}

Estimate LearnedModel::estimate(const ContractionProblem &problem,
                                const ContractionSchedule &schedule,
                                const CpuTarget &target) const {
  return corrected(problem, schedule, target, contractionSpread);
}

Estimate LearnedModel::estimate(const ConvolutionProblem &problem,
                                const ConvolutionSchedule &schedule,
                                const CpuTarget &target) const {
  return corrected(problem, schedule, target, convolutionSpread);
}

Estimate LearnedModel::estimate(const ConvolutionProblem &problem,
                                const WinogradSchedule &schedule,
                                const CpuTarget &target) const {
  return analyticModel().estimate(problem, schedule, target);
}

Estimate LearnedModel::estimate(const AttentionProblem &problem,
                                const AttentionSchedule &schedule,
                                const CpuTarget &target) const {
  return analyticModel().estimate(problem, schedule, target);
}
