//===- CApi.cpp - The cost model for training and evaluation --------------===//

#include "tegula/CostModel/CApi.h"

#include "tegula/CostModel/LearnedModel.h"

#include <algorithm>
#include <cstring>

using namespace tegula::cost;

const char *tegula_cost_feature_names(void) { return featureNames(); }

uint64_t tegula_cost_feature_schema(void) { return featureSchema(); }

/// Reads numbers one after another.
static const int64_t *readKernel(const int64_t *at, ContractionProblem &p,
                                 ContractionSchedule &s) {
  for (int64_t *field : {&p.batch, &p.m, &p.n, &p.k})
    *field = *at++;
  p.constantColumns = *at++ != 0;
  for (int64_t *field : {&s.mr, &s.nr, &s.vl, &s.kc, &s.mc, &s.nc})
    *field = *at++;
  s.packColumns = *at++ != 0;
  return at;
}

static const int64_t *readKernel(const int64_t *at, ConvolutionProblem &p,
                                 ConvolutionSchedule &s) {
  for (int64_t *field : {&p.batch, &p.groups, &p.filters, &p.channels,
                         &p.window, &p.pixels, &p.width})
    *field = *at++;
  p.pointwise = *at++ != 0;
  p.stride = *at++;
  for (int64_t *field : {&s.mr, &s.nr, &s.vl, &s.kc, &s.nb, &s.fc})
    *field = *at++;
  s.inPlace = *at++ != 0;
  return at;
}

template <typename Problem, typename Schedule>
static void extract(const int64_t *kernels, size_t count, float *features,
                    double *seconds) {
  const CpuTarget target;
  for (size_t i = 0; i != count; ++i) {
    Problem problem;
    Schedule schedule;
    kernels = readKernel(kernels, problem, schedule);
    AnalyticTime time = analyze(problem, schedule, target);
    seconds[i] = time.total;
    auto row = values(featuresOf(problem, schedule, target, time));
    features = std::copy(row.begin(), row.end(), features);
  }
}

void tegula_cost_contractions(const int64_t *kernels, size_t count,
                              float *features, double *seconds) {
  extract<ContractionProblem, ContractionSchedule>(kernels, count, features,
                                                   seconds);
}

void tegula_cost_convolutions(const int64_t *kernels, size_t count,
                              float *features, double *seconds) {
  extract<ConvolutionProblem, ConvolutionSchedule>(kernels, count, features,
                                                   seconds);
}

int32_t tegula_cost_predict(const char *model, size_t size,
                            const float *features, size_t count, float *sums,
                            char *message, size_t capacity) {
  std::string said;
  std::unique_ptr<LearnedModel> learned = LearnedModel::read(model, size, said);
  if (!learned) {
    if (capacity) {
      size_t length = std::min(said.size(), capacity - 1);
      std::memcpy(message, said.data(), length);
      message[length] = 0;
    }
    return 1;
  }
  for (size_t i = 0; i != count; ++i)
    sums[i] = learned->correction(features + i * kNumFeatures);
  return 0;
}
