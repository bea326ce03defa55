//===- AnalyticModel.cpp - Times from instruction and byte counts ---------===//
//
// A register tile of mr x nr costs, per step of k, the largest of: issuing its
// multiply-adds, waiting for the shortest dependency chain, and issuing its
// loads. Tiles at the edges run whole. Around that: entering and leaving a
// tile, packing, and the bytes that the caches cannot keep.
//
//===----------------------------------------------------------------------===//

#include "tegula/CostModel/Analytic.h"
#include "tegula/CostModel/CostModel.h"
#include "tegula/CostModel/KnownSizes.h"

#include <algorithm>
#include <cmath>

using namespace tegula::cost;

namespace {

/// What counting and addressing add to a step that is bound elsewhere.
constexpr double kLoopCycles = 0.35;
/// How much slower a tile runs whose columns do not lie side by side.
constexpr double kScattered = 1.15;
/// Entering and leaving a tile: the loop, and each accumulator's start, end and
/// store.
double tileCycles(int64_t rows, int64_t vectors) {
  return 40.0 + 4.0 * double(rows * vectors);
}

/// Cycles of the register tiles that cover `m` rows of one panel, all k.
struct PanelCycles {
  double steps, tiles;
};

PanelCycles panelCycles(int64_t m, int64_t mr, int64_t vectors, int64_t k,
                        int64_t kBlocks, const CpuTarget &target) {
  double whole = double(m / mr);
  int64_t tail = m % mr;
  PanelCycles cycles = {
      whole * stepCycles(mr, vectors, target) * double(k),
      whole * tileCycles(mr, vectors) * double(kBlocks),
  };
  if (tail) {
    cycles.steps += stepCycles(tail, vectors, target) * double(k);
    cycles.tiles += tileCycles(tail, vectors) * double(kBlocks);
  }
  return cycles;
}

/// How much faster memory is read along several sequences of addresses than
/// along one: what prefetchers find on each adds up until the core's buffers
/// for outstanding lines are full. Measured on a Zen 3, one to four streams, by
/// one row: 1, 1.27, 1.4, 1.5; by four rows: 1, 1.4, 1.6.
double streamSpeed(int64_t streams) {
  return (5.0 - 2.0 / double(std::max<int64_t>(streams, 1))) / 3.0;
}

/// Adds up the parts' cycles, and makes seconds of them.
AnalyticTime finished(const AnalyticTime &cycles, double seconds) {
  double total = cycles.steps + cycles.tiles + cycles.packing +
                 kExposedCache * cycles.cache + kExposedMemory * cycles.memory;
  return {
      cycles.steps * seconds, cycles.tiles * seconds,  cycles.packing * seconds,
      cycles.cache * seconds, cycles.memory * seconds, total * seconds,
      /*dispatch=*/0};
}

class AnalyticModel final : public CostModel {
public:
  Estimate estimate(const Problem &problem, const Schedule &schedule,
                    const CpuTarget &target) const override {
    return {analyticTime(problem, schedule, target).total, /*spread=*/0};
  }
  Explanation explain(const Problem &problem, const Schedule &schedule,
                      const CpuTarget &target) const override {
    Explanation found;
    found.estimate = estimate(problem, schedule, target);
    found.analyticSeconds = found.estimate.seconds;
    return found;
  }
};

} // namespace

double tegula::cost::stepCycles(int64_t rows, int64_t vectors,
                                const CpuTarget &target) {
  double issue = double(rows * vectors) / target.fmaPerCycle;
  double loads = double(rows + vectors) / target.loadsPerCycle;
  // A tile that needs more registers than there are spills every step.
  int64_t registers = rows * vectors + vectors + 1;
  double spills =
      2.0 * double(std::max<int64_t>(0, registers - target.vectorRegisters));
  return std::max({issue, target.fmaLatency, loads}) + kLoopCycles + spills;
}

