//===- ElementwiseFeatures.cpp - Features of #sched.elementwise -----------===//

#include "Parts.h"

using namespace tegula::cost;
using namespace tegula::cost::features;

/// Loads and stores of a point besides its instructions.
static constexpr double kLoadsAndStores = 2;

Features features::extract(const ElementwiseProblem &problem,
                           const ElementwiseSchedule &schedule,
                           const Context &context) {
  Nest nest;
  nest.rows = problem.rows;
  nest.columns = problem.columns;
  nest.nr = product(schedule.unroll, schedule.vl);
  nest.vl = schedule.vl;
  nest.blockColumns = std::min(schedule.grain, problem.columns);
  nest.blockRows =
      std::clamp<int64_t>(schedule.grain / problem.columns, 1, problem.rows);
  nest.bytes = problem.elementBytes;
  double points = double(problem.rows) * double(problem.columns);
  Traffic traffic;
  traffic.compulsory = std::max(1.0, double(problem.bytes));
  traffic.loaded = traffic.compulsory;
  traffic.ofTask = traffic.compulsory / context.tasks;
  traffic.setLevels(context.target, [&](double) { return traffic.compulsory; });
  double work = points * (double(problem.instructions) + kLoadsAndStores);
  Features f = nestFeatures(nest, traffic, work, context);
  f.isFloat = 1;
  f.isTransposed = problem.isTransposed;
  f.logInstructions = log2Of(1 + double(problem.instructions));
  f.logPointBytes = log2Of(traffic.compulsory / points);
  if (problem.isTransposed) {
    f.logTileLines = log2Of(double(schedule.tile));
    // Elements of a column of the result lie in rows of the input.
    f.columnAlias = aliasOf(problem.rows * nest.bytes);
    f.columnSets = setsOf(schedule.tile, problem.rows * nest.bytes);
  }
  return f;
}
