//===- DepthwiseTime.cpp - Times of windows over planes -------------------===//
//
// A tile costs the largest of issuing its multiply-adds, waiting for their
// chains and issuing its loads, and its spills; around that, its start and its
// stores, staging padded rows, and the bytes that the caches cannot keep. The
// constants are fitted to measurements on a Zen 3 (cost-model/README.md).
//
//===----------------------------------------------------------------------===//

#include "tegula/CostModel/Analytic.h"
#include "tegula/CostModel/KnownSizes.h"

#include <algorithm>

using namespace tegula::cost;

namespace {

/// What addressing adds to a tile that is bound elsewhere.
constexpr double kStep = 1.2;
/// The part of a chain's latency that other tiles do not hide.
constexpr double kExposedLatency = 0.62;
/// Cycles of a tile, of each of its vectors, and of a step of a loop.
constexpr double kTile = 0.5, kVector = 1.1, kLoop = 0.75;
/// A spilled vector, stored and loaded.
constexpr double kSpill = 1.35;
/// Copying a vector to scratch memory, and a row.
constexpr double kCopy = 2.4, kRow = 1;
/// Starting a block; broadcasting a weight.
constexpr double kBlock = 20, kBroadcast = 0.4;
/// How much of the level-1 cache the rows of a block may take before they are
/// read from the next.
constexpr double kStaysInCache = 0.15;
/// Cycles per byte of input and result, from L2 and from beyond it: stores
/// move lines twice.
constexpr double kCachedByte = 0.043, kMemoryByte = 0.06;
/// Rows of the input that `rows` rows of the result read.
int64_t inputRows(const DepthwiseProblem &problem, int64_t rows) {
  int64_t span = (rows - 1) * problem.strideRows +
                 (problem.windowHeight - 1) * problem.dilationRows + 1;
  return std::min(span, rows * problem.windowHeight);
}

struct TileCycles {
  double steps, ends;
};

TileCycles tileCycles(const DepthwiseProblem &problem,
                      const DepthwiseSchedule &schedule, int64_t rows,
                      int64_t columns, const CpuTarget &target) {
  int64_t taps = product(problem.windowHeight, problem.windowWidth);
  int64_t lines = inputRows(problem, rows);
  int64_t sums = product(rows, columns);
  int64_t free = target.vectorRegisters - sums - columns - 1;
  double issue = double(taps * sums) / target.fmaPerCycle;
  // Weights that do not stay in registers are loaded for each row.
  bool stay = !problem.weighted || (schedule.unroll && taps <= free);
  double loads =
      (double(lines) * double(problem.windowWidth) * double(columns) +
       double(stay ? 0 : taps * rows)) /
      target.loadsPerCycle;
  double chain = double(taps) * target.fmaLatency * kExposedLatency;
  double spills = kSpill * double(std::max<int64_t>(0, -free)) * double(lines) *
                  double(problem.windowWidth);
  return {std::max({issue, loads, chain}) * kStep + spills,
          kTile + kVector * double(sums) +
              (schedule.unroll ? 0 : kLoop * double(lines))};
}

/// Adds the tiles of `rows` rows of the result.
void addRows(const DepthwiseProblem &problem, const DepthwiseSchedule &schedule,
             int64_t rows, double count, const CpuTarget &target,
             AnalyticTime &time) {
  int64_t group = schedule.columns * schedule.vl;
  auto add = [&](int64_t columns, double tiles) {
    TileCycles tile = tileCycles(problem, schedule, rows, columns, target);
    time.steps += count * tiles * tile.steps;
    time.tiles += count * tiles * tile.ends;
  };
  add(schedule.columns, double(problem.width / group));
  if (int64_t rest = problem.width % group)
    add(ceilDiv(rest, schedule.vl), 1);
}

} // namespace

AnalyticTime tegula::cost::analyze(const DepthwiseProblem &problem,
                                   const DepthwiseSchedule &schedule,
                                   const CpuTarget &target) {
  AnalyticTime time;
  addRows(problem, schedule, schedule.rows,
          double(problem.height / schedule.rows), target, time);
  if (int64_t rest = problem.height % schedule.rows)
    addRows(problem, schedule, rest, 1, target, time);
  // Staging, once per block; neighbours share rows.
  int64_t block = std::min(schedule.block, problem.height);
  double blocks = double(ceilDiv(problem.height, block));
  double lines = double((block - 1) * problem.strideRows +
                        (problem.windowHeight - 1) * problem.dilationRows + 1);
  double vectors =
      double(ceilDiv(problem.inputWidth, schedule.vl * problem.strideColumns) *
             problem.strideColumns);
  if (!schedule.inPlace)
    time.packing = blocks * lines * (kCopy * vectors + kRow);
  time.tiles += blocks * kBlock;
  if (schedule.unroll && problem.weighted)
    time.tiles += blocks * kBroadcast *
                  double(problem.windowHeight * problem.windowWidth);
  double bytes = double(problem.elementBytes);
  double rowBytes = (vectors + 2) * double(schedule.vl) * bytes;
  time.cache =
      blocks *
      std::max(0.0, lines * rowBytes - kStaysInCache * double(target.l1Bytes)) /
      target.l2BytesPerCycle;
  double moved =
      bytes * (double(problem.inputHeight) * double(problem.inputWidth) +
               double(problem.height) * double(problem.width));
  bool stays = moved * double(problem.planes) <= double(target.l2Bytes);
  time.memory = moved * (stays ? kCachedByte : kMemoryByte);
  double seconds = double(problem.planes) / target.cyclesPerSecond;
  double total =
      time.steps + time.tiles + time.packing + time.cache + time.memory;
  return {time.steps * seconds, time.tiles * seconds,  time.packing * seconds,
          time.cache * seconds, time.memory * seconds, total * seconds,
          /*dispatch=*/0};
}
