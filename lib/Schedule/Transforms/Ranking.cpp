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
  for (const SpacePart &part : spaceOf(problem, target)) {
    ranking.points += part.points.size();
    for (const cost::Schedule &point : part.points)
      consider(ranking,
               {point, part.numerics, model->estimate(problem, point, target)});
  }
  return ranking;
}
