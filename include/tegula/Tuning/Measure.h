//===- Measure.h - Honest times of compiled kernels -------------*- C++ -*-===//

#ifndef TEGULA_TUNING_MEASURE_H
#define TEGULA_TUNING_MEASURE_H

#include "tegula/Runtime/Abi.h"
#include "tegula/Tuning/MachineCode.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <vector>

namespace tegula::tuning {

/// CPU time of the calling thread so far, in seconds: other programs that run
/// meanwhile are not in it.
double threadSeconds();

/// The same of all threads of this process.
double processSeconds();

/// A compiled library in this process, with inputs, ready to be run. Equal
/// signatures get equal inputs: small numbers of both signs.
class LoadedKernel {
public:
  /// Loads and runs `path` once, on one thread. Fails with the reason; whoever
  /// calls has just compiled the library and trusts it.
  static llvm::Expected<std::unique_ptr<LoadedKernel>>
  load(llvm::StringRef path);
  ~LoadedKernel();

  /// The same library and inputs on so many threads; it is run once.
  llvm::Expected<std::unique_ptr<LoadedKernel>>
  onThreads(unsigned number) const;

  /// Seconds for `times` runs: of one thread its CPU time, of several the time
  /// of the clock on the wall. Negative if a run failed.
  double run(int64_t times);

  /// Whether the outputs of the last run are those of `other`: bit for bit if
  /// `exactly`, else up to 1e-4 of the largest value of each (outputs of other
  /// types than float: bit for bit).
  bool agreesWith(const LoadedKernel &other, bool exactly) const;

  /// The model's machine code, without the runtime's.
  const MachineCode &code() const;

private:
  LoadedKernel() = default;
  llvm::Error start(unsigned number);

  /// What kernels on several numbers of threads share.
  struct Library;
  std::shared_ptr<Library> library;
  unsigned threads = 1;
  TegulaContext *context = nullptr;
  std::vector<TegulaTensor> results;
};

/// Seconds of one run.
struct Timing {
  double median = 0;
  double mad = 0;           ///< Median absolute deviation.
  double even = 0, odd = 0; ///< Medians of every other round.
};

/// Times kernels in turn: in each of `rounds` rounds every kernel runs for a
/// block of about `blockSeconds`; fewer rounds, but six, where one run takes
/// several blocks. Of several kernels, what slows all of a round
/// is taken out (a machine that is slower for a while), and CPU time leaves
/// other programs out. The time of a kernel that failed is infinite.
std::vector<Timing> timeInRounds(llvm::ArrayRef<LoadedKernel *> kernels,
                                 unsigned rounds = 12,
                                 double blockSeconds = 2e-3);

} // namespace tegula::tuning

#endif // TEGULA_TUNING_MEASURE_H
