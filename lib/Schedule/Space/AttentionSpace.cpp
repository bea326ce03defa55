//===- AttentionSpace.cpp - Legal schedules of attention ------------------===//

#include "tegula/Schedule/Space/Spaces.h"

#include <algorithm>

using namespace tegula;
using namespace tegula::sched;

static int64_t roundUp(int64_t a, int64_t b) { return (a + b - 1) / b * b; }

/// Tasks where the number of keys is known at run time only: their scratch
/// memory is allocated then.
static constexpr int64_t kUnknownTasks = 8;
/// Queries of a block, at most.
static constexpr int64_t kMaxQueries = 128;

static int64_t tasksOf(const cost::AttentionProblem &problem, int64_t mq) {
  if (problem.keys == cost::kDynamic)
    return kUnknownTasks;
  int64_t bytes = std::max<int64_t>(problem.keys, 1) * mq * 4;
  return std::clamp<int64_t>(kTaskScratchBytes / bytes, 1, kMaxScratchTasks);
}

std::vector<cost::AttentionSchedule>
tegula::sched::attentionSpace(const cost::AttentionProblem &problem,
                              const cost::CpuTarget &target) {
  std::vector<cost::AttentionSchedule> space;
  int64_t vl = target.lanes(4);
  int64_t queries =
      problem.queries == cost::kDynamic ? kMaxQueries : problem.queries;
  for (int64_t vectors : {1, 2, 3}) {
    int64_t nr = vectors * vl;
    if (vectors > 1 && nr > roundUp(queries, vl))
      continue;
    for (int64_t mr = 1; mr <= 16; ++mr) {
      if (mr > 1 && mr * vectors + vectors + 1 > target.vectorRegisters)
        continue;
      for (int64_t panels : {1, 2, 3, 4, 6, 8, 12}) {
        int64_t mq = panels * nr;
        if (panels > 1 && mq > std::min(roundUp(queries, nr), kMaxQueries))
          continue;
        for (int64_t kc : {32, 64, 128})
          space.push_back({mr, nr, vl, mq, kc, tasksOf(problem, mq)});
      }
    }
  }
  return space;
}
