//===- Spaces.h - The legal schedules of each family ------------*- C++ -*-===//
//
// Plain numbers in, plain numbers out. A space is small (tens of points): the
// sizes that the caches dictate are computed, and only what really trades off
// is enumerated.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_SCHEDULE_SPACE_SPACES_H
#define TEGULA_SCHEDULE_SPACE_SPACES_H

#include "tegula/CostModel/CpuTarget.h"
#include "tegula/CostModel/Kernels.h"

#include <string>
#include <vector>

namespace tegula::sched {

/// What the scratch memory of all tasks of a kernel may take together: what
/// does not fit has fewer tasks.
inline constexpr int64_t kTaskScratchBytes = 64 << 20;
/// At most so many tasks have scratch memory: memory is touched once per
/// thread, not once per task.
inline constexpr int64_t kMaxScratchTasks = 32;

/// Points of a space that give the same bits: one numerics class, whose name is
/// that of the #sched attribute.
struct SpacePart {
  std::string numerics;
  std::vector<cost::Schedule> points; ///< Never empty.
};

/// The space of any problem, never empty, in a fixed order. The first part is
/// the direct way to compute it.
std::vector<SpacePart> spaceOf(const cost::Problem &problem,
                               const cost::CpuTarget &target);

/// The numerics class of sums of products on `target`.
std::string multiplyAddClass(const cost::CpuTarget &target);

// Below: the parts, by family.

/// The schedules worth considering for `problem`, never empty, in a fixed
/// order.
std::vector<cost::ContractionSchedule>
contractionSpace(const cost::ContractionProblem &problem,
                 const cost::CpuTarget &target);

std::vector<cost::ConvolutionSchedule>
convolutionSpace(const cost::ConvolutionProblem &problem,
                 const cost::CpuTarget &target);

/// With filters as lanes. Empty but for constant filters and few pixels.
std::vector<cost::FilterLanesSchedule>
filterLanesSpace(const cost::ConvolutionProblem &problem,
                 const cost::CpuTarget &target);

/// The tiles of Winograd transforms, results in one dimension.
inline constexpr int64_t kWinogradResults[] = {2, 4};

/// By transforms with tiles of `results` x `results`: one numerics
/// class each. Empty where they do not apply.
std::vector<cost::WinogradSchedule>
winogradSpace(const cost::ConvolutionProblem &problem,
              const cost::CpuTarget &target, int64_t results);

std::vector<cost::AttentionSchedule>
attentionSpace(const cost::AttentionProblem &problem,
               const cost::CpuTarget &target);

std::vector<cost::DepthwiseSchedule>
depthwiseSpace(const cost::DepthwiseProblem &problem,
               const cost::CpuTarget &target);

/// Vectors side by side, rows of a block of transposed squares.
std::vector<cost::ElementwiseSchedule>
elementwiseSpace(const cost::ElementwiseProblem &problem,
                 const cost::CpuTarget &target);

/// The accumulators of a row, which its order of sums depends on.
inline constexpr int64_t kRowAccumulators = 4;

/// Accumulators side by side.
std::vector<cost::RowsSchedule> rowsSpace(const cost::RowsProblem &problem,
                                          const cost::CpuTarget &target);

/// Elements of a task of a memory-bound kernel: large against the cost of
/// handing out a task, small against a level-2 cache.
inline constexpr int64_t kGrain = 16 * 1024;

} // namespace tegula::sched

#endif // TEGULA_SCHEDULE_SPACE_SPACES_H