namespace {

/// What a contraction moves between the levels of memory.
struct Traffic {
  double cache, memory; ///< Bytes through L2, and from memory.
};

/// Columns that lie far apart are read in place by many tiles.
bool isScattered(const ContractionProblem &problem,
                 const ContractionSchedule &schedule, int64_t m) {
  return !schedule.packColumns && !problem.constantColumns &&
         m > 2 * schedule.mr;
}

Traffic trafficOf(const ContractionProblem &problem,
                  const ContractionSchedule &schedule,
                  const CpuTarget &target) {
  int64_t m = problem.m, n = problem.n, k = problem.k;
  int64_t rowBlocks = ceilDiv(m, schedule.mc);
  double kBlocks = double(ceilDiv(k, schedule.kc));
  double panels = double(ceilDiv(n, schedule.nr));
  double tiles = double(ceilDiv(m, schedule.mr));
  // Bytes through L2: the panel once per row block and, if panel and rows do
  // not fit L1 together, once per tile; the rows once per panel.
  double bytes = double(problem.elementBytes);
  int64_t kc = std::min(schedule.kc, k);
  double panelBytes = double(kc * schedule.nr) * bytes;
  double tileBytes = double(kc * schedule.mr) * bytes;
  bool panelStays = !isScattered(problem, schedule, m) &&
                    panelBytes + tileBytes <= 0.9 * double(target.l1Bytes);
  Traffic traffic;
  traffic.cache = panels * kBlocks *
                  (panelBytes * (panelStays ? double(rowBlocks) : tiles) +
                   tileBytes * tiles);
  traffic.cache += 2.0 * double(m) * double(n) * bytes * (kBlocks - 1);
  // Bytes from memory: the columns once per row block; the rows again for each
  // panel if a block of them does not fit L2.
  double rowBytes = double(std::min(schedule.mc, m) * kc) * bytes;
  bool rowsStay = rowBytes <= 0.8 * double(target.l2Bytes);
  traffic.memory = double(k) * double(n) * bytes * double(rowBlocks) +
                   double(m) * double(k) * bytes * (rowsStay ? 1 : panels) +
                   double(m) * double(n) * bytes;
  return traffic;
}

} // namespace

AnalyticTime tegula::cost::analyze(const ContractionProblem &problem,
                                   const ContractionSchedule &schedule,
                                   const CpuTarget &target) {
  int64_t m = problem.m, n = problem.n, k = problem.k;
  double panels = double(ceilDiv(n, schedule.nr));
  PanelCycles panel =
      panelCycles(m, schedule.mr, ceilDiv(schedule.nr, schedule.vl), k,
                  ceilDiv(k, schedule.kc), target);
  // Columns read in place by many tiles: every k is another line and, with
  // long rows, another page.
  double slower = isScattered(problem, schedule, m) ? kScattered : 1.0;
  AnalyticTime time;
  time.steps = panels * panel.steps * slower;
  time.tiles = panels * panel.tiles * slower;
  if (schedule.packColumns)
    time.packing = double(ceilDiv(m, schedule.mc)) * double(k) * double(n) /
                   double(schedule.vl) *
                   (problem.transposedColumns ? 3.0 : 1.5);
  Traffic traffic = trafficOf(problem, schedule, target);
  time.cache = traffic.cache / target.l2BytesPerCycle;
  time.memory = traffic.memory / target.memoryBytesPerCycle /
                streamSpeed(schedule.streams);
  return finished(time, double(problem.batch) / target.cyclesPerSecond);
}

AnalyticTime tegula::cost::analyze(const ConvolutionProblem &problem,
                                   const ConvolutionSchedule &schedule,
                                   const CpuTarget &target) {
  int64_t k = product(problem.channels, problem.window);
  int64_t pixels = problem.pixels, filters = problem.filters;
  int64_t vectors = ceilDiv(schedule.nr, schedule.vl);
  PanelCycles panel = panelCycles(filters, schedule.mr, vectors, k,
                                  ceilDiv(k, schedule.kc), target);
  // The last panel runs with as many vectors as it needs.
  double panels = double(pixels / schedule.nr);
  int64_t tailVectors = ceilDiv(pixels % schedule.nr, schedule.vl);
  if (tailVectors)
    panels += std::max(double(tailVectors) / double(vectors),
                       target.fmaLatency * target.fmaPerCycle /
                           double(schedule.mr * vectors));
  AnalyticTime time;
  time.steps = panels * panel.steps;
  time.tiles = panels * panel.tiles;
  if (!schedule.inPlace)
    time.packing = double(ceilDiv(filters, schedule.fc)) * panels * double(k) *
                   double(vectors) * 2.5;
  // The weights stream once per block of panels.
  double weightBytes =
      double(filters) * double(k) * double(problem.elementBytes);
  time.cache = weightBytes *
               double(ceilDiv(pixels, schedule.nr * schedule.nb)) /
               target.l2BytesPerCycle;
  time.memory = weightBytes / target.memoryBytesPerCycle;
  return finished(time, double(problem.batch) * double(problem.groups) /
                            target.cyclesPerSecond);
}

