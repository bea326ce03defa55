//===- SpaceSearch.h - What all searches share ------------------*- C++ -*-===//

#ifndef TEGULA_LIB_TUNING_SPACESEARCH_H
#define TEGULA_LIB_TUNING_SPACESEARCH_H

#include "tegula/Tuning/Search.h"

#include <random>
#include <utility>

namespace tegula::tuning {

/// Steps between two points: doubling a parameter is one, wherever it starts.
double distance(const std::vector<int64_t> &a, const std::vector<int64_t> &b);

/// Which points were given, and what those took that were measured.
class SpaceSearch : public Search {
public:
  SpaceSearch(std::vector<SearchPoint> space, uint64_t seed,
              const SearchOptions &options);

  std::vector<size_t> next(size_t count) override;
  void tell(size_t point, double seconds) override;

protected:
  /// A point that was not given; points.size() if there is none.
  virtual size_t pick() = 0;

  /// The first of `order` that was not given.
  size_t firstOfOrder() const;

  /// The point nearest to `parameters` that was not given.
  size_t nearest(const std::vector<int64_t> &parameters) const;

  /// The parameters of one of the fastest measured points.
  const std::vector<int64_t> &parent(size_t number) const;

  /// Not std::uniform_int_distribution: its numbers differ between libraries.
  size_t draw(size_t below) { return random() % below; }

  std::vector<SearchPoint> points;
  SearchOptions options;
  std::mt19937_64 random;
  std::vector<size_t> order; ///< By predicted time.
  std::vector<bool> given;
  /// The fastest first; points that failed are not among them.
  std::vector<std::pair<double, size_t>> measured;
};

/// The search that is called "bayesian".
std::unique_ptr<Search> makeBayesianSearch(std::vector<SearchPoint> points,
                                           uint64_t seed,
                                           const SearchOptions &options);

} // namespace tegula::tuning

#endif // TEGULA_LIB_TUNING_SPACESEARCH_H
