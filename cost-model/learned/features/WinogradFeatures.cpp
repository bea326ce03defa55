//===- WinogradFeatures.cpp - Features of #sched.winograd -----------------===//

#include "Parts.h"

using namespace tegula::cost;
using namespace tegula::cost::features;

namespace {

/// How tiles cover the images.
struct Tiling {
  int64_t columns, rows, rowsOfBlock, rowBlocks, elements;

  Tiling(const ConvolutionProblem &problem, const WinogradSchedule &schedule)
      : columns(ceilDiv(problem.width, schedule.results)),
        rows(std::max<int64_t>(
            1, ceilDiv(problem.pixels / problem.width, schedule.results))),
        rowsOfBlock(std::min(schedule.rows, rows)),
        rowBlocks(ceilDiv(rows, rowsOfBlock)),
        elements(product(schedule.results + 2, schedule.results + 2)) {}
};

} // namespace

/// Transformed tiles of a block, before and after the products.
static double blockBytes(const Nest &nest) {
  return double(nest.columns) * double(nest.k + nest.blockRows) *
         double(nest.bytes);
}

static Traffic tiledTraffic(const ConvolutionProblem &problem, const Nest &nest,
                            const Tiling &tiling, double scratch,
                            const CpuTarget &target) {
  double bytes = double(nest.bytes), batch = double(problem.batch);
  double points = double(problem.pixels) * batch * bytes;
  double images = points * double(problem.channels + problem.filters);
  double weights = double(problem.filters) * double(problem.channels) * bytes;
  double blocks = batch * double(tiling.rowBlocks);
  Traffic traffic;
  traffic.compulsory = images + double(problem.window) * weights;
  traffic.loaded = nest.loadedBytes();
  traffic.ofTask = images / blocks + double(tiling.elements) * weights *
                                         double(nest.blockRows) /
                                         double(nest.rows);
  traffic.setLevels(target, [&](double capacity) {
    double filters = double(tiling.elements) * weights;
    double moved = images + filters * (filters <= capacity ? 1 : blocks);
    return scratch <= capacity ? moved : moved + 2 * blocks * scratch;
  });
  return traffic;
}

Features features::extract(const ConvolutionProblem &problem,
                           const WinogradSchedule &schedule,
                           const Context &context) {
  Tiling tiling(problem, schedule);
  Nest nest;
  nest.batch =
      product(product(tiling.elements, problem.batch), tiling.rowBlocks);
  nest.rows = problem.filters;
  nest.columns = product(tiling.rowsOfBlock, tiling.columns);
  nest.k = nest.kc = problem.channels;
  nest.mr = schedule.mr;
  nest.nr = schedule.nr;
  nest.vl = schedule.vl;
  nest.blockRows = std::min(schedule.fc, problem.filters);
  nest.blockColumns = nest.columns;
  nest.bytes = problem.elementBytes;
  double scratch = double(tiling.elements) * blockBytes(nest);
  double points = double(problem.batch) * double(problem.pixels);
  double direct = points * double(problem.filters) * double(problem.channels) *
                  double(problem.window);
  Features f = nestFeatures(
      nest, tiledTraffic(problem, nest, tiling, scratch, context.target),
      direct, context);
  addImage(f, problem, context.target);
  addScratch(f, scratch, context.target);
  // Sizes are those of the problem, whatever the tiles.
  f.logColumns = log2Of(double(problem.pixels));
  f.logBatch = log2Of(double(problem.batch));
  f.logWork = log2Of(direct);
  f.resultInL2 = log2Of(double(problem.pixels) * double(problem.filters) *
                        double(nest.bytes) / double(context.target.l2Bytes));
  addResultAddresses(f, problem.pixels * nest.bytes);
  f.results = float(schedule.results);
  double results = double(schedule.results);
  f.workRatio = float(double(tiling.elements) / (9 * results * results));
  double covered =
      double(tiling.rows) * double(tiling.columns) * results * results;
  f.tilePadding = float(covered / double(problem.pixels));
  f.packs = 1;
  // Blocks of filters transform the input each for itself.
  f.copies =
      log2Of(1 + f.workRatio * 9 * f.tilePadding * double(nest.rowBlocks()));
  return f;
}