AnalyticTime tegula::cost::analyze(const ConvolutionProblem &problem,
                                   const FilterLanesSchedule &schedule,
                                   const CpuTarget &target) {
  // Cycles to turn a vector of sums, with its epilogue and its store.
  constexpr double kTurned = 8;
  // How much slower tiles run whose operands come from L2.
  constexpr double kBeyondL1 = 1.3;
  int64_t k = product(problem.channels, problem.window);
  int64_t filters = problem.filters, pixels = problem.pixels;
  int64_t kBlocks = ceilDiv(k, schedule.kc);
  double panels = double(ceilDiv(filters, schedule.nr));
  PanelCycles panel =
      panelCycles(pixels, schedule.mr, ceilDiv(schedule.nr, schedule.vl), k,
                  kBlocks, target);
  // All tiles of pixels read the panel of filters, all panels the pixels. In
  // place, each row of pixels ends within a cache line.
  double bytes = double(problem.elementBytes);
  double block = double(std::min(schedule.kc, k)) *
                 (double(schedule.nr + pixels) * bytes +
                  (schedule.inPlace && pixels > 1 ? 64 : 0));
  bool stays = pixels <= schedule.mr || block <= 1.1 * double(target.l1Bytes);
  AnalyticTime time;
  time.steps = panels * panel.steps * (stays ? 1 : kBeyondL1);
  double pixelVectors = double(ceilDiv(pixels, schedule.vl));
  time.tiles = panels * panel.tiles +
               kTurned * double(filters) *
                   (pixels == 1 ? 1.0 / double(schedule.vl) : pixelVectors);
  if (!schedule.inPlace)
    time.packing =
        double(ceilDiv(filters, schedule.fc)) * pixelVectors * double(k) * 2.5;
  time.cache =
      panels * double(k) * double(pixels) * bytes / target.l2BytesPerCycle;
  time.memory = double(filters) * double(k) * bytes *
                double(ceilDiv(pixels, schedule.np)) /
                target.memoryBytesPerCycle;
  return finished(time, double(problem.batch) * double(problem.groups) /
                            target.cyclesPerSecond);
}

namespace {

/// Cycles per element of a tile, for one vector of tiles of one channel (of one
/// filter): what it takes to transform the input (the result).
constexpr double kInputTransform = 6.5;
constexpr double kResultTransform = 4.5;
/// Bytes per cycle at which transformed tiles get beyond L2 and back.
constexpr double kSpilledTiles = 15;

/// Which part of a block's transformed tiles, before and after the products,
/// does not stay in L2. Channels lie an odd number of cache lines apart.
double spilledPart(const ConvolutionProblem &problem,
                   const WinogradSchedule &schedule, int64_t tiles,
                   const CpuTarget &target) {
  constexpr int64_t line = 64;
  int64_t lines = ceilDiv(tiles * problem.elementBytes, line) | 1;
  double elements = double(schedule.results + 2) * double(schedule.results + 2);
  double bytes =
      elements * double(lines) * double(line) *
      double(problem.channels + std::min(problem.filters, schedule.fc));
  double l2 = double(target.l2Bytes);
  return std::clamp((bytes - l2) / l2, 0.0, 1.0);
}

} // namespace

