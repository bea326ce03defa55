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

/// Features.def: a line per feature, its name, scope and formula with a tab
/// between; and featureSchema() of Features.h.
const char *tegula_cost_features_text(void);
uint64_t tegula_cost_feature_schema(void);

/// The names of the schedule families, one a line: models have trees of each,
/// in this order.
const char *tegula_cost_families(void);

/// A kernel on so many threads of the default target, by the texts of its
/// problem and schedule (KernelText.h): `features` gets its features,
/// `seconds` its analytic time. 0, or 1 with a text in `message` (of `capacity`
/// bytes) if a text is refused.
int32_t tegula_cost_features(const char *problem, const char *schedule,
                             int64_t threads, float *features, double *seconds,
                             char *message, size_t capacity);

/// The model file's sums of trees of a family for `count` rows of features. 0,
/// or 1 with a text in `message` (of `capacity` bytes) if the file is refused.
int32_t tegula_cost_predict(const char *model, size_t size, size_t family,
                            const float *features, size_t count, float *sums,
                            char *message, size_t capacity);

/// What these sums are made of: per row the effect of each feature, and the
/// rest.
int32_t tegula_cost_effects(const char *model, size_t size, size_t family,
                            const float *features, size_t count,
                            double *effects, char *message, size_t capacity);

/// What the model file says of a kernel, `repeats` times: to see how long it
/// takes. `spread` is 0 where it is not sure.
int32_t tegula_cost_estimate(const char *model, size_t size,
                             const char *problem, const char *schedule,
                             int64_t threads, size_t repeats, double *seconds,
                             double *spread, char *message, size_t capacity);
}

#endif // TEGULA_COSTMODEL_CAPI_H
