//===- Memory.cpp - Features of caches, bytes that move and addresses -----===//

#include "Parts.h"

#include <numeric>

using namespace tegula::cost;
using namespace tegula::cost::features;

/// Bytes after which addresses fall into the same set of a level-1 cache; also
/// those of a page.
static constexpr int64_t kPeriod = 4096;
static constexpr int64_t kLine = 64;

float features::aliasOf(int64_t stride) {
  return log2Of(double(std::gcd(stride, kPeriod)));
}

float features::setsOf(int64_t rows, int64_t stride) {
  double period = double(kPeriod / std::gcd(stride, kPeriod));
  return log2Of(1 + double(rows) / period);
}

float features::pagesOf(int64_t rows, int64_t bytes, int64_t stride) {
  // Lines that lie close together share pages.
  double apart = std::min(double(stride), double(kPeriod));
  double pages = double(rows) * apart / double(kPeriod);
  double ofLine = double(ceilDiv(std::min(bytes, stride), kPeriod));
  return log2Of(std::max(1.0, pages * ofLine));
}

double Nest::compulsoryBytes() const {
  return double(batch) * (double(rows) * double(k) * rowBytes +
                          double(k) * double(columns) * columnBytes +
                          double(rows) * double(columns) * double(bytes));
}

double Nest::bytesBeyond(double capacity) const {
  double size = double(bytes);
  double rowsSize = double(rows) * double(k) * rowBytes;
  double columnsSize = double(k) * double(columns) * columnBytes;
  double resultSize = double(rows) * double(columns) * size;
  double readsOfRows = 1, readsOfColumns = 1, movesOfResult = 1;
  if (rowsSize > capacity)
    readsOfRows = double(blockRows) * double(kc) * size <= capacity
                      ? double(columnBlocks())
                      : double(panels());
  if (columnsSize > capacity)
    readsOfColumns = double(kc) * double(nr) * size <= capacity
                         ? double(rowBlocks())
                         : double(rowTiles());
  if (resultSize > capacity)
    movesOfResult = 2.0 * double(kBlocks()) - 1;
  return double(batch) *
         (rowsSize * readsOfRows + columnsSize * readsOfColumns +
          resultSize * movesOfResult);
}

double Nest::loadedBytes() const {
  double ofTile = double(k) * double(mr + nr) * double(bytes);
  double results = double(rows) * double(columns) * double(bytes) *
                   (2.0 * double(kBlocks()) - 1);
  return double(batch) *
         (double(rowTiles()) * double(panels()) * ofTile + results);
}

double Nest::taskBytes() const {
  double blockM = double(blockRows), blockN = double(blockColumns);
  return blockM * double(k) * rowBytes + double(k) * blockN * columnBytes +
         blockM * blockN * double(bytes);
}

Traffic features::trafficOf(const Nest &nest, const CpuTarget &target) {
  Traffic traffic;
  traffic.compulsory = nest.compulsoryBytes();
  traffic.loaded = nest.loadedBytes();
  traffic.ofTask = nest.taskBytes();
  traffic.setLevels(
      target, [&](double capacity) { return nest.bytesBeyond(capacity); });
  return traffic;
}

void features::addFootprints(Features &f, const Nest &nest,
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
  f.inputInL2 =
      log2Of(double(nest.columns) * double(nest.k) * nest.columnBytes / l2);
  f.resultInL2 = log2Of(double(nest.rows) * double(nest.columns) * bytes / l2);
}

void features::addScratch(Features &f, double bytes, const CpuTarget &target) {
  f.scratchInL1 = log2Of(bytes / double(target.l1Bytes));
  f.scratchInL2 = log2Of(bytes / double(target.l2Bytes));
}

void features::addTraffic(Features &f, const Traffic &traffic, double work,
                          int64_t bytes, const CpuTarget &target) {
  double compulsory = traffic.compulsory;
  f.logCompulsory = log2Of(compulsory);
  f.allInL1 = log2Of(compulsory / double(target.l1Bytes));
  f.allInL2 = log2Of(compulsory / double(target.l2Bytes));
  f.allInLast = log2Of(compulsory / double(target.lastLevelBytes));
  f.loadExcess = log2Of(traffic.loaded / compulsory);
  f.l2Excess = log2Of(traffic.beyondL1 / compulsory);
  f.lastExcess = log2Of(traffic.beyondL2 / compulsory);
  f.memoryExcess = log2Of(traffic.beyondLast / compulsory);
  double cycles = work * double(bytes) * 8 /
                  (double(target.vectorBits) * target.fmaPerCycle);
  f.l2Intensity = log2Of(cycles * target.l2BytesPerCycle / traffic.beyondL1);
  f.memoryIntensity =
      log2Of(cycles * target.memoryBytesPerCycle / traffic.beyondL2);
  f.logReuse = log2Of(work * double(bytes) / compulsory);
}

void features::addResultAddresses(Features &f, int64_t rowBytes) {
  f.resultAlias = aliasOf(rowBytes);
  f.resultOffset = float(double(rowBytes % kLine) / double(kLine));
}