AnalyticTime tegula::cost::analyze(const ConvolutionProblem &problem,
                                   const WinogradSchedule &schedule,
                                   const CpuTarget &target) {
  int64_t columns = ceilDiv(problem.width, schedule.results);
  int64_t height = std::max<int64_t>(problem.pixels / problem.width, 1);
  int64_t rows = ceilDiv(height, schedule.results);
  double elements = double(schedule.results + 2) * double(schedule.results + 2);
  int64_t blockRows = std::min(schedule.rows, rows);
  int64_t rowBlocks = ceilDiv(rows, blockRows);
  int64_t vectors = ceilDiv(schedule.nr, schedule.vl);
  AnalyticTime time;
  // The products, one per element of a tile. The last panel of a block runs
  // with as many vectors as it needs.
  auto addBlocks = [&](double blocks, int64_t tileRows) {
    int64_t tiles = tileRows * columns;
    auto addPanels = [&](double count, int64_t panelVectors) {
      PanelCycles panel =
          panelCycles(problem.filters, schedule.mr, panelVectors,
                      problem.channels, /*kBlocks=*/1, target);
      time.steps += blocks * elements * count * panel.steps;
      time.tiles += blocks * elements * count * panel.tiles;
    };
    addPanels(double(tiles / schedule.nr), vectors);
    if (int64_t rest = tiles % schedule.nr)
      addPanels(1, ceilDiv(rest, schedule.vl));
  };
  addBlocks(double(rows / blockRows), blockRows);
  if (int64_t rest = rows % blockRows)
    addBlocks(1, rest);
  // The transforms: each task that takes a part of the filters transforms the
  // input for itself.
  int64_t filterBlocks = ceilDiv(problem.filters, schedule.fc);
  double channels = double(problem.channels), filters = double(problem.filters);
  double rowVectors = double(rows) * double(ceilDiv(columns, schedule.vl));
  double inputs =
      double(std::min(rowBlocks * filterBlocks, rowBlocks + schedule.tasks));
  time.packing = elements * rowVectors *
                 (kInputTransform * channels * inputs / double(rowBlocks) +
                  kResultTransform * filters);
  // Transformed tiles are written and read once, the filters read per block.
  double bytes = double(problem.elementBytes);
  double tileBytes =
      elements * double(rows * columns) * (channels + filters) * bytes;
  time.packing +=
      2 * tileBytes / kSpilledTiles *
      spilledPart(problem, schedule, product(blockRows, columns), target);
  double filterBytes = elements * channels * filters * bytes;
  time.cache = (2 * tileBytes + filterBytes * double(rowBlocks)) /
               target.l2BytesPerCycle;
  time.memory =
      filterBytes *
      double(filterBytes > double(target.lastLevelBytes) ? rowBlocks : 1) /
      target.memoryBytesPerCycle;
  return finished(time, double(problem.batch) / target.cyclesPerSecond);
}

namespace {

/// Cycles of the softmax per vector of scores: largest, exponential and sum;
/// the division; each byte beyond the level-1 cache is part of the traffic.
constexpr double kExponentials = 14;
/// Writing a vector of transposed queries.
constexpr double kTransposed = 3;

} // namespace

AnalyticTime tegula::cost::analyze(const AttentionProblem &problem,
                                   const AttentionSchedule &schedule,
                                   const CpuTarget &target) {
  int64_t keys = problem.keys, queries = problem.queries;
  int64_t depth = problem.depth, columns = problem.columns;
  double bytes = 4, blocks = double(ceilDiv(queries, schedule.mq));
  AnalyticTime time;
  // The scores: lanes are queries. What is left of a panel runs vector by
  // vector.
  auto addScores = [&](double count, int64_t vectors) {
    PanelCycles panel =
        panelCycles(keys, schedule.mr, vectors, depth, /*kBlocks=*/1, target);
    time.steps += count * panel.steps;
    time.tiles += count * panel.tiles;
  };
  addScores(double(queries / schedule.nr), ceilDiv(schedule.nr, schedule.vl));
  int64_t rest = ceilDiv(queries % schedule.nr, schedule.vl);
  addScores(double(rest), 1);
  // The result: lanes are columns.
  auto addResult = [&](double count, int64_t vectors) {
    PanelCycles panel = panelCycles(queries, schedule.mr, vectors, keys,
                                    ceilDiv(keys, schedule.kc), target);
    time.steps += count * panel.steps;
    // Between blocks of keys sums are only loaded and stored.
    time.tiles += count * panel.tiles / 2;
  };
  addResult(double(columns / schedule.nr), ceilDiv(schedule.nr, schedule.vl));
  if (int64_t tail = ceilDiv(columns % schedule.nr, schedule.vl))
    addResult(1, tail);
  double vectors = double(ceilDiv(queries, schedule.vl));
  time.packing =
      vectors * (kTransposed * double(depth) + kExponentials * double(keys));
  // Per block of queries: keys and values once, the scores three times there
  // and back if they do not stay in the level-1 cache. A panel of values is
  // read by each tile of queries, from the level-2 cache if the rows that it is
  // cut from, which share its cache sets, do not fit the other.
  double scoreBytes = double(schedule.mq * keys) * bytes;
  double keyBytes = double(keys) * double(depth + columns) * bytes;
  double l1 = 0.9 * double(target.l1Bytes);
  double passes = scoreBytes <= l1 ? 0 : 6;
  int64_t kc = std::min(schedule.kc, keys);
  bool panelStays = double(kc * columns) * bytes <= 0.75 * l1;
  double tiles = panelStays ? 1 : double(ceilDiv(schedule.mq, schedule.mr));
  time.cache = blocks *
               (keyBytes + passes * scoreBytes +
                (tiles - 1) * double(keys * columns) * bytes) /
               target.l2BytesPerCycle;
  bool spills = scoreBytes + keyBytes > double(target.l2Bytes);
  time.memory =
      (spills ? blocks * keyBytes
              : keyBytes + double(queries) * double(depth + columns) * bytes) /
      target.memoryBytesPerCycle;
  return finished(time, double(problem.batch) / target.cyclesPerSecond);
}

