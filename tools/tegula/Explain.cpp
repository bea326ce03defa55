//===- Explain.cpp - tegula explain ---------------------------------------===//

#include "Commands.h"
#include "ReportArguments.h"

#include "tegula/Tuning/MeasureKernels.h"
#include "tegula/Tuning/PeakRate.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace tegula;
using namespace tegula::pipeline;
using sched::KernelExplanation;
using tuning::MeasuredKernel;

static constexpr StringLiteral kUsage =
    "usage: tegula explain MODEL.onnx [--measure] [--json] [options of "
    "compile]\n\n"
    "Prints per kernel its schedule, the time that the cost model predicts on "
    "one\nthread with the interval that nine of ten kernels keep, what bounds "
    "it, and\nwhat the runner-up would take.\n\n"
    "  --measure   times each kernel too, alone on one thread of this machine: "
    "rate of\n              arithmetic, share of the measured peak, and how "
    "far the prediction was\n";

namespace {

/// What is printed of one model.
struct Report {
  std::vector<KernelExplanation> kernels;
  std::vector<MeasuredKernel> measured; ///< One for each kernel, or none.
  double peak = 0;                      ///< Operations a second.

  /// Null without a time of kernel `i`.
  const MeasuredKernel *timeOf(size_t i) const {
    return measured.empty() || !measured[i].failure.empty() ? nullptr
                                                            : &measured[i];
  }
};

} // namespace

static std::string microseconds(double seconds) {
  std::string text;
  raw_string_ostream(text) << format("%.4g us", seconds * 1e6);
  return text;
}

static void printPrediction(const KernelExplanation &kernel) {
  if (!kernel.isModelled) {
    outs() << "    one schedule, not predicted\n";
    return;
  }
  outs() << "    predicted " << microseconds(kernel.time.seconds);
  if (kernel.time.spread > 0)
    outs() << " (" << microseconds(kernel.time.seconds / kernel.time.spread)
           << " to " << microseconds(kernel.time.seconds * kernel.time.spread)
           << ")";
  outs() << ", bound by " << kernel.bound << ", of " << kernel.points
         << " points\n";
  if (!kernel.runnerUp.empty())
    outs() << "    runner-up " << microseconds(kernel.runnerUpSeconds) << ": "
           << kernel.runnerUp << "\n";
}

static void printMeasurement(const MeasuredKernel &measured, double peak) {
  if (!measured.failure.empty()) {
    outs() << "    not measured: " << measured.failure << "\n";
    return;
  }
  outs() << "    measured " << microseconds(measured.timing.median) << " +- "
         << microseconds(measured.timing.mad);
  const double rate = double(measured.operations) / measured.timing.median;
  if (measured.operations != 0)
    outs() << format(", %.1f GFLOP/s", rate * 1e-9);
  if (measured.operations != 0 && peak > 0)
    outs() << format(", %.0f %% of the peak", 100 * rate / peak);
  outs() << "\n";
}

static void printText(const Report &report) {
  double predicted = 0, measured = 0;
  size_t numPredicted = 0, numMeasured = 0;
  for (auto [i, kernel] : enumerate(report.kernels)) {
    outs() << (kernel.node.empty() ? "(unnamed)" : kernel.node) << "\n    "
           << kernel.schedule << "\n";
    printPrediction(kernel);
    if (!report.measured.empty())
      printMeasurement(report.measured[i], report.peak);
    numPredicted += kernel.isModelled;
    predicted += kernel.isModelled ? kernel.time.seconds : 0;
    if (const MeasuredKernel *time = report.timeOf(i)) {
      numMeasured += 1;
      measured += time->timing.median;
    }
  }
  outs() << report.kernels.size() << " kernels, " << numPredicted
         << " predicted: " << microseconds(predicted) << " on one thread\n";
  if (!report.measured.empty())
    outs() << numMeasured << " measured: " << microseconds(measured)
           << format("; peak %.1f GFLOP/s\n", report.peak * 1e-9);
}

static void writePrediction(json::OStream &out,
                            const KernelExplanation &kernel) {
  if (!kernel.isModelled)
    return;
  out.attribute("points", int64_t(kernel.points));
  out.attribute("seconds", kernel.time.seconds);
  if (kernel.time.spread > 0) {
    out.attribute("low", kernel.time.seconds / kernel.time.spread);
    out.attribute("high", kernel.time.seconds * kernel.time.spread);
  }
  out.attribute("bound", kernel.bound);
  if (kernel.runnerUp.empty())
    return;
  out.attribute("runner_up", kernel.runnerUp);
  out.attribute("runner_up_seconds", kernel.runnerUpSeconds);
}

static void writeMeasurement(json::OStream &out, const MeasuredKernel &measured,
                             double peak) {
  if (!measured.failure.empty()) {
    out.attribute("not_measured", json::fixUTF8(measured.failure));
    return;
  }
  const double rate = double(measured.operations) / measured.timing.median;
  out.attribute("measured_seconds", measured.timing.median);
  out.attribute("measured_mad", measured.timing.mad);
  out.attribute("operations", measured.operations);
  if (peak > 0)
    out.attribute("share_of_peak", rate / peak);
}

static void printJson(const Report &report) {
  json::OStream out(outs(), /*IndentSize=*/2);
  out.array([&] {
    for (auto [i, kernel] : enumerate(report.kernels))
      out.object([&, i = i, &kernel = kernel] {
        out.attribute("node", json::fixUTF8(kernel.node));
        out.attribute("schedule", kernel.schedule);
        writePrediction(out, kernel);
        if (!report.measured.empty())
          writeMeasurement(out, report.measured[i], report.peak);
      });
  });
  outs() << "\n";
}

/// False after an error on standard error.
static bool measure(mlir::ModuleOp module, const CompileOptions &options,
                    Report &report) {
  machine::Machine machine;
  std::string message;
  auto measured = tuning::measureKernels(module, options);
  if (!measured) {
    errs() << "tegula explain: " << toString(measured.takeError()) << "\n";
    return false;
  }
  report.measured = std::move(*measured);
  if (machine::machineFor(options.target, machine, message))
    report.peak = tuning::multiplyAddPeak(machine.vectorBits, machine.hasFma);
  return true;
}

int tools::runExplain(ArrayRef<StringRef> arguments) {
  SmallVector<StringRef> words(arguments);
  const bool isMeasured = is_contained(words, "--measure");
  erase(words, "--measure");
  ReportArguments given;
  if (std::optional<int> code = given.parse("explain", kUsage, words))
    return *code;
  given.options.profile = isMeasured; // Counts operations.
  std::unique_ptr<mlir::MLIRContext> context = createContext();
  mlir::ScopedDiagnosticHandler handler(
      context.get(), [&](mlir::Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error)
          errs() << formatDiagnostic(diagnostic) << "\n";
        return mlir::success();
      });
  Report report;
  mlir::OwningOpRef<mlir::ModuleOp> module =
      scheduleFile(given.path, given.options, *context);
  if (!module || !explainModule(*module, given.options, report.kernels) ||
      (isMeasured && !measure(*module, given.options, report)))
    return 1;
  given.asJson ? printJson(report) : printText(report);
  return 0;
}
