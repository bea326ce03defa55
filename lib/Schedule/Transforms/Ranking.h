//===- Ranking.h - The fastest points of a space ----------------*- C++ -*-===//

#ifndef TEGULA_LIB_SCHEDULE_TRANSFORMS_RANKING_H
#define TEGULA_LIB_SCHEDULE_TRANSFORMS_RANKING_H

#include "tegula/CostModel/CostModel.h"

#include <optional>
#include <string>
#include <unordered_map>

namespace tegula::sched {

/// A point of a space, and what it is predicted to take.
struct RankedPoint {
  cost::Schedule schedule;
  std::string numerics; ///< Its class.
  cost::Estimate time;
};

/// The point of a space that is taken, and another one (none in a space of one
/// point): the fastest predicted, and the one after it; of equal times the
/// first. Where the fastest has no interval, the one with the lowest upper end
/// of its interval (cost::upperBound), and the fastest.
struct Ranking {
  std::optional<RankedPoint> best, second; ///< `best` always is.
  size_t points = 0;                       ///< Of the space.
};

/// Ranks the spaces of problems, that of each problem once: models repeat their
/// kernels, and ranking a space costs milliseconds.
class Ranker {
public:
  /// `model` must outlive the ranker.
  Ranker(const cost::CpuTarget &target, const cost::CostModel &model)
      : target(target), model(&model) {}

  /// Valid as long as the ranker.
  const Ranking &rank(const cost::Problem &problem);

private:
  struct Hash {
    size_t operator()(const cost::Problem &problem) const {
      return cost::hashOf(problem);
    }
  };

  cost::CpuTarget target;
  const cost::CostModel *model;
  std::unordered_map<cost::Problem, Ranking, Hash> known;
};

} // namespace tegula::sched

#endif // TEGULA_LIB_SCHEDULE_TRANSFORMS_RANKING_H
