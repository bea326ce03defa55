//===- ContractionFeatures.cpp - Features of #sched.contraction -----------===//

#include "Parts.h"

using namespace tegula::cost;
using namespace tegula::cost::features;

Features features::extract(const ContractionProblem &problem,
                           const ContractionSchedule &schedule,
                           const Context &context) {
  Nest nest;
  nest.batch = problem.batch;
  nest.rows = problem.m;
  nest.columns = problem.n;
  nest.k = problem.k;
  nest.mr = schedule.mr;
  nest.nr = schedule.nr;
  nest.vl = schedule.vl;
  nest.kc = std::min(schedule.kc, problem.k);
  nest.blockRows = std::min(schedule.mc, problem.m);
  nest.blockColumns = std::min(schedule.nc, problem.n);
  nest.bytes = problem.elementBytes;
  nest.rowBytes = double(problem.rowBits) / 8;
  nest.columnBytes = double(problem.columnBits) / 8;
  Features f =
      nestFeatures(nest, trafficOf(nest, context.target), nest.work(), context);
  f.isFloat = problem.isFloat;
  f.isDot = problem.isDot;
  f.hasConstant = problem.constantColumns;
  f.isTransposed = problem.transposedColumns;
  f.oneBlock = problem.oneBlock;
  f.packs = schedule.packColumns;
  f.streams = float(schedule.streams);
  int64_t rowOfRows = problem.k * nest.bytes;
  f.rowAlias = aliasOf(rowOfRows);
  f.rowSets = setsOf(nest.mr, rowOfRows);
  if (!problem.constantColumns) {
    int64_t rowOfColumns = problem.n * nest.bytes;
    f.columnAlias = aliasOf(rowOfColumns);
    f.columnSets = setsOf(nest.kc, rowOfColumns);
    f.columnPages =
        pagesOf(nest.kc, nest.blockColumns * nest.bytes, rowOfColumns);
  }
  if (schedule.packColumns) {
    f.copies = log2Of(1 + double(nest.rowBlocks()));
    addScratch(f,
               double(nest.kc) * double(nest.blockColumns) * double(nest.bytes),
               context.target);
  }
  return f;
}
