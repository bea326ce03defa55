//===- RowsFeatures.cpp - Features of #sched.rows -------------------------===//

#include "Parts.h"

using namespace tegula::cost;
using namespace tegula::cost::features;

Features features::extract(const RowsProblem &problem,
                           const RowsSchedule &schedule,
                           const Context &context) {
  Nest nest;
  nest.rows = problem.rows;
  nest.columns = nest.blockColumns = problem.columns;
  nest.nr = product(schedule.unroll, schedule.vl);
  nest.vl = schedule.vl;
  nest.blockRows =
      std::clamp<int64_t>(schedule.grain / problem.columns, 1, problem.rows);
  double points = double(problem.rows) * double(problem.columns);
  double passes = double(problem.passes);
  double rowBytes = double(problem.bytes) / double(problem.rows);
  Traffic traffic;
  traffic.compulsory = std::max(1.0, double(problem.bytes));
  traffic.loaded = traffic.compulsory * passes;
  traffic.ofTask = traffic.compulsory / context.tasks;
  // All passes over a row follow each other.
  traffic.setLevels(context.target, [&](double capacity) {
    return traffic.compulsory * (rowBytes <= capacity ? 1 : passes);
  });
  double work = points * (double(problem.instructions) + passes);
  Features f = nestFeatures(nest, traffic, work, context);
  f.isFloat = 1;
  f.logInstructions = log2Of(1 + double(problem.instructions));
  f.logPointBytes = log2Of(traffic.compulsory / points);
  f.reductions = float(problem.reductions);
  f.passes = float(problem.passes);
  addScratch(f, rowBytes, context.target);
  return f;
}
