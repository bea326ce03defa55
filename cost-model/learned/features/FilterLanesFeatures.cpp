//===- FilterLanesFeatures.cpp - Features of #sched.filter_lanes ----------===//

#include "Parts.h"

using namespace tegula::cost;
using namespace tegula::cost::features;

Features features::extract(const ConvolutionProblem &problem,
                           const FilterLanesSchedule &schedule,
                           const Context &context) {
  Nest nest;
  nest.batch = product(problem.batch, problem.groups);
  nest.rows = problem.pixels;
  nest.columns = problem.filters;
  nest.k = product(problem.channels, problem.window);
  nest.mr = schedule.mr;
  nest.nr = schedule.nr;
  nest.vl = schedule.vl;
  nest.kc = std::min(schedule.kc, nest.k);
  nest.blockRows = std::min(schedule.np, problem.pixels);
  nest.blockColumns = std::min(schedule.fc, problem.filters);
  nest.bytes = problem.elementBytes;
  double ofK = inputPerStep(problem);
  nest.rowBytes = double(problem.inputBits) / 8 * ofK;
  nest.columnBytes = double(problem.filterBits) / 8;
  Features f =
      nestFeatures(nest, trafficOf(nest, context.target), nest.work(), context);
  addImage(f, problem, context.target);
  f.storedRows =
      float(double(problem.inputBits) / 8 / double(problem.elementBytes));
  if (!schedule.inPlace) {
    f.packs = 1;
    f.runVectors = float(double(std::min(problem.width, nest.blockRows)) /
                         double(nest.vl));
    f.widthLanes = float(double(problem.width % nest.vl) / double(nest.vl));
    f.copies = log2Of(1 + double(nest.columnBlocks()) / ofK);
    addScratch(f, double(nest.k) * double(nest.blockRows) * double(nest.bytes),
               context.target);
  }
  return f;
}
