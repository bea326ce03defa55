//===- ResultCheck.h - Correct before fast ----------------------*- C++ -*-===//

#ifndef TEGULA_TUNING_RESULTCHECK_H
#define TEGULA_TUNING_RESULTCHECK_H

#include "tegula/Tuning/Measure.h"

#include "llvm/ADT/StringMap.h"

namespace tegula::tuning {

/// Compares what schedules of one kernel compute: those of one numerics class
/// give the same bits, classes differ by rounding.
class ResultCheck {
public:
  /// `trusted` has a schedule of class `numerics`.
  ResultCheck(std::shared_ptr<LoadedKernel> trusted, llvm::StringRef numerics)
      : trusted(trusted) {
    firstOfClass.try_emplace(numerics, trusted);
  }

  /// Whether `kernel` computes what the trusted one does. The first right one
  /// of a class is what others of that class are compared with.
  bool isRight(const std::shared_ptr<LoadedKernel> &kernel,
               llvm::StringRef numerics) {
    auto first = firstOfClass.find(numerics);
    if (first != firstOfClass.end())
      return kernel->agreesWith(*first->second, /*exactly=*/true);
    if (!kernel->agreesWith(*trusted, /*exactly=*/false))
      return false;
    firstOfClass.try_emplace(numerics, kernel);
    return true;
  }

private:
  std::shared_ptr<LoadedKernel> trusted;
  llvm::StringMap<std::shared_ptr<LoadedKernel>> firstOfClass;
};

} // namespace tegula::tuning

#endif // TEGULA_TUNING_RESULTCHECK_H
