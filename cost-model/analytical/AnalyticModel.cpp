//===- AnalyticModel.cpp - Times from instruction and byte counts ---------===//
//
// A register tile of mr x nr costs, per step of k, the largest of: issuing its
// multiply-adds, waiting for the shortest dependency chain, and issuing its
// loads. Tiles at the edges run whole. Around that: entering and leaving a
// tile, packing, and the bytes that the caches cannot keep.
//
//===----------------------------------------------------------------------===//

#include "tegula/CostModel/CostModel.h"

#include <algorithm>
#include <cmath>

using namespace tegula::cost;

namespace {

/// A guess for an extent that is only known at run time.
constexpr int64_t kTypicalExtent = 128;

int64_t known(int64_t extent) {
  return extent == kDynamic ? kTypicalExtent : extent;
}

int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// What counting and addressing add to a step that is bound elsewhere.
constexpr double kLoopCycles = 0.35;
/// How much slower a tile runs whose columns do not lie side by side.
constexpr double kScattered = 1.15;
/// How much of the time for bytes from L2 is not hidden behind arithmetic.
constexpr double kExposedL2 = 0.08;
/// How much of the arithmetic is not hidden behind bytes from memory.
constexpr double kExposedCompute = 0.2;

/// Cycles of one step of k of a register tile.
double stepCycles(int64_t rows, int64_t vectors, const CpuTarget &target) {
  double issue = double(rows * vectors) / target.fmaPerCycle;
  double loads = double(rows + vectors) / target.loadsPerCycle;
  // A tile that needs more registers than there are spills every step.
  int64_t registers = rows * vectors + vectors + 1;
  double spills =
      2.0 * double(std::max<int64_t>(0, registers - target.vectorRegisters));
  return std::max({issue, target.fmaLatency, loads}) + kLoopCycles + spills;
}

/// Entering and leaving a tile: the loop, and each accumulator's start, end and
/// store.
double tileCycles(int64_t rows, int64_t vectors) {
  return 40.0 + 4.0 * double(rows * vectors);
}

class AnalyticModel final : public CostModel {
public:
  double seconds(const ContractionProblem &problem,
                 const ContractionSchedule &schedule,
                 const CpuTarget &target) const override;
  double seconds(const ConvolutionProblem &problem,
                 const ConvolutionSchedule &schedule,
                 const CpuTarget &target) const override;
};

} // namespace

double AnalyticModel::seconds(const ContractionProblem &problem,
                              const ContractionSchedule &schedule,
                              const CpuTarget &target) const {
  double batch = double(known(problem.batch));
  int64_t m = known(problem.m), n = known(problem.n), k = known(problem.k);
  int64_t kBlocks = ceilDiv(k, schedule.kc);
  int64_t vectors = schedule.nr / schedule.vl;
  double panels = double(ceilDiv(n, schedule.nr));
  int64_t rowBlocks = ceilDiv(m, schedule.mc);

  double perPanel = 0;
  int64_t wholeTiles = m / schedule.mr, tailRows = m % schedule.mr;
  perPanel += double(wholeTiles) *
              (stepCycles(schedule.mr, vectors, target) * double(k) +
               tileCycles(schedule.mr, vectors) * double(kBlocks));
  if (tailRows)
    perPanel += stepCycles(tailRows, vectors, target) * double(k) +
                tileCycles(tailRows, vectors) * double(kBlocks);
  double compute = panels * perPanel;
  // Columns read in place by many tiles: every k is another line and, with
  // long rows, another page.
  bool scattered =
      !schedule.packColumns && !problem.constantColumns && m > 2 * schedule.mr;
  if (scattered)
    compute *= kScattered;
  if (schedule.packColumns)
    compute += double(rowBlocks) * double(k) * double(n) / double(schedule.vl) *
               (problem.transposedColumns ? 3.0 : 1.5);

  // Bytes through L2: the panel once per row block and, if panel and rows do
  // not fit L1 together, once per tile; the rows once per panel.
  double bytes = double(problem.elementBytes);
  int64_t kc = std::min(schedule.kc, k);
  double panelBytes = double(kc * schedule.nr) * bytes;
  double tileBytes = double(kc * schedule.mr) * bytes;
  bool panelStays =
      !scattered && panelBytes + tileBytes <= 0.9 * double(target.l1Bytes);
  double tiles = double(ceilDiv(m, schedule.mr));
  double l2Bytes = panels * double(kBlocks) *
                   (panelBytes * (panelStays ? double(rowBlocks) : tiles) +
                    tileBytes * tiles);
  l2Bytes += 2.0 * double(m) * double(n) * bytes * double(kBlocks - 1);
  // Bytes from memory: the columns once per row block; the rows again for each
  // panel if a block of them does not fit L2.
  double rowBytes = double(std::min(schedule.mc, m) * kc) * bytes;
  bool rowsStay = rowBytes <= 0.8 * double(target.l2Bytes);
  double memoryBytes = double(k) * double(n) * bytes * double(rowBlocks) +
                       double(m) * double(k) * bytes * (rowsStay ? 1 : panels) +
                       double(m) * double(n) * bytes;
  double cycles = std::max(
      {compute + kExposedL2 * l2Bytes / target.l2BytesPerCycle,
       l2Bytes / target.l2BytesPerCycle,
       memoryBytes / target.memoryBytesPerCycle + kExposedCompute * compute});
  return batch * cycles / target.cyclesPerSecond;
}

double AnalyticModel::seconds(const ConvolutionProblem &problem,
                              const ConvolutionSchedule &schedule,
                              const CpuTarget &target) const {
  int64_t k = known(problem.channels) * known(problem.window);
  int64_t pixels = known(problem.pixels);
  int64_t vectors = schedule.nr / schedule.vl;
  int64_t kBlocks = ceilDiv(k, schedule.kc);
  double bytes = double(problem.elementBytes);

  int64_t wholeTiles = problem.filters / schedule.mr;
  int64_t tailRows = problem.filters % schedule.mr;
  double perPanel = double(wholeTiles) *
                    (stepCycles(schedule.mr, vectors, target) * double(k) +
                     tileCycles(schedule.mr, vectors) * double(kBlocks));
  if (tailRows)
    perPanel += stepCycles(tailRows, vectors, target) * double(k) +
                tileCycles(tailRows, vectors) * double(kBlocks);
  // The last panel runs with as many vectors as it needs.
  double panels = double(pixels / schedule.nr);
  int64_t tailVectors = ceilDiv(pixels % schedule.nr, schedule.vl);
  if (tailVectors)
    panels += std::max(double(tailVectors) / double(vectors),
                       target.fmaLatency * target.fmaPerCycle /
                           double(schedule.mr * vectors));
  int64_t blocks = ceilDiv(pixels, schedule.nr * schedule.nb);
  int64_t filterBlocks = ceilDiv(problem.filters, schedule.fc);
  double compute = panels * perPanel;
  if (!schedule.inPlace)
    compute += double(filterBlocks) * panels * double(k * vectors) * 2.5;
  // The weights stream once per block of panels.
  double weightBytes = double(problem.filters * k) * bytes;
  double l2Bytes = weightBytes * double(blocks);
  double cycles = compute + 2 * kExposedL2 * l2Bytes / target.l2BytesPerCycle +
                  weightBytes / target.memoryBytesPerCycle * 0.3;
  return double(known(problem.batch)) * double(problem.groups) * cycles /
         target.cyclesPerSecond;
}

const CostModel &tegula::cost::analyticModel() {
  static const AnalyticModel model;
  return model;
}
