//===- Features.cpp - Numbers that a learned model sees -------------------===//

#include "tegula/CostModel/Features.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace tegula::cost;

/// Counts the extractors that existed: raise it when a number changes though
/// its formula's text does not.
static constexpr uint64_t kExtractorVersion = 1;

namespace {

/// Both families as one loop nest; see Features.def.
struct Nest {
  int64_t batch = 1, rows = 1, columns = 1, k = 1;
  int64_t mr = 1, nr = 1, vl = 1, kc = 1, blockRows = 1, blockColumns = 1;
  int64_t bytes = 4;
  bool packs = false;

  int64_t vectors() const { return nr / vl; }
};

int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

float log2Of(double value) { return value > 0 ? float(std::log2(value)) : 0; }

/// Bytes after which addresses fall into the same set of a level-1 cache.
constexpr int64_t kSetPeriod = 4096;

float aliasOf(int64_t stride) {
  return log2Of(double(std::gcd(stride, kSetPeriod)));
}

/// How many of `rows` lines that lie `stride` bytes apart share a set.
float setsOf(int64_t rows, int64_t stride) {
  double period = double(kSetPeriod / std::gcd(stride, kSetPeriod));
  return log2Of(1 + double(rows) / period);
}

} // namespace

static void addSizes(Features &f, const Nest &nest) {
  f.logRows = log2Of(double(nest.rows));
  f.logColumns = log2Of(double(nest.columns));
  f.logK = log2Of(double(nest.k));
  f.logBatch = log2Of(double(nest.batch));
  f.logWork = f.logBatch + f.logRows + f.logColumns + f.logK;
  f.mr = float(nest.mr);
  f.vectors = float(nest.vectors());
  f.logKc = log2Of(double(nest.kc));
  f.logBlockRows = log2Of(double(nest.blockRows));
  f.logBlockColumns = log2Of(double(nest.blockColumns));
  f.packs = nest.packs;
}

static void addRegisterTile(Features &f, const Nest &nest,
                            const CpuTarget &target) {
  int64_t vectors = nest.vectors();
  double accumulators = double(nest.mr * vectors);
  f.registers = float((accumulators + double(vectors + 1)) /
                      double(target.vectorRegisters));
  f.chains = float(accumulators / (target.fmaLatency * target.fmaPerCycle));
  f.loadsPerFma = float(double(nest.mr + vectors) / accumulators);
  f.cyclesPerFma = float(stepCycles(nest.mr, vectors, target) / accumulators);
}

static void addEdges(Features &f, const Nest &nest, const CpuTarget &target) {
  int64_t rowTiles = ceilDiv(nest.rows, nest.mr);
  int64_t tailRows = nest.rows % nest.mr;
  f.rowFill = float(double(nest.rows) / double(rowTiles * nest.mr));
  f.tailRows = float(double(tailRows) / double(nest.mr));
  if (tailRows) {
    double tail = stepCycles(tailRows, nest.vectors(), target);
    double whole = double(nest.rows / nest.mr) *
                   stepCycles(nest.mr, nest.vectors(), target);
    f.tailRowSteps = float(tail / (tail + whole));
  }
  int64_t panels = ceilDiv(nest.columns, nest.nr);
  int64_t tailColumns = nest.columns % nest.nr;
  f.columnFill = float(double(nest.columns) / double(panels * nest.nr));
  f.tailVectors =
      float(double(ceilDiv(tailColumns, nest.vl)) / double(nest.vectors()));
  f.tailPanels = tailColumns ? float(1.0 / double(panels)) : 0;
  f.maskedLanes = float(nest.columns % nest.vl);
  f.kFill = float(double(nest.k) / double(ceilDiv(nest.k, nest.kc) * nest.kc));
}

static void addCounts(Features &f, const Nest &nest) {
  int64_t rowBlocks = ceilDiv(nest.rows, nest.blockRows);
  int64_t columnBlocks = ceilDiv(nest.columns, nest.blockColumns);
  f.logRowTiles = log2Of(double(ceilDiv(nest.rows, nest.mr)));
  f.logPanels = log2Of(double(ceilDiv(nest.columns, nest.nr)));
  f.logKBlocks = log2Of(double(ceilDiv(nest.k, nest.kc)));
  f.logRowBlocks = log2Of(double(rowBlocks));
  f.logColumnBlocks = log2Of(double(columnBlocks));
  f.logTasks = f.logBatch + f.logRowBlocks + f.logColumnBlocks;
  f.logTilesOfBlock = log2Of(double(ceilDiv(nest.blockRows, nest.mr)));
  f.logPanelsOfBlock = log2Of(double(ceilDiv(nest.blockColumns, nest.nr)));
}

