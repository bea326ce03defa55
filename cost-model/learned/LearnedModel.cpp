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

/// The sum of trees as a factor of time, and the spread as one of both ways.
static Estimate corrected(double seconds, float correction, float spread) {
  return {seconds * std::exp(double(correction)), std::exp(double(spread))};
}

Estimate LearnedModel::estimate(const ContractionProblem &asked,
                                const ContractionSchedule &schedule,
                                const CpuTarget &target) const {
  auto problem = withBatch(asked);
  AnalyticTime time = analyze(problem, schedule, target);
  if (!covers(target) || !isTrained(problem))
    return {time.total, /*spread=*/0};
  auto features = values(featuresOf(problem, schedule, target, time));
  return corrected(time.total, correction(features.data()), contractionSpread);
}

Estimate LearnedModel::estimate(const ConvolutionProblem &asked,
                                const ConvolutionSchedule &schedule,
                                const CpuTarget &target) const {
  auto problem = withBatch(asked);
  AnalyticTime time = analyze(problem, schedule, target);
  if (!covers(target) || !isTrained(problem))
    return {time.total, /*spread=*/0};
  auto features = values(featuresOf(problem, schedule, target, time));
  return corrected(time.total, correction(features.data()), convolutionSpread);
}
