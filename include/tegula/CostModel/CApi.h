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

/// A kernel on the default target by the texts of its problem and schedule
/// (KernelText.h): `features` gets its features, `seconds` its analytic time.
/// 0, or 1 with a text in `message` (of `capacity` bytes) if a text is refused
/// or the family has no features.
int32_t tegula_cost_features(const char *problem, const char *schedule,
                             float *features, double *seconds, char *message,
                             size_t capacity);

/// The model file's sums of trees for `count` rows of features. 0, or 1 with
/// a text in `message` (of `capacity` bytes) if the file is refused.
int32_t tegula_cost_predict(const char *model, size_t size,
                            const float *features, size_t count, float *sums,
                            char *message, size_t capacity);
}

#endif // TEGULA_COSTMODEL_CAPI_H
