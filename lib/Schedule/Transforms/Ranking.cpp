//===- Ranking.cpp - The fastest points of a space ------------------------===//

#include "Ranking.h"

#include "tegula/Schedule/Space/Spaces.h"

using namespace tegula;
using namespace tegula::sched;

/// Keeps `point` if it is one of the two fastest.
static void consider(Ranking &ranking, RankedPoint point) {
  auto isFaster = [&](const std::optional<RankedPoint> &than) {
    return !than || point.time.seconds < than->time.seconds;
  };
  if (isFaster(ranking.best)) {
    ranking.second = std::move(ranking.best);
    ranking.best = std::move(point);
  } else if (isFaster(ranking.second)) {
    ranking.second = std::move(point);
  }
}

const Ranking &Ranker::rank(const cost::Problem &problem) {
  auto [place, isNew] = known.try_emplace(problem);
  Ranking &ranking = place->second;
  if (!isNew)
    return ranking;
  std::optional<RankedPoint> safest;
  for (const SpacePart &part : spaceOf(problem, target)) {
    ranking.points += part.points.size();
    for (const cost::Schedule &point : part.points) {
      RankedPoint ranked{point, part.numerics,
                         model->estimate(problem, point, target)};
      if (!safest || upperBound(ranked.time) < upperBound(safest->time))
        safest = ranked;
      consider(ranking, std::move(ranked));
    }
  }
  // Of times without an interval nobody knows how wrong they are.
  const bool isUnsure = ranking.best->time.spread == 0;
  if (isUnsure && !(safest->schedule == ranking.best->schedule)) {
    ranking.second = std::move(ranking.best);
    ranking.best = std::move(safest);
  }
  return ranking;
}
