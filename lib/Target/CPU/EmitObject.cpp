//===- EmitObject.cpp - LLVM modules to object files and assembly --------===//

#include "tegula/Target/CPU/EmitObject.h"

#include "SplitMaskedStores.h"
#include "tegula/Support/KernelCache.h"

#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/Analysis/TargetTransformInfo.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"
#include "llvm/TargetParser/Triple.h"
#include <mutex>

using namespace llvm;
using namespace tegula;
using namespace tegula::target;

static void initializeTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    InitializeAllTargetInfos();
    InitializeAllTargets();
    InitializeAllTargetMCs();
    InitializeAllAsmPrinters();
    InitializeAllAsmParsers();
  });
}

/// LLVM prints a warning about an unknown cpu or feature and goes on; we
/// refuse.
static Error checkCpu(const llvm::Target &target, const Triple &triple,
                      const EmitOptions &options) {
  std::unique_ptr<MCSubtargetInfo> info(
      target.createMCSubtargetInfo(triple, "", ""));
  if (!info)
    return createStringError("LLVM cannot describe '%s'",
                             options.triple.c_str());
  if (!options.cpu.empty() && !info->isCPUStringValid(options.cpu))
    return createStringError("unknown cpu '%s' for '%s'", options.cpu.c_str(),
                             options.triple.c_str());
  SmallVector<StringRef> features;
  StringRef(options.features).split(features, ',', -1, /*KeepEmpty=*/false);
  for (StringRef feature : features) {
    const bool isSigned =
        feature.consume_front("+") || feature.consume_front("-");
    const bool isKnown = llvm::any_of(
        info->getAllProcessorFeatures(),
        [&](const SubtargetFeatureKV &known) { return feature == known.Key; });
    if (!isSigned || !isKnown)
      return createStringError(
          "unknown feature '%s' for '%s': expected +NAME or -NAME",
          feature.str().c_str(), options.triple.c_str());
  }
  return Error::success();
}

Expected<std::unique_ptr<TargetMachine>>
tegula::target::createTargetMachine(const EmitOptions &options) {
  initializeTargets();
  const Triple triple(options.triple);
  std::string message;
  const llvm::Target *target = TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return createStringError("cannot generate code for '%s': %s",
                             options.triple.c_str(), message.c_str());
  if (Error error = checkCpu(*target, triple, options))
    return std::move(error);
  TargetOptions targetOptions;
  targetOptions.FunctionSections = true;
  targetOptions.DataSections = true;
  // Contraction happens where the code asks for it (llvm.fmuladd), only there.
  targetOptions.AllowFPOpFusion = FPOpFusion::Standard;
  const CodeGenOptLevel level = options.optLevel == 0   ? CodeGenOptLevel::None
                                : options.optLevel == 1 ? CodeGenOptLevel::Less
                                : options.optLevel == 2
                                    ? CodeGenOptLevel::Default
                                    : CodeGenOptLevel::Aggressive;
  std::unique_ptr<TargetMachine> machine(target->createTargetMachine(
      triple, options.cpu, options.features, targetOptions, Reloc::PIC_,
      CodeModel::Small, level));
  if (!machine)
    return createStringError("LLVM has no code generator for '%s'",
                             options.triple.c_str());
  return machine;
}

static void setAttributes(Module &module, const TargetMachine &machine) {
  module.setTargetTriple(machine.getTargetTriple());
  module.setDataLayout(machine.createDataLayout());
  module.setPICLevel(PICLevel::BigPIC);
  for (Function &function : module) {
    if (function.isIntrinsic())
      continue;
    function.setDoesNotThrow();
    if (function.isDeclaration())
      continue;
    function.setUWTableKind(UWTableKind::None);
    function.addFnAttr("target-cpu", machine.getTargetCPU());
    if (!machine.getTargetFeatureString().empty())
      function.addFnAttr("target-features", machine.getTargetFeatureString());
  }
}

