//===- CApi.cpp - The cost model for training and evaluation --------------===//

#include "tegula/CostModel/CApi.h"

#include "tegula/CostModel/KernelText.h"
#include "tegula/CostModel/LearnedModel.h"

#include <algorithm>
#include <cstring>

using namespace tegula::cost;

const char *tegula_cost_feature_names(void) { return featureNames(); }

uint64_t tegula_cost_feature_schema(void) { return featureSchema(); }

/// Says why a call failed.
static int32_t refuse(const std::string &said, char *message, size_t capacity) {
  if (capacity) {
    size_t length = std::min(said.size(), capacity - 1);
    std::memcpy(message, said.data(), length);
    message[length] = 0;
  }
  return 1;
}

int32_t tegula_cost_features(const char *problemText, const char *scheduleText,
                             float *features, double *seconds, char *message,
                             size_t capacity) {
  Problem problem;
  Schedule schedule;
  std::string said;
  if (!readText(problemText, problem, said) ||
      !readText(scheduleText, schedule, said))
    return refuse(said, message, capacity);
  if (!isFor(schedule, problem))
    return refuse("the schedule is not for the problem", message, capacity);
  return visitKernel(
      problem, schedule, [&](const auto &sizes, const auto &point) -> int32_t {
        if constexpr (kHasFeatures<std::decay_t<decltype(point)>>) {
          const CpuTarget target;
          AnalyticTime time = analyze(sizes, point, target);
          *seconds = time.total;
          auto row = values(featuresOf(sizes, point, target, time));
          std::copy(row.begin(), row.end(), features);
          return 0;
        }
        return refuse(std::string("the family '") + point.kName +
                          "' has no features",
                      message, capacity);
      });
}

int32_t tegula_cost_predict(const char *model, size_t size,
                            const float *features, size_t count, float *sums,
                            char *message, size_t capacity) {
  std::string said;
  std::unique_ptr<LearnedModel> learned = LearnedModel::read(model, size, said);
  if (!learned)
    return refuse(said, message, capacity);
  for (size_t i = 0; i != count; ++i)
    sums[i] = learned->correction(features + i * kNumFeatures);
  return 0;
}
