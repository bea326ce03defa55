//===- Threads.cpp - Times of kernels on several threads ------------------===//
//
// A kernel is cut into equal tasks that threads share. The slowest thread has
// the most tasks; bytes from memory are read by all through one bus; handing
// out tasks costs the same whatever they are.
//
//===----------------------------------------------------------------------===//

#include "tegula/CostModel/Analytic.h"

#include <algorithm>
#include <cmath>

using namespace tegula::cost;

namespace {

/// The part of an extent's blocks; of an extent that is known at run time only,
/// and of a block that is none, one.
double blocks(int64_t extent, int64_t block) {
  if (extent <= 0 || block <= 0)
    return 1;
  return double(extent / block + (extent % block != 0));
}

double known(int64_t extent) { return extent > 0 ? double(extent) : 1; }

double tasks(const ContractionProblem &problem,
             const ContractionSchedule &schedule) {
  return known(problem.batch) * blocks(problem.m, schedule.mc) *
         blocks(problem.n, schedule.nc);
}

double tasks(const ConvolutionProblem &problem,
             const ConvolutionSchedule &schedule) {
  double panels = blocks(problem.pixels, schedule.nr);
  double panelBlocks = blocks(int64_t(panels), schedule.nb);
  return known(problem.batch) * known(problem.groups) * panelBlocks *
         blocks(problem.filters, schedule.fc);
}

double tasks(const ConvolutionProblem &problem,
             const FilterLanesSchedule &schedule) {
  return known(problem.batch) * known(problem.groups) *
         blocks(problem.pixels, schedule.np) *
         blocks(problem.filters, schedule.fc);
}

double tasks(const ConvolutionProblem &, const WinogradSchedule &schedule) {
  return known(schedule.tasks);
}

double tasks(const AttentionProblem &problem,
             const AttentionSchedule &schedule) {
  double blocksOfQueries =
      known(problem.batch) * blocks(problem.queries, schedule.mq);
  return std::min(known(schedule.tasks), blocksOfQueries);
}

double tasks(const DepthwiseProblem &problem,
             const DepthwiseSchedule &schedule) {
  return known(problem.planes) * blocks(problem.height, schedule.block);
}

/// Elements are divided by a grain: short rows together, long ones in parts.
double tasks(const ElementwiseProblem &problem,
             const ElementwiseSchedule &schedule) {
  int64_t together =
      problem.isTransposed ? std::max(schedule.tile, schedule.vl) : 1;
  int64_t grain = std::max(schedule.grain / std::max<int64_t>(together, 1),
                           std::max<int64_t>(schedule.vl, 1));
  int64_t columns = std::max<int64_t>(problem.columns, 1);
  double rows = blocks(problem.rows, together);
  double rowsOfTask = double(std::max<int64_t>(1, grain / columns));
  return std::ceil(rows / rowsOfTask) * blocks(columns, grain);
}

double tasks(const RowsProblem &problem, const RowsSchedule &schedule) {
  int64_t columns = std::max<int64_t>(problem.columns, 1);
  return blocks(problem.rows, std::max<int64_t>(1, schedule.grain / columns));
}

} // namespace

double tegula::cost::tasksOf(const Problem &problem, const Schedule &schedule) {
  return visitKernel(
      problem, schedule,
      [](const auto &sizes, const auto &point) { return tasks(sizes, point); });
}

double tegula::cost::balanceOf(double tasks, int64_t threads) {
  double most = std::ceil(tasks / double(threads));
  return tasks / (most * double(threads));
}

/// The time of one thread, divided.
static AnalyticTime onThreads(AnalyticTime time, double tasks,
                              const CpuTarget &target) {
  double threads = double(target.threads);
  double compute = balanceOf(tasks, target.threads) * threads;
  double memory = std::min(compute, target.sharedBandwidth);
  double exposed = kExposedMemory * time.memory;
  time.total = (time.total - exposed) / compute + exposed / memory +
               target.dispatchSeconds;
  time.steps /= compute;
  time.tiles /= compute;
  time.packing /= compute;
  time.cache /= compute;
  time.memory /= memory;
  time.dispatch = target.dispatchSeconds;
  return time;
}

AnalyticTime tegula::cost::analyticTime(const Problem &problem,
                                        const Schedule &schedule,
                                        const CpuTarget &target) {
  AnalyticTime time =
      visitKernel(problem, schedule, [&](const auto &sizes, const auto &point) {
        return analyze(sizes, point, target);
      });
  double tasks = tasksOf(problem, schedule);
  if (target.threads <= 1 || tasks <= 1)
    return time;
  return onThreads(time, tasks, target);
}
