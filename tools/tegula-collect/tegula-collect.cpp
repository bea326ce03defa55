//===- tegula-collect.cpp - Measure kernels for the cost model ------------===//
//
// What cost-model/train/collect.py runs: one line of JSON per measured kernel,
// and one when a model is done.
//
//===----------------------------------------------------------------------===//

#include "tegula/Tuning/Collect.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

using namespace llvm;
using namespace tegula;
using namespace tegula::tuning;

static constexpr StringLiteral kUsage =
    "usage: tegula-collect --reference=MODEL.onnx [options] MODEL.onnx...\n\n"
    "Measures schedules of the models' kernels on this machine, and writes "
    "lines of JSON.\n\n"
    "  --points=N        schedules of a kernel (36)\n"
    "  --seed=N          of the schedules that are drawn (1)\n"
    "  --threads=1,2     numbers of threads (1)\n"
    "  --rounds=N        in which each kernel is timed (12)\n"
    "  --block-us=N      microseconds of a kernel in a round (1000)\n"
    "  and the options of compile\n";

namespace {

struct Arguments {
  CollectOptions options;
  StringRef reference;
  SmallVector<StringRef> models;
};

} // namespace

template <typename Number>
static bool readNumber(StringRef text, Number &number) {
  return !text.getAsInteger(10, number) && number > 0;
}

static bool readThreads(StringRef text, std::vector<unsigned> &threads) {
  threads.clear();
  SmallVector<StringRef> parts;
  text.split(parts, ',');
  for (StringRef part : parts)
    if (!readNumber(part, threads.emplace_back()))
      return false;
  return threads.front() == 1;
}

/// Reads one word; none if it is not one of this program's own.
static std::optional<bool> parseWord(StringRef word, Arguments &arguments) {
  CollectOptions &options = arguments.options;
  if (word.consume_front("--reference="))
    return arguments.reference = word, !word.empty();
  if (word.consume_front("--points="))
    return readNumber(word, options.points);
  if (word.consume_front("--seed="))
    return readNumber(word, options.seed);
  if (word.consume_front("--threads="))
    return readThreads(word, options.threads);
  if (word.consume_front("--rounds="))
    return readNumber(word, options.rounds);
  if (unsigned microseconds = 0; word.consume_front("--block-us=")) {
    const bool isRead = readNumber(word, microseconds);
    options.blockSeconds = 1e-6 * microseconds;
    return isRead;
  }
  return std::nullopt;
}

static bool parse(ArrayRef<const char *> words, Arguments &arguments,
                  std::string &message) {
  SmallVector<StringRef> others;
  for (StringRef word : words) {
    std::optional<bool> own = parseWord(word, arguments);
    if (own && !*own)
      return message = "cannot read '" + word.str() + "'", false;
    if (own)
      continue;
    (word.starts_with("-") ? others : arguments.models).push_back(word);
  }
  if (arguments.reference.empty() || arguments.models.empty())
    return message = "expected --reference=MODEL.onnx and MODEL.onnx", false;
  return pipeline::parseOptions(others, arguments.options.compile, message);
}

static json::Object rowOf(const CollectedKernel &kernel) {
  json::Object row{{"family", kernel.family},
                   {"problem", kernel.problem},
                   {"schedule", kernel.schedule},
                   {"numerics", kernel.numerics},
                   {"threads", kernel.threads},
                   {"status", kernel.status},
                   {"code_bytes", int64_t(kernel.codeBytes)},
                   {"compile_seconds", kernel.compileSeconds},
                   {"predicted", kernel.predictedSeconds}};
  if (kernel.status == "ok") {
    row["seconds"] = kernel.timing.median;
    row["mad"] = kernel.timing.mad;
    row["even"] = kernel.timing.even;
    row["odd"] = kernel.timing.odd;
    row["reference"] = kernel.referenceSeconds;
  }
  return row;
}

/// Measures one model. A fresh context: types and attributes of models that
/// are done would stay in it.
static void collect(StringRef path, CollectOptions options,
                    LoadedKernel &reference) {
  std::unique_ptr<mlir::MLIRContext> context = pipeline::createContext();
  const StringRef shape = sys::path::stem(path);
  options.seed ^= xxh3_64bits(shape);
  auto write = [&](json::Object row) {
    row["shape"] = shape;
    outs() << json::Value(std::move(row)) << "\n";
  };
  Error error =
      collectFile(path, options, reference, *context,
                  [&](const CollectedKernel &kernel) { write(rowOf(kernel)); });
  write(json::Object{{"done", error ? toString(std::move(error)) : "ok"}});
  outs().flush();
}

int main(int argc, char **argv) {
  Arguments arguments;
  std::string message;
  if (!parse(ArrayRef<const char *>(argv + 1, argc - 1), arguments, message))
    return errs() << "tegula-collect: " << message << "\n\n" << kUsage, 2;
  std::unique_ptr<mlir::MLIRContext> context = pipeline::createContext();
  auto reference =
      loadReference(arguments.reference, arguments.options, *context);
  if (!reference)
    return errs() << "tegula-collect: " << arguments.reference << ": "
                  << toString(reference.takeError()) << "\n",
           1;
  for (StringRef model : arguments.models)
    collect(model, arguments.options, **reference);
  return 0;
}
