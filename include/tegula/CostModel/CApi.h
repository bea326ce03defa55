//===- CApi.h - The cost model for training and evaluation ------*- C++ -*-===//
//
// libtegula-cost.so, which the Python programs below cost-model/ load: so that
// features are computed in one place. All functions may be called from any
// thread.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_COSTMODEL_CAPI_H
#define TEGULA_COSTMODEL_CAPI_H

#include <cstddef>
#include <cstdint>

extern "C" {

/// Features.h: featureNames and featureSchema.
const char *tegula_cost_feature_names(void);
uint64_t tegula_cost_feature_schema(void);

/// `count` kernels on the default target. A row of `kernels` has the problem
/// and the schedule as numbers, in the order of readKernel (CApi.cpp);
/// `features` gets the rows' features, `seconds` their analytic times.
void tegula_cost_contractions(const int64_t *kernels, size_t count,
                              float *features, double *seconds);
void tegula_cost_convolutions(const int64_t *kernels, size_t count,
                              float *features, double *seconds);

/// The model file's sums of trees for `count` rows of features. 0, or 1 with
/// a text in `message` (of `capacity` bytes) if the file is refused.
int32_t tegula_cost_predict(const char *model, size_t size,
                            const float *features, size_t count, float *sums,
                            char *message, size_t capacity);
}

#endif // TEGULA_COSTMODEL_CAPI_H
