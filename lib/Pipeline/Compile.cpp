//===- Compile.cpp - From a model to an artifact --------------------------===//

#include "tegula/Pipeline/Compile.h"

#include "EmitArtifact.h"
#include "EmitGpu.h"
#include "MergeModules.h"
#include "ModelSignature.h"
#include "tegula/Frontend/ExportModel.h"
#include "tegula/Frontend/ImportModel.h"
#include "tegula/Frontend/Transforms/Passes.h"
#include "tegula/Graph/OnnxToGraph/Passes.h"
#include "tegula/Machine/Machine.h"
#include "tegula/Pipeline/Pipelines.h"
#include "tegula/Tile/Transforms/Weights.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <chrono>

using namespace mlir;
using namespace tegula;
using namespace tegula::pipeline;

/// Units of compilation are filled up to this many operations.
static constexpr int64_t kUnitOps = 6000;

/// The widest vector of vpmaddubsw.
static int64_t byteProductBits(const machine::Machine &machine) {
  return machine.has("avx512bw") ? 512
         : machine.has("avx2")   ? 256
         : machine.has("ssse3")  ? 128
                                 : 0;
}

/// The widest vector of vpdpbusd.
static int64_t byteDotBits(const machine::Machine &machine) {
  return machine.has("avx512vnni") ? 512 : machine.has("avxvnni") ? 256 : 0;
}

/// What AArch64 has for products of bytes; empty for others.
static std::string neonProducts(const machine::Machine &machine) {
  if (machine.architecture != machine::Architecture::AArch64)
    return "";
  return machine.has("i8mm")      ? "i8mm"
         : machine.has("dotprod") ? "dotprod"
                                  : "base";
}

std::string tegula::pipeline::tuningMachine(const machine::Machine &machine) {
  machine::Machine described = machine;
  described.name.clear(); // "host" and "znver3" may be the same.
  described.cores = 1;    // Measured on one.
  return machine::describe(described);
}

namespace {

/// One compilation: the stages in order, with what they hand on.
class Compilation {
public:
  Compilation(ModuleOp module, const CompileOptions &options, StringRef output)
      : module(module), context(module.getContext()), options(options),
        output(output), start(std::chrono::steady_clock::now()) {}

  bool run() {
    return frontend() && prepare() && finish("frontend") && convert() &&
           finish("convert") && stage(buildGraphPipeline, "graph") &&
           stage(buildSchedulePipeline, "schedule") &&
           stage(buildOutlinePipeline, "outline") && takeWeights() &&
           stage(buildTilePipeline, "tile") && takePlan() &&
           stage(buildAbiPipeline, "abi") && takeKernels() && merge() &&
           stage(buildLLVMPipeline, "target") && emit();
  }

private:
  bool fail(const Twine &message) {
    emitError(module.getLoc()) << message;
    return false;
  }

  /// Says that a stage begins.
  void report(StringRef name) {
    if (options.progress)
      options.progress(name, 0, 0);
  }

  /// Folds and simplifies while the operators are still ONNX's; those without
  /// a lowering become their function bodies.
  bool frontend() {
    report("frontend");
    PassManager manager(context, ModuleOp::getOperationName());
    buildModelPipeline(manager);
    manager.enableVerifier(options.verify);
    return succeeded(manager.run(module));
  }

  /// Reads what later stages would forget.
  bool prepare() {
    std::string message;
    onGpu = machine::isGpuTarget(options.target);
    if (onGpu && !machine::gpuFor(options.target, gpu.gpu, message))
      return fail(message);
    if (options.emit == Emit::PTX && !onGpu)
      return fail("--emit=ptx needs a GPU, such as --target=cuda:sm_80");
    bool choosesForCpu =
        !options.schedules.empty() || !options.costModel.empty() ||
        !options.tuningDatabase.empty() || options.schedulePoint >= 0 ||
        options.scheduleSeed >= 0 || options.measureSeconds > 0;
    if (onGpu && options.profile)
      return fail("--profile is for CPUs; leave it out with --target=" +
                  options.target);
    if (onGpu && choosesForCpu)
      return fail("--schedule, --schedule-point, --schedule-seed, "
                  "--tuning-database, --measure-seconds and --cost-model are "
                  "about CPUs; leave them out with --target=" +
                  options.target);
    // The host's part is small: it runs on every x86-64.
    if (!machine::machineFor(onGpu ? "x86-64" : options.target, machine,
                             message))
      return fail(message);
    auto entry = module.lookupSymbol<func::FuncOp>("main");
    if (!entry)
      return fail("the module has no function @main");
    FailureOr<target::ArtifactSignature> read = modelSignature(entry);
    if (failed(read))
      return false;
    signature = std::move(*read);
    signature.name = options.name;
    if (signature.name.empty())
      signature.name = llvm::sys::path::stem(output).str();
    signature.provenance = "tegula 0.1.0, target " +
                           (onGpu ? options.target : machine.name) + ", -O" +
                           std::to_string(options.optLevel);
    return true;
  }

