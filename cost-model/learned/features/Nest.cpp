//===- Nest.cpp - Features of a loop nest and its register tile -----------===//

#include "Parts.h"

using namespace tegula::cost;
using namespace tegula::cost::features;

double Nest::work() const {
  return double(batch) * double(rows) * double(columns) * double(k);
}

void features::addSizes(Features &f, const Nest &nest,
                        const CpuTarget &target) {
  f.elementBytes = float(nest.bytes);
  f.logRows = log2Of(double(nest.rows));
  f.logColumns = log2Of(double(nest.columns));
  f.logK = log2Of(double(nest.k));
  f.logBatch = log2Of(double(nest.batch));
  f.logWork = log2Of(nest.work());
  f.logWidth = f.logColumns;
  f.stride = f.dilation = f.streams = 1;
  f.storedRows = float(nest.rowBytes / double(nest.bytes));
  f.storedColumns = float(nest.columnBytes / double(nest.bytes));
  f.mr = float(nest.mr);
  f.vectors = float(nest.vectors());
  f.laneShare = float(double(nest.vl) * double(nest.bytes) * 8 /
                      double(target.vectorBits));
  f.logKc = log2Of(double(nest.kc));
  f.logBlockRows = log2Of(double(nest.blockRows));
  f.logBlockColumns = log2Of(double(nest.blockColumns));
}

void features::addRegisterTile(Features &f, const Nest &nest,
                               const CpuTarget &target) {
  double mr = double(nest.mr), vectors = double(nest.vectors());
  double sums = mr * vectors;
  f.registers = float((sums + vectors + 1) / double(target.vectorRegisters));
  f.spilled = std::max(0.0f, f.registers - 1);
  f.chains = float(sums / (target.fmaLatency * target.fmaPerCycle));
  f.loadsPerFma = float((mr + vectors) / sums);
  f.cyclesPerFma = float(stepCycles(nest.mr, nest.vectors(), target) / sums);
  f.loadBound =
      float(f.loadsPerFma * target.fmaPerCycle / target.loadsPerCycle);
  f.logCode = log2Of(sums);
}

void features::addEdges(Features &f, const Nest &nest,
                        const CpuTarget &target) {
  int64_t tailRows = nest.rows % nest.mr;
  f.rowFill =
      float(double(nest.rows) / (double(nest.rowTiles()) * double(nest.mr)));
  f.tailRows = float(double(tailRows) / double(nest.mr));
  if (tailRows) {
    double tail = stepCycles(tailRows, nest.vectors(), target);
    double whole = double(nest.rows / nest.mr) *
                   stepCycles(nest.mr, nest.vectors(), target);
    f.tailRowSteps = float(tail / (tail + whole));
  }
  int64_t tailColumns = nest.columns % nest.nr;
  f.columnFill =
      float(double(nest.columns) / (double(nest.panels()) * double(nest.nr)));
  f.tailVectors =
      float(double(ceilDiv(tailColumns, nest.vl)) / double(nest.vectors()));
  f.tailPanels = tailColumns ? float(1.0 / double(nest.panels())) : 0;
  f.maskedLanes = float(double(nest.columns % nest.vl) / double(nest.vl));
  f.laneFill =
      float(double(nest.columns) /
            (double(ceilDiv(nest.columns, nest.vl)) * double(nest.vl)));
  f.kFill = float(double(nest.k) / (double(nest.kBlocks()) * double(nest.kc)));
}

void features::addCounts(Features &f, const Nest &nest) {
  f.logRowTiles = log2Of(double(nest.rowTiles()));
  f.logPanels = log2Of(double(nest.panels()));
  f.logKBlocks = log2Of(double(nest.kBlocks()));
  f.logRowBlocks = log2Of(double(nest.rowBlocks()));
  f.logColumnBlocks = log2Of(double(nest.columnBlocks()));
  f.logTilesOfBlock = log2Of(double(ceilDiv(nest.blockRows, nest.mr)));
  f.logPanelsOfBlock = log2Of(double(ceilDiv(nest.blockColumns, nest.nr)));
}