static Error optimize(Module &module, TargetMachine &machine,
                      unsigned optLevel) {
  setAttributes(module, machine);
  std::string message;
  raw_string_ostream stream(message);
  if (verifyModule(module, &stream))
    return createStringError("invalid LLVM module '%s': %s",
                             module.getModuleIdentifier().c_str(),
                             message.c_str());
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager sccs;
  ModuleAnalysisManager modules;
  PipelineTuningOptions tuning;
  tuning.LoopVectorization = optLevel >= 2;
  tuning.SLPVectorization = optLevel >= 2;
  PassBuilder builder(&machine, tuning);
  TargetLibraryInfoImpl libraryInfo(machine.getTargetTriple());
  functions.registerPass([&] { return TargetLibraryAnalysis(libraryInfo); });
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(sccs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, sccs, modules);
  const OptimizationLevel level = optLevel == 0   ? OptimizationLevel::O0
                                  : optLevel == 1 ? OptimizationLevel::O1
                                  : optLevel == 2 ? OptimizationLevel::O2
                                                  : OptimizationLevel::O3;
  ModulePassManager passes = optLevel == 0
                                 ? builder.buildO0DefaultPipeline(level)
                                 : builder.buildPerModuleDefaultPipeline(level);
  const bool hasMaskRegisters =
      machine.getTargetTriple().isX86() &&
      machine.getMCSubtargetInfo()->checkFeatures("+avx512vl");
  passes.addPass(createModuleToFunctionPassAdaptor(
      SplitMaskedStoresPass(hasMaskRegisters)));
  passes.run(module, modules);
  return Error::success();
}

Error tegula::target::optimizeModule(Module &module,
                                     const EmitOptions &options) {
  Expected<std::unique_ptr<TargetMachine>> machine =
      createTargetMachine(options);
  if (!machine)
    return machine.takeError();
  return optimize(module, **machine, options.optLevel);
}

Expected<SmallVector<char, 0>>
tegula::target::emitObject(Module &module, const EmitOptions &options,
                           CodeKind kind) {
  Expected<std::unique_ptr<TargetMachine>> machine =
      createTargetMachine(options);
  if (!machine)
    return machine.takeError();
  if (Error error = optimize(module, **machine, options.optLevel))
    return std::move(error);
  SmallVector<char, 0> bytes;
  raw_svector_ostream stream(bytes);
  legacy::PassManager passes;
  const CodeGenFileType type = kind == CodeKind::Object
                                   ? CodeGenFileType::ObjectFile
                                   : CodeGenFileType::AssemblyFile;
  if ((*machine)->addPassesToEmitFile(passes, stream, nullptr, type))
    return createStringError("LLVM cannot write this kind of file for '%s'",
                             options.triple.c_str());
  passes.run(module);
  return bytes;
}

/// What decides the object file of a module, beside the module.
static std::string generatorOf(const EmitOptions &options) {
  return formatv("object {0} {1} {2} {3} -O{4}", TEGULA_GENERATOR_HASH,
                 options.triple, options.cpu, options.features,
                 options.optLevel);
}

static Error emitOne(const ModuleMaker &maker, const EmitOptions &options,
                     const KernelCache &cache, KernelCache::Code &result) {
  LLVMContext context;
  Expected<std::unique_ptr<Module>> module = maker(context);
  if (!module)
    return module.takeError();
  Expected<KernelCache::Code> bytes =
      cache.get(**module, generatorOf(options),
                [&] { return emitObject(**module, options); });
  if (!bytes)
    return bytes.takeError();
  result = std::move(*bytes);
  return Error::success();
}

Expected<std::vector<SmallVector<char, 0>>>
tegula::target::emitObjects(ArrayRef<ModuleMaker> makers,
                            const EmitOptions &options, unsigned numThreads,
                            const std::function<void(size_t)> &progress) {
  initializeTargets();
  std::vector<SmallVector<char, 0>> results(makers.size());
  const KernelCache cache(options.kernelCache);
  std::mutex mutex;
  std::vector<std::string> messages(makers.size());
  size_t done = 0;
  auto compile = [&](size_t index) {
    Error error = emitOne(makers[index], options, cache, results[index]);
    std::lock_guard<std::mutex> lock(mutex);
    if (error)
      messages[index] = toString(std::move(error));
    if (progress)
      progress(++done);
  };
  {
    DefaultThreadPool pool(hardware_concurrency(numThreads));
    for (size_t i = 0; i < makers.size(); ++i)
      pool.async(compile, i);
    pool.wait();
  }
  cache.prune();
  // The first in order, so that the message does not depend on the threads.
  for (const std::string &message : messages)
    if (!message.empty())
      return createStringError("%s", message.c_str());
  return results;
}
