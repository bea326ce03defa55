//===- ElementwiseSpace.cpp - Schedules of all-parallel kernels -----------===//

#include "tegula/Schedule/Space/Spaces.h"

#include <algorithm>

using namespace tegula;
using namespace tegula::sched;

/// Rows of a transposed block: these lines of the input.
static constexpr int64_t kLineBytes = 64;
/// Registers that each of the vectors side by side takes in a function.
static constexpr int64_t kValues = 4;

std::vector<cost::ElementwiseSchedule>
tegula::sched::elementwiseSpace(const cost::ElementwiseProblem &problem,
                                const cost::CpuTarget &target) {
  std::vector<cost::ElementwiseSchedule> space;
  int64_t vl = std::max<int64_t>(target.lanes(problem.elementBytes), 1);
  int64_t line = std::max<int64_t>(kLineBytes / problem.elementBytes, 1);
  if (problem.isTransposed) {
    for (int64_t lines : {1, 2, 4})
      space.push_back({vl, /*unroll=*/1, lines * line, kGrain});
    return space;
  }
  for (int64_t unroll = 1; unroll * kValues <= target.vectorRegisters;
       unroll *= 2)
    if (unroll == 1 || problem.columns == cost::kDynamic ||
        unroll * vl <= problem.columns)
      space.push_back({vl, unroll, line, kGrain});
  return space;
}
