//===- Tune.cpp - tegula tune ---------------------------------------------===//

#include "Commands.h"

#include "tegula/Tuning/Search.h"
#include "tegula/Tuning/Tune.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace llvm;
using namespace tegula;
using namespace tegula::tuning;

static constexpr StringLiteral kUsage =
    "usage: tegula tune MODEL.onnx --database=FILE [options]\n\n"
    "Measures schedules of the model's kernels on this machine and keeps the "
    "times in\nFILE, from which 'tegula compile --tuning-database=FILE' takes "
    "the fastest. Can be\nrun again: what is in the file is not measured "
    "again.\n\n"
    "  --seconds=N           about so long (60); also --measure-seconds=N\n"
    "  --schedules=N         at most so many of a kernel\n"
    "  --search=NAME         exhaustive, random, beam (default), "
    "evolutionary,\n"
    "                        bayesian\n"
    "  --seed=N              of searches that draw (1)\n"
    "  and the options of compile\n";

/// Reads one word; false with `message` if it cannot be read, true if it is one
/// of tune's own; none if it is not.
static std::optional<bool> parseWord(StringRef word, TuneOptions &options,
                                     std::string &message) {
  StringRef value = word;
  if (value.consume_front("--database=")) {
    options.database = value.str();
    return true;
  }
  if (value.consume_front("--seconds=") ||
      value.consume_front("--measure-seconds=")) {
    message = "option '" + word.str() + "': expected a number from 0";
    return !value.getAsDouble(options.seconds) &&
           std::isfinite(options.seconds) && options.seconds >= 0;
  }
  if (value.consume_front("--schedules=")) {
    message = "option '" + word.str() + "': expected a number from 1";
    return !value.getAsInteger(10, options.schedules) && options.schedules > 0;
  }
  if (value.consume_front("--search=")) {
    options.search = value.str();
    message = "option '" + word.str() + "': expected one of " +
              llvm::join(searchNames(), ", ");
    return is_contained(searchNames(), options.search);
  }
  if (value.consume_front("--seed=")) {
    message = "option '" + word.str() + "': expected a number from 0";
    return !value.getAsInteger(10, options.seed);
  }
  return std::nullopt;
}

static bool parse(ArrayRef<StringRef> arguments, TuneOptions &options,
                  StringRef &path, std::string &message) {
  SmallVector<StringRef> words;
  for (StringRef argument : arguments) {
    std::optional<bool> own = parseWord(argument, options, message);
    if (own && !*own)
      return false;
    if (own)
      continue;
    if (argument.starts_with("-"))
      words.push_back(argument);
    else
      path = argument;
  }
  if (path.empty() || options.database.empty()) {
    message = "expected MODEL.onnx and --database=FILE";
    return false;
  }
  return pipeline::parseOptions(words, options.compile, message);
}

static void print(const TunedKernel &kernel) {
  outs() << (kernel.node.empty() ? "(unnamed)" : kernel.node);
  if (kernel.uses != 1)
    outs() << " and " << kernel.uses - 1 << " like it";
  outs() << "\n    " << kernel.measured << " of " << kernel.points
         << " schedules measured";
  if (kernel.failed != 0)
    outs() << ", " << kernel.failed << " without a time";
  outs() << "\n";
  if (kernel.measured == 0)
    return;
  outs() << format("    chosen  %10.4g us  ", kernel.chosenSeconds * 1e6)
         << kernel.chosen << "\n"
         << format("    fastest %10.4g us  ", kernel.bestSeconds * 1e6)
         << kernel.best << "\n";
  outs().flush();
}

int tools::runTune(ArrayRef<StringRef> arguments) {
  if (is_contained(arguments, "--help"))
    return outs() << kUsage, 0;
  TuneOptions options;
  StringRef path;
  std::string message;
  if (!parse(arguments, options, path, message))
    return errs() << "tegula tune: " << message << "\n\n" << kUsage, 2;
  std::unique_ptr<mlir::MLIRContext> context = pipeline::createContext();
  mlir::ScopedDiagnosticHandler handler(
      context.get(), [&](mlir::Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error)
          errs() << pipeline::formatDiagnostic(diagnostic) << "\n";
        return mlir::success();
      });
  double chosen = 0, best = 0;
  const bool isDone =
      tuneFile(path, options, *context, [&](const TunedKernel &kernel) {
        print(kernel);
        if (kernel.measured == 0)
          return;
        chosen += double(kernel.uses) * kernel.chosenSeconds;
        best += double(kernel.uses) * kernel.bestSeconds;
      });
  if (!isDone)
    return 1;
  outs() << format("all measured kernels: %.4g us as chosen, %.4g us at best\n",
                   chosen * 1e6, best * 1e6);
  return 0;
}
