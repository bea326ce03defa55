//===- Explain.cpp - tegula explain ---------------------------------------===//

#include "Commands.h"
#include "ExplainReport.h"
#include "ReportArguments.h"

#include "tegula/Tuning/PeakRate.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include <cmath>

using namespace llvm;
using namespace tegula;
using namespace tegula::pipeline;
using namespace tegula::tools;
using sched::KernelExplanation;
using tuning::MeasuredKernel;

static constexpr StringLiteral kUsage =
    "usage: tegula explain MODEL.onnx [--measure] [--json] [--html=FILE] "
    "[options of\ncompile]\n\n"
    "Prints per kernel its schedule, the time that the cost model predicts on "
    "one\nthread with the interval that nine of ten kernels keep, what bounds "
    "it, what the\nrunner-up would take, and which features moved the time of "
    "the formula.\n\n"
    "  --measure    times each kernel too, alone on one thread of this "
    "machine: "
    "rate of\n               arithmetic, share of the measured peak, and how "
    "far the prediction was\n"
    "  --html=FILE  writes a page with plots instead, which needs no other "
    "file\n";

std::string tools::microseconds(double seconds) {
  std::string text;
  raw_string_ostream(text) << format("%.4g us", seconds * 1e6);
  return text;
}

std::string tools::change(double factor) {
  std::string text;
  raw_string_ostream(text) << format("%+.1f %%", 100 * (factor - 1));
  return text;
}

/// Of the time, what the formula says and what was learned.
static void printShares(const cost::Explanation &prediction) {
  if (prediction.contributions.empty())
    return;
  outs() << "    formula " << microseconds(prediction.analyticSeconds)
         << ", learned " << change(prediction.factor()) << ":";
  for (const cost::Contribution &one :
       ArrayRef(prediction.contributions).take_front(kShownContributions))
    outs() << " " << one.feature << format(" = %g ", one.value)
           << change(std::exp(one.effect)) << ";";
  outs() << " average kernel " << change(std::exp(prediction.base)) << "\n";
}

static void printPrediction(const KernelExplanation &kernel) {
  if (!kernel.isModelled) {
    outs() << "    one schedule, not predicted\n";
    return;
  }
  const cost::Estimate &time = kernel.time();
  outs() << "    predicted " << microseconds(time.seconds);
  if (time.spread > 0)
    outs() << " (" << microseconds(cost::lowerBound(time)) << " to "
           << microseconds(cost::upperBound(time)) << ")";
  else
    outs() << " (no interval)";
  outs() << ", bound by " << kernel.bound << ", of " << kernel.points
         << " points\n";
  printShares(kernel.prediction);
  if (!kernel.runnerUp.empty())
    outs() << "    runner-up " << microseconds(kernel.runnerUpSeconds) << " ("
           << change(kernel.runnerUpSeconds / time.seconds)
           << "): " << kernel.runnerUp << "\n";
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

static void printText(const ExplainReport &report) {
  double predicted = 0, measured = 0;
  size_t numPredicted = 0, numMeasured = 0;
  for (auto [i, kernel] : enumerate(report.kernels)) {
    outs() << (kernel.node.empty() ? "(unnamed)" : kernel.node) << "\n    "
           << kernel.schedule << "\n";
    printPrediction(kernel);
    if (!report.measured.empty())
      printMeasurement(report.measured[i], report.peak);
    numPredicted += kernel.isModelled;
    predicted += kernel.isModelled ? kernel.time().seconds : 0;
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
  const cost::Estimate &time = kernel.time();
  out.attribute("seconds", time.seconds);
  if (time.spread > 0) {
    out.attribute("low", cost::lowerBound(time));
    out.attribute("high", cost::upperBound(time));
  }
  out.attribute("bound", kernel.bound);
  out.attribute("analytic_seconds", kernel.prediction.analyticSeconds);
  out.attribute("learned_base", kernel.prediction.base);
  out.attributeArray("contributions", [&] {
    for (const cost::Contribution &one : kernel.prediction.contributions)
      out.object([&] {
        out.attribute("feature", one.feature);
        out.attribute("value", one.value);
        out.attribute("effect", one.effect);
      });
  });
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

static void printJson(const ExplainReport &report) {
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
                    ExplainReport &report) {
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

/// False after an error on standard error.
static bool write(const ExplainReport &report, StringRef page, bool asJson) {
  if (page.empty()) {
    asJson ? printJson(report) : printText(report);
    return true;
  }
  std::error_code error;
  raw_fd_ostream out(page, error);
  if (!error)
    writePage(out, report);
  if (error)
    errs() << "tegula explain: cannot write '" << page
           << "': " << error.message() << "\n";
  return !error;
}

int tools::runExplain(ArrayRef<StringRef> arguments) {
  SmallVector<StringRef> words;
  bool isMeasured = false;
  StringRef page;
  for (StringRef word : arguments) {
    if (word == "--measure")
      isMeasured = true;
    else if (word.starts_with("--html="))
      page = word.drop_front(strlen("--html="));
    else
      words.push_back(word);
  }
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
  ExplainReport report;
  report.model = sys::path::filename(given.path).str();
  report.target = given.options.target;
  mlir::OwningOpRef<mlir::ModuleOp> module =
      scheduleFile(given.path, given.options, *context);
  if (!module || !explainModule(*module, given.options, report.kernels) ||
      (isMeasured && !measure(*module, given.options, report)))
    return 1;
  return write(report, page, given.asJson) ? 0 : 1;
}