  /// Lowers ONNX's operators; all that cannot be are reported.
  bool convert() {
    report("convert");
    if (options.optLevel > 0) {
      PassManager manager(context, ModuleOp::getOperationName());
      manager.addNestedPass<func::FuncOp>(
          graph::createUseIntegerProductsPass());
      manager.enableVerifier(options.verify);
      if (failed(manager.run(module)))
        return false;
    }
    graph::ConvertOptions converting;
    converting.exactByteDots =
        !onGpu && (byteDotBits(machine) != 0 || machine.has("i8mm") ||
                   machine.has("dotprod"));
    std::vector<graph::UnsupportedOp> unsupported =
        graph::convertOnnx(module, converting);
    for (const graph::UnsupportedOp &entry : unsupported)
      entry.op->emitError() << entry.op->getName().stripDialect()
                            << " is not supported: " << entry.reason;
    return unsupported.empty();
  }

  bool stage(void (*build)(OpPassManager &, const StageOptions &),
             StringRef name) {
    if (stopped)
      return true;
    report(name);
    PassManager manager(context, ModuleOp::getOperationName());
    StageOptions stageOptions;
    stageOptions.optimize = options.optLevel > 0;
    stageOptions.verifyContract = options.verify;
    stageOptions.profile = options.profile;
    stageOptions.gpu = onGpu;
    stageOptions.multiprocessors = gpu.gpu.multiprocessors;
    stageOptions.warpgroups = gpu.gpu.hasWarpgroups;
    stageOptions.useFma = machine.hasFma;
    stageOptions.vectorBits = machine.vectorBits;
    stageOptions.byteProductBits = byteProductBits(machine);
    stageOptions.byteDotBits = byteDotBits(machine);
    stageOptions.dotRegisters = machine.dotRegisters;
    stageOptions.neonProducts = neonProducts(machine);
    stageOptions.vectorRegisters = machine.vectorRegisters;
    stageOptions.l1Bytes = machine.l1Bytes;
    stageOptions.l2Bytes = machine.l2Bytes;
    stageOptions.costModel = options.costModel;
    stageOptions.schedules = options.schedules;
    stageOptions.schedulePoint = options.schedulePoint;
    stageOptions.scheduleSeed = options.scheduleSeed;
    stageOptions.tuningDatabase = options.tuningDatabase;
    stageOptions.machine = tuningMachine(machine);
    build(manager, stageOptions);
    manager.enableVerifier(options.verify);
    return succeeded(manager.run(module)) && finish(name);
  }

  /// Dumps the module after stage `name`, and stops there if asked to.
  bool finish(StringRef name) {
    if (options.timing) {
      auto now = std::chrono::steady_clock::now();
      std::chrono::duration<double, std::milli> elapsed = now - start;
      llvm::errs() << llvm::format("%8.1f ms  ", elapsed.count()) << name
                   << "\n";
      start = now;
    }
    if (!options.dumpStages.empty() && !stopped) {
      SmallString<128> path(options.dumpStages);
      if (llvm::sys::fs::create_directories(path))
        return fail("cannot make the folder '" + path + "'");
      llvm::sys::path::append(path, Twine(numStages++) + "-" + name + ".mlir");
      if (!print(path))
        return false;
    }
    bool isLast = options.emit == Emit::ONNX && name == "frontend";
    if ((options.stopAfter != name && !isLast) || stopped)
      return true;
    stopped = true;
    if (output.empty())
      return true;
    return isLast ? exportOnnx() : print(output);
  }

  bool print(StringRef path) {
    std::error_code error;
    llvm::raw_fd_ostream out(path, error);
    if (error)
      return fail("cannot write '" + path + "': " + error.message());
    module->print(
        out,
        OpPrintingFlags().elideLargeElementsAttrs(64).elideLargeResourceString(
            64));
    return true;
  }