namespace {

/// Kernels without products: two vector instructions start in a cycle. Those of
/// one vector wait for each other; a processor looks ahead for others, but not
/// over as many as an exponential has: vectors side by side wait less.
constexpr double kIssue = 2;
constexpr double kWaiting = 0.45;
/// Entering and leaving the loop over a row, and the part of a row that fills
/// no vector, under a mask.
constexpr double kRowCycles = 8;
constexpr double kMaskCycles = 10;
/// Combining the accumulators of a row to one number.
constexpr double kTreeCycles = 15;
/// Lines of an input are fetched in pairs while a block of rows is transposed.
/// More rows than this crowd the level-1 cache, whose sets they share if they
/// lie a power of two apart.
constexpr double kFetchedBytes = 128;
constexpr int64_t kTransposedRows = 32;
constexpr double kCrowded = 1.1;

/// Cycles for the points of a row, `unroll` vectors side by side.
double rowCycles(int64_t columns, int64_t vl, int64_t unroll,
                 double instructions) {
  auto cycles = [&](int64_t vectors, int64_t together) {
    return double(vectors) * instructions / kIssue *
           (1 + kWaiting / double(together));
  };
  int64_t whole = columns / vl, rest = whole % unroll;
  double masked = columns % vl ? cycles(1, 1) + kMaskCycles : 0;
  return cycles(whole - rest, unroll) + cycles(rest, 1) + masked + kRowCycles;
}

/// Operands and results pass through the caches once. What the last level holds
/// comes from there, twice as fast as from memory.
void addTraffic(AnalyticTime &time, int64_t bytes, const CpuTarget &target) {
  time.cache = double(bytes) / target.l2BytesPerCycle;
  if (bytes > target.l2Bytes)
    time.memory = double(bytes) / target.memoryBytesPerCycle *
                  (bytes > target.lastLevelBytes ? 1 : 0.5);
}

} // namespace

AnalyticTime tegula::cost::analyze(const ElementwiseProblem &problem,
                                   const ElementwiseSchedule &schedule,
                                   const CpuTarget &target) {
  // With a load and a store.
  double instructions = double(problem.instructions) + 2;
  int64_t unroll = schedule.unroll;
  AnalyticTime time;
  addTraffic(time, problem.bytes, target);
  if (problem.isTransposed) {
    // A square of n x n takes n log2(n) shuffles. Lines of an input of which a
    // block of rows takes a part are fetched again by the next one.
    instructions += std::log2(double(schedule.vl));
    unroll = 1;
    double fetched =
        double(schedule.tile * problem.elementBytes) / kFetchedBytes;
    time.cache /= std::min(1.0, fetched);
    if (schedule.tile > kTransposedRows)
      time.cache *= kCrowded;
  }
  time.steps = double(problem.rows) *
               rowCycles(problem.columns, schedule.vl, unroll, instructions);
  return finished(time, 1 / target.cyclesPerSecond);
}

AnalyticTime tegula::cost::analyze(const RowsProblem &problem,
                                   const RowsSchedule &schedule,
                                   const CpuTarget &target) {
  double rows = double(problem.rows), passes = double(problem.passes);
  AnalyticTime time;
  addTraffic(time, problem.bytes, target);
  // With a load in each pass.
  double instructions = double(problem.instructions) / passes + 1;
  time.steps =
      rows * passes *
      rowCycles(problem.columns, schedule.vl, schedule.unroll, instructions);
  time.tiles = rows * double(problem.reductions) * kTreeCycles;
  return finished(time, 1 / target.cyclesPerSecond);
}

const CostModel &tegula::cost::analyticModel() {
  static const AnalyticModel model;
  return model;
}
