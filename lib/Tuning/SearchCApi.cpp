//===- SearchCApi.cpp - Searches for evaluation ---------------------------===//

#include "tegula/Tuning/SearchCApi.h"

#include "tegula/Tuning/Search.h"

#include <algorithm>

using namespace tegula::tuning;

struct TegulaSearch {
  std::unique_ptr<Search> search;
};

const char *tegula_search_names(void) {
  static const std::string lines = [] {
    std::string text;
    for (const std::string &name : searchNames())
      text += (text.empty() ? "" : "\n") + name;
    return text;
  }();
  return lines.c_str();
}

TegulaSearch *tegula_search_new(const char *name, const int64_t *parameters,
                                const double *predicted, const double *spreads,
                                size_t count, size_t dimensions, uint64_t seed,
                                const TegulaSearchOptions *options) {
  std::vector<SearchPoint> points(count);
  for (size_t i = 0; i != count; ++i) {
    const int64_t *first = parameters + i * dimensions;
    points[i] = {{first, first + dimensions}, predicted[i], spreads[i]};
  }
  SearchOptions chosen;
  if (options)
    chosen = {options->parents, options->mutations, options->length,
              options->noise};
  std::unique_ptr<Search> search =
      makeSearch(name, std::move(points), seed, chosen);
  return search ? new TegulaSearch{std::move(search)} : nullptr;
}

size_t tegula_search_next(TegulaSearch *search, size_t count, size_t *points) {
  const std::vector<size_t> batch = search->search->next(count);
  std::copy(batch.begin(), batch.end(), points);
  return batch.size();
}

void tegula_search_tell(TegulaSearch *search, size_t point, double seconds) {
  search->search->tell(point, seconds);
}

void tegula_search_free(TegulaSearch *search) { delete search; }
