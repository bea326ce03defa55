//===- DepthwiseFeatures.cpp - Features of #sched.depthwise ---------------===//

#include "Parts.h"

using namespace tegula::cost;
using namespace tegula::cost::features;

/// Rows of the input that `rows` rows of the result read.
static double inputRows(const DepthwiseProblem &problem, int64_t rows) {
  double span =
      double(rows - 1) * double(problem.strideRows) +
      double(problem.windowHeight - 1) * double(problem.dilationRows) + 1;
  return std::min(span, double(rows) * double(problem.windowHeight));
}

static Nest nestOf(const DepthwiseProblem &problem,
                   const DepthwiseSchedule &schedule) {
  Nest nest;
  nest.batch = problem.planes;
  nest.rows = problem.height;
  nest.columns = nest.blockColumns = problem.width;
  nest.k = product(problem.windowHeight, problem.windowWidth);
  nest.mr = schedule.rows;
  nest.nr = product(schedule.columns, schedule.vl);
  nest.vl = schedule.vl;
  nest.kc = schedule.unroll ? nest.k : problem.windowWidth;
  nest.blockRows = std::min(schedule.block, problem.height);
  nest.bytes = problem.elementBytes;
  return nest;
}

Features features::extract(const DepthwiseProblem &problem,
                           const DepthwiseSchedule &schedule,
                           const Context &context) {
  Nest nest = nestOf(problem, schedule);
  double planes = double(problem.planes), bytes = double(nest.bytes);
  double inputWidth = double(problem.inputWidth);
  double input = double(problem.inputHeight) * inputWidth;
  double result = double(problem.height) * double(problem.width);
  double staged = inputRows(problem, nest.blockRows) * inputWidth;
  double blocks = double(nest.rowBlocks());
  double lines = inputRows(problem, nest.mr);
  Traffic traffic;
  traffic.compulsory = planes * (input + result) * bytes;
  traffic.ofTask = (staged + result / blocks) * bytes;
  // Each tap of a row of the input serves all rows of a tile that want it.
  traffic.loaded = planes * bytes *
                   (double(nest.rowTiles()) * lines *
                        double(problem.windowWidth) * double(problem.width) +
                    result);
  traffic.setLevels(context.target, [&](double capacity) {
    double reads = staged * bytes <= capacity
                       ? blocks * staged
                       : double(nest.rowTiles()) * lines * inputWidth;
    return planes * bytes * (std::max(input, reads) + result);
  });
  Features f = nestFeatures(nest, traffic, nest.work(), context);
  f.isFloat = 1;
  f.isWeighted = problem.weighted;
  f.isPadded = problem.padded;
  f.logWindow = f.logK;
  f.logWindowRows = log2Of(double(problem.windowHeight));
  f.stride = float(problem.strideColumns);
  f.dilation = float(problem.dilationColumns);
  f.unrolls = schedule.unroll;
  f.logCode =
      log2Of(double(nest.kc) * double(nest.mr) * double(nest.vectors()));
  f.inputInL2 = log2Of(input * bytes / double(context.target.l2Bytes));
  f.sharedTaps =
      float(lines / (double(nest.mr) * double(problem.windowHeight)));
  f.columnAlias = aliasOf(problem.inputWidth * nest.bytes);
  if (!schedule.inPlace) {
    f.packs = 1;
    f.copies = log2Of(1 + blocks * staged / input);
    addScratch(f, staged * bytes, context.target);
  }
  return f;
}
