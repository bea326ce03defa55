//===- DefaultModel.cpp - The model inside the compiler -------------------===//

#include "tegula/CostModel/LearnedModel.h"

using namespace tegula::cost;

extern "C" {
extern const char tegula_embedded_cost_model_begin[];
extern const char tegula_embedded_cost_model_end[];
}

const CostModel &tegula::cost::defaultModel() {
  // A tree whose features have changed since the training still compiles well.
  static const std::unique_ptr<LearnedModel> model = [] {
    std::string message;
    return LearnedModel::read(tegula_embedded_cost_model_begin,
                              size_t(tegula_embedded_cost_model_end -
                                     tegula_embedded_cost_model_begin),
                              message);
  }();
  return model ? static_cast<const CostModel &>(*model) : analyticModel();
}
