//===- AttentionFeatures.cpp - Features of #sched.attention ---------------===//

#include "Parts.h"

using namespace tegula::cost;
using namespace tegula::cost::features;

/// The product of keys and queries; its lanes run along the queries.
static Nest scoresOf(const AttentionProblem &problem,
                     const AttentionSchedule &schedule) {
  Nest nest;
  nest.batch = problem.batch;
  nest.rows = nest.blockRows = problem.keys;
  nest.columns = problem.queries;
  nest.k = nest.kc = problem.depth;
  nest.mr = schedule.mr;
  nest.nr = schedule.nr;
  nest.vl = schedule.vl;
  nest.blockColumns = std::min(schedule.mq, problem.queries);
  return nest;
}

/// That of softmaxed scores and values.
static Nest resultOf(const AttentionProblem &problem,
                     const AttentionSchedule &schedule) {
  Nest nest;
  nest.batch = problem.batch;
  nest.rows = problem.queries;
  nest.columns = nest.blockColumns = problem.columns;
  nest.k = problem.keys;
  nest.mr = schedule.mr;
  nest.nr = schedule.nr;
  nest.vl = schedule.vl;
  nest.kc = std::min(schedule.kc, problem.keys);
  nest.blockRows = std::min(schedule.mq, problem.queries);
  return nest;
}

Features features::extract(const AttentionProblem &problem,
                           const AttentionSchedule &schedule,
                           const Context &context) {
  Nest scores = scoresOf(problem, schedule);
  Nest result = resultOf(problem, schedule);
  double bytes = double(result.bytes);
  double queries = double(problem.queries), keys = double(problem.keys);
  double widths = double(problem.depth + problem.columns);
  Traffic traffic;
  traffic.compulsory =
      double(problem.batch) * (queries + keys) * widths * bytes;
  traffic.loaded = scores.loadedBytes() + result.loadedBytes();
  traffic.ofTask = (double(result.blockRows) + keys) * widths * bytes;
  traffic.setLevels(context.target, [&](double capacity) {
    return scores.bytesBeyond(capacity) + result.bytesBeyond(capacity);
  });
  Features f =
      nestFeatures(result, traffic, scores.work() + result.work(), context);
  f.isFloat = 1;
  f.logDepth = log2Of(double(problem.depth));
  addScratch(f, double(result.blockRows) * keys * bytes, context.target);
  f.scoreShare = float(double(problem.depth) / widths);
  double blocks = double(result.rowBlocks());
  f.queryFill = float(queries / (blocks * double(schedule.mq)));
  f.keyFill = float(keys / (double(scores.rowTiles()) * double(schedule.mr)));
  f.columnAlias = aliasOf(problem.columns * result.bytes);
  f.columnSets = setsOf(result.kc, problem.columns * result.bytes);
  return f;
}
