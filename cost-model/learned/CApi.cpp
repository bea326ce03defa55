//===- CApi.cpp - The cost model for training and evaluation --------------===//

#include "tegula/CostModel/CApi.h"

#include "tegula/CostModel/KernelText.h"
#include "tegula/CostModel/LearnedModel.h"

#include <algorithm>
#include <cstring>

using namespace tegula::cost;

const char *tegula_cost_features_text(void) {
  static const std::string text = [] {
    static constexpr const char *kScopes[] = {"Kind", "Size", "Point"};
    std::string lines;
    for (size_t i = 0; i != kNumFeatures; ++i) {
      const FeatureInfo &info = featureInfos()[i];
      lines += std::string(info.name) + '\t' + kScopes[size_t(info.scope)] +
               '\t' + info.formula + '\n';
    }
    return lines;
  }();
  return text.c_str();
}

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

/// Reads both texts; false, with the reason, if they are no kernel.
static bool readKernel(const char *problemText, const char *scheduleText,
                       Problem &problem, Schedule &schedule,
                       std::string &said) {
  if (!readText(problemText, problem, said) ||
      !readText(scheduleText, schedule, said))
    return false;
  if (!isFor(schedule, problem))
    return said = "the schedule is not for the problem", false;
  return true;
}

/// Reads a model with trees of `family`; null, with the reason, if it is none.
static std::unique_ptr<LearnedModel>
readModel(const char *model, size_t size, size_t family, std::string &said) {
  if (family < std::variant_size_v<Schedule>)
    return LearnedModel::read(model, size, said);
  said = "there is no family " + std::to_string(family);
  return nullptr;
}

template <size_t... Index>
static std::string familyNames(std::index_sequence<Index...>) {
  std::string names;
  ((names += std::variant_alternative_t<Index, Schedule>::kName, names += '\n'),
   ...);
  return names;
}

const char *tegula_cost_families(void) {
  static const std::string names =
      familyNames(std::make_index_sequence<std::variant_size_v<Schedule>>());
  return names.c_str();
}

int32_t tegula_cost_features(const char *problemText, const char *scheduleText,
                             int64_t threads, float *features, double *seconds,
                             char *message, size_t capacity) {
  Problem problem;
  Schedule schedule;
  std::string said;
  if (!readKernel(problemText, scheduleText, problem, schedule, said))
    return refuse(said, message, capacity);
  CpuTarget target;
  target.threads = threads;
  AnalyticTime time = analyticTime(problem, schedule, target);
  *seconds = time.total;
  auto row = values(featuresOf(problem, schedule, target, time));
  std::copy(row.begin(), row.end(), features);
  return 0;
}

int32_t tegula_cost_predict(const char *model, size_t size, size_t family,
                            const float *features, size_t count, float *sums,
                            char *message, size_t capacity) {
  std::string said;
  std::unique_ptr<LearnedModel> learned = readModel(model, size, family, said);
  if (!learned)
    return refuse(said, message, capacity);
  const TreeEnsemble &trees = learned->family(family).trees;
  for (size_t i = 0; i != count; ++i)
    sums[i] = trees.predict(features + i * kNumFeatures);
  return 0;
}

int32_t tegula_cost_effects(const char *model, size_t size, size_t family,
                            const float *features, size_t count,
                            double *effects, char *message, size_t capacity) {
  std::string said;
  std::unique_ptr<LearnedModel> learned = readModel(model, size, family, said);
  if (!learned)
    return refuse(said, message, capacity);
  const TreeEnsemble &trees = learned->family(family).trees;
  for (size_t i = 0; i != count; ++i) {
    double *row = effects + i * (kNumFeatures + 1);
    std::fill_n(row, kNumFeatures, 0.0);
    row[kNumFeatures] = trees.explain(features + i * kNumFeatures, row);
  }
  return 0;
}

int32_t tegula_cost_estimate(const char *model, size_t size,
                             const char *problemText, const char *scheduleText,
                             int64_t threads, size_t repeats, double *seconds,
                             double *spread, char *message, size_t capacity) {
  Problem problem;
  Schedule schedule;
  std::string said;
  if (!readKernel(problemText, scheduleText, problem, schedule, said))
    return refuse(said, message, capacity);
  std::unique_ptr<LearnedModel> learned = LearnedModel::read(model, size, said);
  if (!learned)
    return refuse(said, message, capacity);
  CpuTarget target;
  target.threads = threads;
  Estimate found;
  for (size_t i = 0; i != std::max<size_t>(repeats, 1); ++i)
    found = learned->estimate(problem, schedule, target);
  *seconds = found.seconds;
  *spread = found.spread;
  return 0;
}
