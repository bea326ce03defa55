//===- RowsSpace.cpp - Schedules of reductions along rows -----------------===//

#include "tegula/Schedule/Space/Spaces.h"

using namespace tegula;
using namespace tegula::sched;

std::vector<cost::RowsSchedule>
tegula::sched::rowsSpace(const cost::RowsProblem &,
                         const cost::CpuTarget &target) {
  std::vector<cost::RowsSchedule> space;
  int64_t vl = target.lanes(4);
  for (int64_t unroll = 1; unroll <= kRowAccumulators; unroll *= 2)
    space.push_back({vl, kRowAccumulators, unroll, kGrain});
  return space;
}
