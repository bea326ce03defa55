//===- Search.cpp - Which schedules of a space to measure -----------------===//

#include "SpaceSearch.h"

using namespace tegula::tuning;

namespace {

class Exhaustive : public SpaceSearch {
public:
  using SpaceSearch::SpaceSearch;
  size_t pick() override { return firstOfOrder(); }
};

class Random : public SpaceSearch {
public:
  Random(std::vector<SearchPoint> space, uint64_t seed,
         const SearchOptions &options)
      : SpaceSearch(std::move(space), seed, options) {
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
    std::vector<int64_t> child = parent(draw(options.parents));
    const std::vector<int64_t> &other =
        draw(options.mutations) == 0 ? points[draw(points.size())].parameters
                                     : parent(draw(options.parents));
    for (size_t i = 0; i != child.size(); ++i)
      if (draw(2) == 0)
        child[i] = other[i];
    return nearest(child);
  }
};

} // namespace

const std::vector<std::string> &tegula::tuning::searchNames() {
  static const std::vector<std::string> names = {"exhaustive", "random", "beam",
                                                 "evolutionary", "bayesian"};
  return names;
}

std::unique_ptr<Search>
tegula::tuning::makeSearch(const std::string &name,
                           std::vector<SearchPoint> points, uint64_t seed,
                           const SearchOptions &options) {
  if (name == "exhaustive")
    return std::make_unique<Exhaustive>(std::move(points), seed, options);
  if (name == "random")
    return std::make_unique<Random>(std::move(points), seed, options);
  if (name == "beam")
    return std::make_unique<Beam>(std::move(points), seed, options);
  if (name == "evolutionary")
    return std::make_unique<Evolutionary>(std::move(points), seed, options);
  if (name == "bayesian")
    return makeBayesianSearch(std::move(points), seed, options);
  return nullptr;
}
