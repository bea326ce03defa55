//===- LearnedModel.h - Analytic time, corrected by trees -------*- C++ -*-===//

#ifndef TEGULA_COSTMODEL_LEARNEDMODEL_H
#define TEGULA_COSTMODEL_LEARNEDMODEL_H

#include "tegula/CostModel/CostModel.h"
#include "tegula/CostModel/Features.h"
#include "tegula/CostModel/TreeEnsemble.h"

#include <memory>

namespace tegula::cost {

/// seconds = analytic seconds * exp(trees(features)), with trees of each
/// schedule family. Kinds of kernels that were not measured (other element
/// types, vector widths, unknown extents) have the analytic time alone. Sizes
/// outside of what was measured are corrected, but have no interval.
class LearnedModel final : public CostModel {
public:
  /// What was learned of one family.
  struct FamilyModel {
    TreeEnsemble trees; ///< Empty: nothing.
    /// The smallest and the largest of each feature that was trained on.
    FeatureRow low = {}, high = {};
    /// Quantiles of |log(measured / predicted)| on shapes that were left out:
    /// of one thread, of several. 0: not known.
    float spreads[2] = {0, 0};
  };

  /// Reads the bytes of a model file (cost-model/README.md). They are not
  /// trusted. Null, with `message`, if they are no model of this compiler's
  /// features.
  static std::unique_ptr<LearnedModel> read(const char *data, size_t size,
                                            std::string &message);

  Estimate estimate(const Problem &problem, const Schedule &schedule,
                    const CpuTarget &target) const override;

  Explanation explain(const Problem &problem, const Schedule &schedule,
                      const CpuTarget &target) const override;

  /// What was learned of schedules of the alternative `index` of Schedule.
  const FamilyModel &family(size_t index) const { return families[index]; }

private:
  /// A kernel as the trees see it.
  struct Seen {
    double analyticSeconds = 0;
    FeatureRow features = {};
    /// Null: trees have nothing to say.
    const FamilyModel *family = nullptr;
  };

  Seen see(const Problem &problem, const Schedule &schedule,
           const CpuTarget &target) const;
  Estimate estimateOf(const Seen &seen, const CpuTarget &target) const;

  std::array<FamilyModel, std::variant_size_v<Schedule>> families;
  int64_t vectorBits = 0, vectorRegisters = 0;
};

/// The model that travels inside the compiler.
const CostModel &defaultModel();

} // namespace tegula::cost

#endif // TEGULA_COSTMODEL_LEARNEDMODEL_H
