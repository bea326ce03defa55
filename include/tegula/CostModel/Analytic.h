//===- Analytic.h - Times from instruction and byte counts ------*- C++ -*-===//

#ifndef TEGULA_COSTMODEL_ANALYTIC_H
#define TEGULA_COSTMODEL_ANALYTIC_H

#include "tegula/CostModel/CpuTarget.h"
#include "tegula/CostModel/Kernels.h"

namespace tegula::cost {

/// Seconds by what takes them. Moving bytes overlaps with arithmetic: `total`,
/// what the model predicts, holds a part of `cache` and of `memory`.
struct AnalyticTime {
  double steps = 0;   ///< Multiply-adds and the loads that feed them.
  double tiles = 0;   ///< Entering and leaving register tiles.
  double packing = 0; ///< Writing panels: packed columns, gathered pixels,
                      ///< transformed tiles.
  double cache = 0;   ///< Bytes between the level-2 and level-1 caches.
  double memory = 0;  ///< Bytes from memory.
  double total = 0;
  double dispatch = 0; ///< Handing out tasks to threads.
};

/// How much of the time for bytes from L2 and from memory is not hidden behind
/// arithmetic: prefetching hides most, also of a kernel that reads each byte
/// once. A sum, not the larger of both: differences of schedules stay visible.
inline constexpr double kExposedCache = 0.16;
inline constexpr double kExposedMemory = 0.3;

// Of one thread and known sizes (KnownSizes.h), by family.

AnalyticTime analyze(const ContractionProblem &problem,
                     const ContractionSchedule &schedule,
                     const CpuTarget &target);
AnalyticTime analyze(const ConvolutionProblem &problem,
                     const ConvolutionSchedule &schedule,
                     const CpuTarget &target);

AnalyticTime analyze(const ConvolutionProblem &problem,
                     const FilterLanesSchedule &schedule,
                     const CpuTarget &target);

AnalyticTime analyze(const ConvolutionProblem &problem,
                     const WinogradSchedule &schedule, const CpuTarget &target);

AnalyticTime analyze(const AttentionProblem &problem,
                     const AttentionSchedule &schedule,
                     const CpuTarget &target);

AnalyticTime analyze(const DepthwiseProblem &problem,
                     const DepthwiseSchedule &schedule,
                     const CpuTarget &target);

AnalyticTime analyze(const ElementwiseProblem &problem,
                     const ElementwiseSchedule &schedule,
                     const CpuTarget &target);

AnalyticTime analyze(const RowsProblem &problem, const RowsSchedule &schedule,
                     const CpuTarget &target);

/// Seconds on the target's threads: analyze() of the family that both are of,
/// divided by tasks. `schedule` must be for the problem (isFor). Unknown
/// extents have typical ones (KnownSizes.h).
AnalyticTime analyticTime(const Problem &problem, const Schedule &schedule,
                          const CpuTarget &target);

/// The tasks that threads share, at least 1; unknown extents count as one.
double tasksOf(const Problem &problem, const Schedule &schedule);

/// The part of their time that `threads` threads are busy with equal tasks.
double balanceOf(double tasks, int64_t threads);

/// Cycles of one step of k of a register tile of `rows` x `vectors`
/// accumulators: the largest of issue, latency and loads, and its spills.
double stepCycles(int64_t rows, int64_t vectors, const CpuTarget &target);

} // namespace tegula::cost

#endif // TEGULA_COSTMODEL_ANALYTIC_H
