//===- Explain.cpp - tegula explain ---------------------------------------===//

#include "Commands.h"
#include "ReportArguments.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace tegula::pipeline;
using tegula::sched::KernelExplanation;

static constexpr StringLiteral kUsage =
    "usage: tegula explain MODEL.onnx [--json] [options of compile]\n\n"
    "Prints per kernel its schedule, the time that the cost model predicts on "
    "one\nthread with the interval that nine of ten kernels keep, what bounds "
    "it, and\nwhat the runner-up would take.\n";

static std::string microseconds(double seconds) {
  std::string text;
  raw_string_ostream(text) << format("%.4g us", seconds * 1e6);
  return text;
}

static void printText(ArrayRef<KernelExplanation> kernels) {
  double seconds = 0;
  size_t modelled = 0;
  for (const KernelExplanation &kernel : kernels) {
    outs() << (kernel.node.empty() ? "(unnamed)" : kernel.node) << "\n    "
           << kernel.schedule << "\n";
    if (!kernel.isModelled) {
      outs() << "    one schedule, not predicted\n";
      continue;
    }
    modelled += 1;
    seconds += kernel.time.seconds;
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
  outs() << kernels.size() << " kernels, " << modelled
         << " predicted: " << microseconds(seconds) << " on one thread\n";
}

static void printJson(ArrayRef<KernelExplanation> kernels) {
  json::OStream out(outs(), /*IndentSize=*/2);
  out.array([&] {
    for (const KernelExplanation &kernel : kernels)
      out.object([&] {
        out.attribute("node", json::fixUTF8(kernel.node));
        out.attribute("schedule", kernel.schedule);
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
      });
  });
  outs() << "\n";
}

int tegula::tools::runExplain(ArrayRef<StringRef> arguments) {
  ReportArguments given;
  if (std::optional<int> code = given.parse("explain", kUsage, arguments))
    return *code;
  std::unique_ptr<mlir::MLIRContext> context = createContext();
  mlir::ScopedDiagnosticHandler handler(
      context.get(), [&](mlir::Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error)
          errs() << formatDiagnostic(diagnostic) << "\n";
        return mlir::success();
      });
  std::vector<KernelExplanation> kernels;
  if (!explainFile(given.path, given.options, *context, kernels))
    return 1;
  given.asJson ? printJson(kernels) : printText(kernels);
  return 0;
}
