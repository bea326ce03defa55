//===- Ranking.h - The fastest points of a space ----------------*- C++ -*-===//

#ifndef TEGULA_LIB_SCHEDULE_TRANSFORMS_RANKING_H
#define TEGULA_LIB_SCHEDULE_TRANSFORMS_RANKING_H

#include "tegula/CostModel/CostModel.h"

#include <vector>

namespace tegula::sched {

/// A point of a space, and what it is predicted to take.
template <typename Schedule>
struct RankedPoint {
  const Schedule *schedule = nullptr;
  cost::Estimate time;
};

/// The fastest point, and the one after it (null in a space of one point).
template <typename Schedule>
struct Ranking {
  RankedPoint<Schedule> best, second;
};

/// Ranks all of `space`, which must not be empty. Of equal times the first.
template <typename Problem, typename Schedule>
Ranking<Schedule>
rank(const Problem &problem, const std::vector<Schedule> &space,
     const cost::CpuTarget &target, const cost::CostModel &model) {
  Ranking<Schedule> ranking;
  auto isFaster = [](const auto &a, const auto &b) {
    return !b.schedule || a.time.seconds < b.time.seconds;
  };
  for (const Schedule &schedule : space) {
    RankedPoint<Schedule> point = {&schedule,
                                   model.estimate(problem, schedule, target)};
    if (isFaster(point, ranking.best)) {
      ranking.second = ranking.best;
      ranking.best = point;
    } else if (isFaster(point, ranking.second)) {
      ranking.second = point;
    }
  }
  return ranking;
}

} // namespace tegula::sched

#endif // TEGULA_LIB_SCHEDULE_TRANSFORMS_RANKING_H