static void addFootprints(Features &f, const Nest &nest,
                          const CpuTarget &target) {
  double bytes = double(nest.bytes), kc = double(nest.kc);
  double l1 = double(target.l1Bytes), l2 = double(target.l2Bytes);
  f.panelInL1 = log2Of(kc * double(nest.nr) * bytes / l1);
  f.tileInL1 = log2Of(kc * double(nest.mr) * bytes / l1);
  f.panelAndTileInL1 = log2Of(kc * double(nest.nr + nest.mr) * bytes / l1);
  f.blockColumnsInL1 = log2Of(double(nest.blockColumns) * kc * bytes / l1);
  f.blockColumnsInL2 = log2Of(double(nest.blockColumns) * kc * bytes / l2);
  f.blockRowsInL1 = log2Of(double(nest.blockRows) * kc * bytes / l1);
  f.blockRowsInL2 = log2Of(double(nest.blockRows) * kc * bytes / l2);
  f.rowsInL2 = log2Of(double(nest.rows) * double(nest.k) * bytes / l2);
  f.resultInL2 = log2Of(double(nest.rows) * double(nest.columns) * bytes / l2);
}

static void addAnalytic(Features &f, const AnalyticTime &time) {
  f.logAnalytic = log2Of(time.total);
  f.stepShare = float(time.steps / time.total);
  f.tileShare = float(time.tiles / time.total);
  f.packingShare = float(time.packing / time.total);
  f.cacheShare = float(time.cache / time.total);
  f.memoryShare = float(time.memory / time.total);
}

/// What both families have in common.
static Features common(const Nest &nest, const CpuTarget &target,
                       const AnalyticTime &time) {
  Features f;
  addSizes(f, nest);
  addRegisterTile(f, nest, target);
  addEdges(f, nest, target);
  addCounts(f, nest);
  addFootprints(f, nest, target);
  f.resultAlias = aliasOf(nest.columns * nest.bytes);
  addAnalytic(f, time);
  return f;
}

Features tegula::cost::featuresOf(const ContractionProblem &problem,
                                  const ContractionSchedule &schedule,
                                  const CpuTarget &target,
                                  const AnalyticTime &time) {
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
  nest.packs = schedule.packColumns;
  Features f = common(nest, target, time);
  f.constantColumns = problem.constantColumns;
  f.stride = 1;
  f.logWidth = f.logColumns;
  f.inputInL2 = log2Of(double(problem.n) * double(problem.k) *
                       double(nest.bytes) / double(target.l2Bytes));
  f.rowAlias = aliasOf(problem.k * nest.bytes);
  f.rowSets = setsOf(nest.mr, problem.k * nest.bytes);
  if (!problem.constantColumns) {
    f.columnAlias = aliasOf(problem.n * nest.bytes);
    f.columnSets = setsOf(nest.kc, problem.n * nest.bytes);
  }
  return f;
}

Features tegula::cost::featuresOf(const ConvolutionProblem &problem,
                                  const ConvolutionSchedule &schedule,
                                  const CpuTarget &target,
                                  const AnalyticTime &time) {
  Nest nest;
  nest.batch = problem.batch * problem.groups;
  nest.rows = problem.filters;
  nest.columns = problem.pixels;
  nest.k = problem.channels * problem.window;
  nest.mr = schedule.mr;
  nest.nr = schedule.nr;
  nest.vl = schedule.vl;
  nest.kc = std::min(schedule.kc, nest.k);
  nest.blockRows = std::min(schedule.fc, problem.filters);
  nest.blockColumns = std::min(schedule.nb * schedule.nr, problem.pixels);
  nest.bytes = problem.elementBytes;
  nest.packs = !schedule.inPlace;
  Features f = common(nest, target, time);
  f.isConvolution = 1;
  f.logWindow = log2Of(double(problem.window));
  f.stride = float(problem.stride);
  f.pointwise = problem.pointwise;
  f.logWidth = log2Of(double(problem.width));
  f.inputInL2 = log2Of(double(problem.pixels) * double(problem.channels) *
                       double(problem.stride * problem.stride) *
                       double(nest.bytes) / double(target.l2Bytes));
  int64_t channelBytes =
      problem.pixels * problem.stride * problem.stride * nest.bytes;
  f.columnAlias = aliasOf(channelBytes);
  f.columnSets = setsOf(ceilDiv(nest.kc, problem.window), channelBytes);
  if (!schedule.inPlace) {
    f.runVectors =
        float(double(std::min(problem.width, nest.nr)) / double(nest.vl));
    f.widthLanes = float(problem.width % nest.vl);
  }
  return f;
}

const char *tegula::cost::featureNames() {
  return
#define TEGULA_COST_FEATURE(name, formula) #name "\n"
#include "tegula/CostModel/Features.def"
      ;
}

/// FNV-1a.
static uint64_t hashText(uint64_t hash, const char *text) {
  for (; *text; ++text)
    hash =
        (hash ^ uint64_t(static_cast<unsigned char>(*text))) * 0x100000001b3ull;
  return hash;
}

uint64_t tegula::cost::featureSchema() {
  uint64_t hash = 0xcbf29ce484222325ull ^ kExtractorVersion;
#define TEGULA_COST_FEATURE(name, formula)                                     \
  hash = hashText(hash, #name "=" formula "\n");
#include "tegula/CostModel/Features.def"
  return hash;
}
