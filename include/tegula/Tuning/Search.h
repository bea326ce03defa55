//===- Search.h - Which schedules of a space to measure ---------*- C++ -*-===//

#ifndef TEGULA_TUNING_SEARCH_H
#define TEGULA_TUNING_SEARCH_H

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace tegula::tuning {

/// A point of a space as a search sees it.
struct SearchPoint {
  std::vector<int64_t> parameters;
  double predicted = 0; ///< Seconds, by the cost model.
  /// cost::Estimate::spread of them; 0: not known.
  double spread = 0;
};

/// Decides which points are worth a measurement. The space is finite and known;
/// each point is asked for once.
///
///   auto search = makeSearch("beam", points, /*seed=*/1);
///   for (auto batch = search->next(8); !batch.empty(); batch =
///   search->next(8))
///     for (size_t point : batch)
///       search->tell(point, measure(point));
class Search {
public:
  virtual ~Search() = default;
  /// At most `count` points that were not given before; none: all were.
  virtual std::vector<size_t> next(size_t count) = 0;
  /// What a point took; infinity if it failed. A point that was given and never
  /// told counts as not measured.
  virtual void tell(size_t point, double seconds) = 0;
};

/// What searches can be tuned by. The numbers are what
/// cost-model/eval/agents.py finds good on measured spaces.
struct SearchOptions {
  /// beam, evolutionary: from how many of the fastest measured points they go
  /// on; at least 1.
  size_t parents = 4;
  /// evolutionary: one in so many points has a parent that is drawn from the
  /// whole space; at least 1.
  size_t mutations = 4;
  /// bayesian: points so many steps apart err alike; above 0.
  double length = 2;
  /// bayesian: deviation of the logarithm of a measurement; above 0.
  double noise = 0.02;
};

/// Names for makeSearch:
///   exhaustive    by predicted time, the fastest first
///   random        in an order drawn by the seed
///   beam          the fastest predicted; then the neighbours of the fastest
///                 measured
///   evolutionary  the fastest predicted; then points near crosses and
///                 mutations of the fastest measured
///   bayesian      the fastest predicted; then where a Gaussian process, with
///                 the predictions as its mean, expects to gain most
const std::vector<std::string> &searchNames();

/// Null if `name` is not one of searchNames(). The same points, seed and
/// answers give the same questions.
std::unique_ptr<Search> makeSearch(const std::string &name,
                                   std::vector<SearchPoint> points,
                                   uint64_t seed,
                                   const SearchOptions &options = {});

} // namespace tegula::tuning

#endif // TEGULA_TUNING_SEARCH_H
