//===- SpaceSearch.cpp - What all searches share --------------------------===//

#include "SpaceSearch.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

using namespace tegula::tuning;

double tegula::tuning::distance(const std::vector<int64_t> &a,
                                const std::vector<int64_t> &b) {
  double sum = 0;
  for (size_t i = 0; i != a.size(); ++i)
    sum += std::abs(std::log2(double(a[i] + 1)) - std::log2(double(b[i] + 1)));
  return sum;
}

SpaceSearch::SpaceSearch(std::vector<SearchPoint> space, uint64_t seed,
                         const SearchOptions &options)
    : points(std::move(space)), options(options), random(seed),
      order(points.size()), given(points.size()) {
  // A cost model that came from a file may predict anything.
  for (SearchPoint &point : points)
    if (!std::isfinite(point.predicted))
      point.predicted = std::numeric_limits<double>::max();
  std::iota(order.begin(), order.end(), size_t(0));
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::pair(points[a].predicted, a) <
           std::pair(points[b].predicted, b);
  });
}

std::vector<size_t> SpaceSearch::next(size_t count) {
  std::vector<size_t> batch;
  while (batch.size() != count) {
    const size_t point = pick();
    if (point == points.size())
      break;
    given[point] = true;
    batch.push_back(point);
  }
  return batch;
}

void SpaceSearch::tell(size_t point, double seconds) {
  if (!std::isfinite(seconds))
    return;
  auto later = std::upper_bound(
      measured.begin(), measured.end(), seconds,
      [](double time, const auto &known) { return time < known.first; });
  measured.insert(later, {seconds, point});
}

size_t SpaceSearch::firstOfOrder() const {
  auto found = std::find_if(order.begin(), order.end(),
                            [&](size_t point) { return !given[point]; });
  return found == order.end() ? points.size() : *found;
}

size_t SpaceSearch::nearest(const std::vector<int64_t> &parameters) const {
  size_t best = points.size();
  double least = std::numeric_limits<double>::infinity();
  for (size_t point : order) {
    if (given[point])
      continue;
    const double away = distance(points[point].parameters, parameters);
    if (away < least) {
      least = away;
      best = point;
    }
  }
  return best;
}

const std::vector<int64_t> &SpaceSearch::parent(size_t number) const {
  const size_t parents = std::min(options.parents, measured.size());
  return points[measured[number % parents].second].parameters;
}
