//===- CompileOptions.cpp - The options of tegula compile -----------------===//

#include "tegula/Pipeline/Compile.h"

#include "llvm/ADT/StringSwitch.h"
#include <cmath>

using namespace tegula::pipeline;
using llvm::StringRef;

static bool parseEmit(StringRef text, Emit &emit) {
  std::optional<Emit> kind = llvm::StringSwitch<std::optional<Emit>>(text)
                                 .Case("so", Emit::SharedObject)
                                 .Case("o", Emit::Object)
                                 .Case("a", Emit::Archive)
                                 .Case("exe", Emit::Executable)
                                 .Case("llvm", Emit::LLVM)
                                 .Case("asm", Emit::Asm)
                                 .Case("mlir", Emit::MLIR)
                                 .Case("onnx", Emit::ONNX)
                                 .Case("ptx", Emit::PTX)
                                 .Default(std::nullopt);
  if (kind)
    emit = *kind;
  return kind.has_value();
}

/// Reads a word about schedules: true if it is one and could be read, false
/// with `message` if it could not, none if it is another word.
static std::optional<bool> parseScheduleOption(StringRef word,
                                               CompileOptions &options,
                                               std::string &message) {
  StringRef value = word;
  auto wrong = [&](const llvm::Twine &expected) {
    message = ("option '" + word + "': expected " + expected).str();
    return false;
  };
  if (value.consume_front("--cost-model=")) {
    options.costModel = value.str();
    return !value.empty() || wrong("--cost-model=FILE, or 'analytic'");
  }
  if (value.consume_front("--schedule=")) {
    options.schedules = value.str();
    return !value.empty() || wrong("--schedule=FILE");
  }
  if (value.consume_front("--schedule-point="))
    return (!value.getAsInteger(10, options.schedulePoint) &&
            options.schedulePoint >= 0) ||
           wrong("a number from 0");
  if (value.consume_front("--schedule-seed="))
    return (!value.getAsInteger(10, options.scheduleSeed) &&
            options.scheduleSeed >= 0) ||
           wrong("a number from 0");
  if (value.consume_front("--tuning-database=")) {
    options.tuningDatabase = value.str();
    return !value.empty() || wrong("--tuning-database=FILE");
  }
  if (value.consume_front("--measure-seconds="))
    return (!value.getAsDouble(options.measureSeconds) &&
            std::isfinite(options.measureSeconds) &&
            options.measureSeconds >= 0) ||
           wrong("a number from 0");
  return std::nullopt;
}

/// Reads one word; false with `message` if it cannot be read.
static bool parseOption(StringRef word, CompileOptions &options,
                        std::string &message) {
  if (std::optional<bool> known = parseScheduleOption(word, options, message))
    return *known;
  StringRef value = word;
  auto wrong = [&](const llvm::Twine &expected) {
    message = ("option '" + word + "': expected " + expected).str();
    return false;
  };
  if (value.consume_front("--emit="))
    return parseEmit(value, options.emit) ||
           wrong("so, o, a, exe, llvm, asm, mlir, onnx or ptx");
  if (value.consume_front("--target=")) {
    options.target = value.str();
    return true;
  }
  if (value.consume_front("--gpu-image=")) {
    options.gpuImage = value == "ptx" ? GpuImage::Ptx : GpuImage::Cubin;
    return value == "ptx" || value == "cubin" || wrong("cubin or ptx");
  }
  if (value.consume_front("--ptxas=")) {
    options.ptxas = value.str();
    return true;
  }
  if (value.consume_front("-O"))
    return (!value.getAsInteger(10, options.optLevel) &&
            options.optLevel <= 3) ||
           wrong("-O0 to -O3");
  if (value.consume_front("--dim=")) {
    auto [name, text] = value.rsplit('=');
    int64_t extent;
    if (name.empty() || text.getAsInteger(10, extent) || extent < 0)
      return wrong("--dim=NAME=EXTENT");
    options.dims[name] = extent;
    return true;
  }
  if (value.consume_front("--name=")) {
    options.name = value.str();
    return true;
  }
  if (value.consume_front("--stop-after=")) {
    options.stopAfter = value.str();
    return llvm::is_contained({"frontend", "convert", "graph", "schedule",
                               "outline", "tile", "abi", "target"},
                              value) ||
           wrong("frontend, convert, graph, schedule, outline, tile, abi or "
                 "target");
  }
  if (value.consume_front("--dump-stages=")) {
    options.dumpStages = value.str();
    return true;
  }
  if (value.consume_front("--kernel-cache=")) {
    options.kernelCache = value.str();
    return !value.empty() || wrong("--kernel-cache=FOLDER");
  }
  if (value.consume_front("--threads="))
    return !value.getAsInteger(10, options.threads) || wrong("a number");
  if (word == "--verify")
    return options.verify = true;
  if (word == "--profile")
    return options.profile = true;
  if (word == "--timing")
    return options.timing = true;
  message = ("unknown option '" + word + "'").str();
  return false;
}

bool tegula::pipeline::parseOptions(llvm::ArrayRef<StringRef> words,
                                    CompileOptions &options,
                                    std::string &message) {
  return llvm::all_of(words, [&](StringRef word) {
    return parseOption(word, options, message);
  });
}