  bool exportOnnx() {
    std::error_code error;
    llvm::raw_fd_ostream out(output, error);
    if (error)
      return fail("cannot write '" + output + "': " + error.message());
    return succeeded(frontend::exportModel(module, out));
  }

  bool takeWeights() {
    if (stopped)
      return true;
    FailureOr<tile::WeightBlob> blob = tile::externalizeWeights(module);
    if (failed(blob))
      return false;
    weights = std::move(*blob);
    signature.weightBytes = weights.size;
    // Many kernels are worth the start of threads.
    constexpr size_t kManyKernels = 16;
    if (options.threads != 1 &&
        llvm::range_size(module.getOps<ModuleOp>()) >= kManyKernels)
      context->enableMultithreading();
    return true;
  }

  bool takePlan() {
    if (stopped)
      return true;
    auto entry = module.lookupSymbol<func::FuncOp>("main");
    auto number = [&](StringRef name) -> int64_t {
      auto value = entry->getAttrOfType<IntegerAttr>(name);
      return value ? value.getInt() : 0;
    };
    signature.arenaBytes = number("tegula.arena_bytes");
    signature.numSlots = number("tegula.slots");
    return true;
  }

  bool takeKernels() {
    if (stopped || !onGpu)
      return true;
    if (llvm::Error error = compileKernels(module, options, gpu))
      return fail(llvm::toString(std::move(error)));
    return finish("gpu");
  }

  bool merge() {
    if (!stopped)
      mergeModules(module, kUnitOps);
    return true;
  }

  bool emit() {
    if (stopped)
      return true;
    if (options.emit == Emit::MLIR)
      return print(output);
    report("emit");
    if (llvm::Error error = emitArtifact(
            {module, weights, signature, machine, onGpu ? &gpu : nullptr},
            options, output))
      return fail(llvm::toString(std::move(error)));
    finish("emit");
    return true;
  }

  ModuleOp module;
  MLIRContext *context;
  const CompileOptions &options;
  StringRef output;
  std::chrono::steady_clock::time_point start;
  machine::Machine machine;
  target::ArtifactSignature signature;
  tile::WeightBlob weights;
  GpuParts gpu;
  bool onGpu = false;
  int numStages = 0;
  bool stopped = false;
};

} // namespace

bool tegula::pipeline::compileModule(ModuleOp module,
                                     const CompileOptions &options,
                                     StringRef output) {
  return Compilation(module, options, output).run();
}

void tegula::pipeline::buildModelPipeline(OpPassManager &pm) {
  frontend::FrontendOptions options;
  options.hasLowering = graph::hasLowering;
  frontend::buildFrontendPipeline(pm, options);
}

static frontend::ImportOptions importOptions(const CompileOptions &options) {
  frontend::ImportOptions result;
  result.dims = options.dims;
  result.name = options.name;
  return result;
}

bool tegula::pipeline::compileFile(StringRef path,
                                   const CompileOptions &options,
                                   StringRef output, MLIRContext &context) {
  OwningOpRef<ModuleOp> module =
      frontend::importModelFile(path, importOptions(options), &context);
  return module && compileModule(*module, options, output);
}

/// Takes an imported model, or null, as far as its schedules.
static OwningOpRef<ModuleOp> schedule(OwningOpRef<ModuleOp> module,
                                      CompileOptions options) {
  options.stopAfter = "schedule";
  if (!module || !compileModule(*module, options, /*output=*/""))
    return {};
  return module;
}

OwningOpRef<ModuleOp>
tegula::pipeline::scheduleFile(StringRef path, const CompileOptions &options,
                               MLIRContext &context) {
  return schedule(
      frontend::importModelFile(path, importOptions(options), &context),
      options);
}

OwningOpRef<ModuleOp>
tegula::pipeline::scheduleBytes(StringRef bytes, const CompileOptions &options,
                                MLIRContext &context) {
  return schedule(
      frontend::importModelBytes(bytes, importOptions(options), &context),
      options);
}

bool tegula::pipeline::compileBytes(StringRef bytes,
                                    const CompileOptions &options,
                                    StringRef output, MLIRContext &context) {
  OwningOpRef<ModuleOp> module =
      frontend::importModelBytes(bytes, importOptions(options), &context);
  return module && compileModule(*module, options, output);
}
