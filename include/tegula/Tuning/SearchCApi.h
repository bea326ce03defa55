//===- SearchCApi.h - Searches for evaluation -------------------*- C++ -*-===//
//
// libtegula-search.so: Search.h for the Python programs below cost-model/,
// which replay searches on tables of measured kernels.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_TUNING_SEARCHCAPI_H
#define TEGULA_TUNING_SEARCHCAPI_H

#include <cstddef>
#include <cstdint>

extern "C" {

typedef struct TegulaSearch TegulaSearch;

/// SearchOptions.
typedef struct TegulaSearchOptions {
  size_t parents, mutations;
  double length, noise;
} TegulaSearchOptions;

/// searchNames(), one a line.
const char *tegula_search_names(void);

/// A search over `count` points. Point i has the parameters
/// `parameters[i * dimensions .. (i + 1) * dimensions]` (none negative), the
/// predicted seconds `predicted[i]` and the spread `spreads[i]`. Null for a
/// name that there is not. `options` may be null. To be freed by
/// tegula_search_free.
TegulaSearch *tegula_search_new(const char *name, const int64_t *parameters,
                                const double *predicted, const double *spreads,
                                size_t count, size_t dimensions, uint64_t seed,
                                const TegulaSearchOptions *options);

/// Search::next: writes at most `count` numbers of points and gives how many.
size_t tegula_search_next(TegulaSearch *search, size_t count, size_t *points);

/// Search::tell.
void tegula_search_tell(TegulaSearch *search, size_t point, double seconds);

void tegula_search_free(TegulaSearch *search);
}

#endif // TEGULA_TUNING_SEARCHCAPI_H
