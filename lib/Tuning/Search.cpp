//===- Search.cpp - Which schedules of a space to measure -----------------===//

#include "tegula/Tuning/Search.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>

using namespace tegula::tuning;

/// How many of the fastest measured points a search goes on from.
static constexpr size_t kParents = 4;

/// Of the points that evolution asks for, one in so many is drawn anew.
static constexpr size_t kMutations = 4;

/// Doubling a parameter is one step, wherever it starts.
static double distance(const std::vector<int64_t> &a,
                       const std::vector<int64_t> &b) {
  double sum = 0;
  for (size_t i = 0; i != a.size(); ++i)
    sum += std::abs(std::log2(double(a[i] + 1)) - std::log2(double(b[i] + 1)));
  return sum;
}

namespace {

/// What all searches share: which points were given, and what they took.
class SpaceSearch : public Search {
public:
  SpaceSearch(std::vector<SearchPoint> space, uint64_t seed)
      : points(std::move(space)), random(seed), order(points.size()),
        given(points.size()) {
    std::iota(order.begin(), order.end(), size_t(0));
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      return std::pair(points[a].predicted, a) <
             std::pair(points[b].predicted, b);
    });
  }

  std::vector<size_t> next(size_t count) override {
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

  void tell(size_t point, double seconds) override {
    auto later = std::upper_bound(
        measured.begin(), measured.end(), seconds,
        [](double time, const auto &known) { return time < known.first; });
    measured.insert(later, {seconds, point});
  }

protected:
  /// A point that was not given; points.size() if there is none.
  virtual size_t pick() = 0;

  size_t firstOfOrder() const {
    auto found = std::find_if(order.begin(), order.end(),
                              [&](size_t point) { return !given[point]; });
    return found == order.end() ? points.size() : *found;
  }

  size_t nearest(const std::vector<int64_t> &parameters) const {
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

  /// The parameters of one of the fastest measured points.
  const std::vector<int64_t> &parent(size_t number) const {
    const size_t parents = std::min(kParents, measured.size());
    return points[measured[number % parents].second].parameters;
  }

  /// Not std::uniform_int_distribution: its numbers differ between libraries.
  size_t draw(size_t below) { return random() % below; }

  std::vector<SearchPoint> points;
  std::mt19937_64 random;
  std::vector<size_t> order; ///< By predicted time.
  std::vector<bool> given;
  std::vector<std::pair<double, size_t>> measured; ///< The fastest first.
};

class Exhaustive : public SpaceSearch {
public:
  using SpaceSearch::SpaceSearch;
  size_t pick() override { return firstOfOrder(); }
};

class Random : public SpaceSearch {
public:
  Random(std::vector<SearchPoint> space, uint64_t seed)
      : SpaceSearch(std::move(space), seed) {
    for (size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[draw(i)]);
  }
  size_t pick() override { return firstOfOrder(); }
};

class Beam : public SpaceSearch {
public:
  using SpaceSearch::SpaceSearch;
  size_t pick() override {
    return measured.empty() ? firstOfOrder() : nearest(parent(turn++));
  }

private:
  size_t turn = 0;
};

class Evolutionary : public SpaceSearch {
public:
  using SpaceSearch::SpaceSearch;
  size_t pick() override {
    if (measured.empty())
      return firstOfOrder();
    std::vector<int64_t> child = parent(draw(kParents));
    const std::vector<int64_t> &other =
        draw(kMutations) == 0 ? points[draw(points.size())].parameters
                              : parent(draw(kParents));
    for (size_t i = 0; i != child.size(); ++i)
      if (draw(2) == 0)
        child[i] = other[i];
    return nearest(child);
  }
};

} // namespace

const std::vector<std::string> &tegula::tuning::searchNames() {
  static const std::vector<std::string> names = {"exhaustive", "random", "beam",
                                                 "evolutionary"};
  return names;
}

std::unique_ptr<Search>
tegula::tuning::makeSearch(const std::string &name,
                           std::vector<SearchPoint> points, uint64_t seed) {
  if (name == "exhaustive")
    return std::make_unique<Exhaustive>(std::move(points), seed);
  if (name == "random")
    return std::make_unique<Random>(std::move(points), seed);
  if (name == "beam")
    return std::make_unique<Beam>(std::move(points), seed);
  if (name == "evolutionary")
    return std::make_unique<Evolutionary>(std::move(points), seed);
  return nullptr;
}
