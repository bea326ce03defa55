//===- Measure.h - Honest times of compiled kernels -------------*- C++ -*-===//

#ifndef TEGULA_TUNING_MEASURE_H
#define TEGULA_TUNING_MEASURE_H

#include "tegula/Runtime/Abi.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <vector>

namespace tegula::tuning {

/// CPU time of the calling thread so far, in seconds: other programs that run
/// meanwhile are not in it.
double threadSeconds();

/// A compiled library in this process, with inputs, ready to be run on one
/// thread. Equal signatures get equal inputs: small numbers of both signs.
class LoadedKernel {
public:
  /// Loads and runs `path` once. Fails with the reason; whoever calls has just
  /// compiled the library and trusts it.
  static llvm::Expected<std::unique_ptr<LoadedKernel>>
  load(llvm::StringRef path);
  ~LoadedKernel();

  /// Seconds of this thread's CPU time for `times` runs; negative if one
  /// failed.
  double run(int64_t times);

  /// Whether the outputs of the last run are those of `other`: bit for bit if
  /// `exactly`, else up to 1e-4 of the largest value of each (outputs of other
  /// types than float: bit for bit).
  bool agreesWith(const LoadedKernel &other, bool exactly) const;

private:
  LoadedKernel() = default;

  void *library = nullptr;
  const TegulaModel *model = nullptr;
  TegulaContext *context = nullptr;
  std::vector<std::vector<char>> memory;
  std::vector<TegulaTensor> inputs, results;
};

/// Seconds of one run.
struct Timing {
  double median = 0;
  double mad = 0; ///< Median absolute deviation.
};

/// Times kernels against the first of them: in each of `rounds` rounds every
/// kernel runs for a block of about `blockSeconds`, and what counts is its time
/// over that of the first kernel in the same round. So a machine that slows
/// down for a while slows all alike, and CPU time leaves other programs out.
/// The time of a kernel that failed is infinite.
std::vector<Timing> timeInRounds(llvm::ArrayRef<LoadedKernel *> kernels,
                                 unsigned rounds = 12,
                                 double blockSeconds = 2e-3);

} // namespace tegula::tuning

#endif // TEGULA_TUNING_MEASURE_H
