//===- ExplainReport.h - What explain says of a model -----------*- C++ -*-===//

#ifndef TEGULA_TOOLS_TEGULA_EXPLAINREPORT_H
#define TEGULA_TOOLS_TEGULA_EXPLAINREPORT_H

#include "tegula/Pipeline/Compile.h"
#include "tegula/Tuning/MeasureKernels.h"

#include "llvm/Support/raw_ostream.h"

namespace tegula::tools {

/// The kernels of one model.
struct ExplainReport {
  std::string model, target;
  std::vector<sched::KernelExplanation> kernels;
  std::vector<tuning::MeasuredKernel> measured; ///< One for each, or none.
  double peak = 0;                              ///< Operations a second.

  /// Null without a time of kernel `i`.
  const tuning::MeasuredKernel *timeOf(size_t i) const {
    return measured.empty() || !measured[i].failure.empty() ? nullptr
                                                            : &measured[i];
  }
};

/// Of the features that move a kernel's time, so many are shown.
inline constexpr size_t kShownContributions = 6;

/// "12.34 us".
std::string microseconds(double seconds);

/// A factor as a change: "+12.3 %".
std::string change(double factor);

/// Writes the report as one page that needs no other file: shares of the time,
/// predicted against measured, what moved each prediction, and a table.
void writePage(llvm::raw_ostream &out, const ExplainReport &report);

} // namespace tegula::tools

#endif // TEGULA_TOOLS_TEGULA_EXPLAINREPORT_H
