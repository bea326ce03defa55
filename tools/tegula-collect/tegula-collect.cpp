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
    "usage: tegula-collect --reference=MODEL.onnx [options] MODEL.onnx...\n"
    "       tegula-collect --energy   says whether energy can be measured\n\n"
    "Measures schedules of the models' kernels on this machine, and writes "
    "lines of JSON.\n\n"
    "  --points=N        schedules of a kernel (36), or all\n"
    "  --seed=N          of the schedules that are drawn (1)\n"
    "  --threads=1,2     numbers of threads (1)\n"
    "  --rounds=N        in which each kernel is timed (12)\n"
    "  --block-us=N      microseconds of a kernel in a round (1000)\n"
    "  --lock=FILE       for processes that measure side by side: what runs on "
    "several\n                    threads is timed alone\n"
    "  --realtime        times before other programs, if the system allows it\n"
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
  if (word == "--points=all")
    return options.points = std::numeric_limits<size_t>::max(), true;
  if (word == "--realtime")
    return options.realTime = true, true;
  if (word.consume_front("--lock="))
    return options.lockFile = word, !word.empty();
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
                   {"space_points", int64_t(kernel.spacePoints)},
                   {"code_bytes", int64_t(kernel.code.bytes)},
                   {"instructions", int64_t(kernel.code.instructions)},
                   {"spills", int64_t(kernel.code.spills)},
                   {"vector_registers", int64_t(kernel.code.vectorRegisters)},
                   {"compile_seconds", kernel.compileSeconds},
                   {"predicted", kernel.predictedSeconds}};
  if (kernel.status == "ok") {
    row["seconds"] = kernel.timing.median;
    row["mad"] = kernel.timing.mad;
    row["even"] = kernel.timing.even;
    row["odd"] = kernel.timing.odd;
    row["reference"] = kernel.referenceSeconds;
    if (kernel.joules > 0)
      row["joules"] = kernel.joules;
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

/// Can the energy of kernels be measured here? If not, why.
static int sayEnergy() {
  auto energy = EnergyCounter::open();
  outs() << (energy ? "energy is measured" : toString(energy.takeError()))
         << "\n";
  return 0;
}

int main(int argc, char **argv) {
  if (argc == 2 && StringRef(argv[1]) == "--energy")
    return sayEnergy();
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
  auto energy = EnergyCounter::open();
  if (energy)
    arguments.options.energy = &*energy;
  else
    consumeError(energy.takeError()); // What --energy says.
  for (StringRef model : arguments.models)
    collect(model, arguments.options, **reference);
  return 0;
}
