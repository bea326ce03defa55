//===- Resources.cpp - Features of threads, the machine, analytic time ----===//

#include "Parts.h"

using namespace tegula::cost;
using namespace tegula::cost::features;

void features::addTasks(Features &f, const AnalyticTime &time, double tasks,
                        const Traffic &traffic, const CpuTarget &target) {
  f.threads = float(target.threads);
  f.logTasks = log2Of(tasks);
  f.balance = float(balanceOf(tasks, target.threads));
  double most = std::ceil(tasks / double(target.threads));
  f.grain = log2Of(time.total / (most * target.dispatchSeconds));
  f.taskInL2 = log2Of(traffic.ofTask / double(target.l2Bytes));
  f.sharedReads = log2Of(tasks * traffic.ofTask / traffic.compulsory);
}

void features::addMachine(Features &f, const CpuTarget &target) {
  double vectorBytes = double(target.vectorBits) / 8;
  double peak = vectorBytes * target.fmaPerCycle;
  f.peakOverL2 = log2Of(peak / target.l2BytesPerCycle);
  f.peakOverMemory = log2Of(peak / target.memoryBytesPerCycle);
  f.l1Vectors = log2Of(double(target.l1Bytes) / vectorBytes);
  f.l2OverL1 = log2Of(double(target.l2Bytes) / double(target.l1Bytes));
  f.vectorRegisters = float(target.vectorRegisters);
}

void features::addAnalytic(Features &f, const AnalyticTime &time) {
  f.logAnalytic = log2Of(time.total);
  f.stepShare = float(time.steps / time.total);
  f.tileShare = float(time.tiles / time.total);
  f.packingShare = float(time.packing / time.total);
  f.cacheShare = float(time.cache / time.total);
  f.memoryShare = float(time.memory / time.total);
  f.dispatchShare = float(time.dispatch / time.total);
}

Features features::nestFeatures(const Nest &nest, const Traffic &traffic,
                                double work, const Context &context) {
  Features f;
  const CpuTarget &target = context.target;
  addSizes(f, nest, target);
  addRegisterTile(f, nest, target);
  addEdges(f, nest, target);
  addCounts(f, nest);
  addFootprints(f, nest, target);
  addTraffic(f, traffic, work, nest.bytes, target);
  addResultAddresses(f, nest.columns * nest.bytes);
  addTasks(f, context.time, context.tasks, traffic, target);
  addMachine(f, target);
  addAnalytic(f, context.time);
  return f;
}
