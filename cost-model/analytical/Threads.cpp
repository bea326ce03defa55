//===- Threads.cpp - Times of kernels on several threads ------------------===//
//
// A kernel is cut into equal tasks that threads share. The slowest thread has
// the most tasks; bytes from memory are read by all through one bus; handing
// out tasks costs the same whatever they are.
//
//===----------------------------------------------------------------------===//

#include "tegula/CostModel/Analytic.h"
#include "tegula/CostModel/KnownSizes.h"

#include <algorithm>
#include <cmath>

using namespace tegula::cost;

namespace {

double blocks(int64_t extent, int64_t block) {
  return double(ceilDiv(extent, block));
}

double tasks(const ContractionProblem &problem,
             const ContractionSchedule &schedule) {
  return double(problem.batch) * blocks(problem.m, schedule.mc) *
         blocks(problem.n, schedule.nc);
}

double tasks(const ConvolutionProblem &problem,
             const ConvolutionSchedule &schedule) {
  int64_t panels = ceilDiv(problem.pixels, schedule.nr);
  return double(problem.batch) * double(problem.groups) *
         blocks(panels, schedule.nb) * blocks(problem.filters, schedule.fc);
}

double tasks(const ConvolutionProblem &problem,
             const FilterLanesSchedule &schedule) {
  return double(problem.batch) * double(problem.groups) *
         blocks(problem.pixels, schedule.np) *
         blocks(problem.filters, schedule.fc);
}

double tasks(const ConvolutionProblem &, const WinogradSchedule &schedule) {
  return double(schedule.tasks);
}

double tasks(const AttentionProblem &problem,
             const AttentionSchedule &schedule) {
  double blocksOfQueries =
      double(problem.batch) * blocks(problem.queries, schedule.mq);
  return std::min(double(schedule.tasks), blocksOfQueries);
}

double tasks(const DepthwiseProblem &problem,
             const DepthwiseSchedule &schedule) {
  return double(problem.planes) * blocks(problem.height, schedule.block);
}

/// Elements are divided by a grain: short rows together, long ones in parts.
double tasks(const ElementwiseProblem &problem,
             const ElementwiseSchedule &schedule) {
  int64_t together =
      problem.isTransposed ? std::max(schedule.tile, schedule.vl) : 1;
  int64_t grain = std::max(schedule.grain / together, schedule.vl);
  int64_t rowsOfTask = std::max<int64_t>(1, grain / problem.columns);
  return blocks(ceilDiv(problem.rows, together), rowsOfTask) *
         blocks(problem.columns, grain);
}

double tasks(const RowsProblem &problem, const RowsSchedule &schedule) {
  return blocks(problem.rows,
                std::max<int64_t>(1, schedule.grain / problem.columns));
}

} // namespace

double tegula::cost::tasksOf(const Problem &problem, const Schedule &schedule) {
  return visitKernel(
      problem, schedule, [](const auto &sizes, const auto &point) {
        return tasks(withKnownSizes(sizes), withKnownSizes(point));
      });
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
        return analyze(withKnownSizes(sizes), withKnownSizes(point), target);
      });
  double tasks = tasksOf(problem, schedule);
  if (target.threads <= 1 || tasks <= 1)
    return time;
  return onThreads(time, tasks, target);
}
