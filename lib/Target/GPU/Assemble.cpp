//===- Assemble.cpp - LLVM IR to PTX to a cubin ---------------------------===//

#include "tegula/Support/KernelCache.h"
#include "tegula/Target/GPU/Program.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/Intrinsics.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"
#include <mutex>

using namespace llvm;
using namespace tegula;

static Expected<std::unique_ptr<TargetMachine>>
createMachine(const machine::Gpu &gpu) {
  static std::once_flag once;
  std::call_once(once, [] {
    InitializeAllTargetInfos();
    InitializeAllTargets();
    InitializeAllTargetMCs();
    InitializeAllAsmPrinters();
  });
  const Triple triple("nvptx64-nvidia-cuda");
  std::string message;
  const llvm::Target *target = TargetRegistry::lookupTarget(triple, message);
  if (!target)
    return createStringError("this LLVM cannot write PTX: %s", message.c_str());
  TargetOptions options;
  // Contraction happens where the code asks for it, as on the CPU.
  options.AllowFPOpFusion = FPOpFusion::Standard;
  return std::unique_ptr<TargetMachine>(target->createTargetMachine(
      triple, gpu.chip, gpu.ptxFeatures, options, std::nullopt, std::nullopt,
      CodeGenOptLevel::Aggressive));
}

/// Functions that a GPU has at most an approximation of.
static bool needsLibrary(Intrinsic::ID id) {
  switch (id) {
  case Intrinsic::sin:
  case Intrinsic::cos:
  case Intrinsic::tan:
  case Intrinsic::exp:
  case Intrinsic::exp2:
  case Intrinsic::log:
  case Intrinsic::log2:
  case Intrinsic::log10:
  case Intrinsic::pow:
    return true;
  default:
    return false;
  }
}

static Error optimize(Module &module, TargetMachine &machine) {
  module.setTargetTriple(machine.getTargetTriple());
  module.setDataLayout(machine.createDataLayout());
  for (Function &function : module)
    if (!function.isDeclaration() && !function.hasLocalLinkage())
      function.setVisibility(GlobalValue::DefaultVisibility);
  std::string message;
  raw_string_ostream stream(message);
  if (verifyModule(module, &stream))
    return createStringError("invalid device code: %s", message.c_str());
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager sccs;
  ModuleAnalysisManager modules;
  PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(sccs);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, sccs, modules);
  builder.buildPerModuleDefaultPipeline(OptimizationLevel::O3)
      .run(module, modules);
  for (const Function &function : module)
    if (function.isDeclaration() &&
        (!function.isIntrinsic() || needsLibrary(function.getIntrinsicID())))
      return createStringError(
          "the function '%s' has no form for GPUs (double precision?); compile "
          "for the CPU, or convert the model to float",
          function.getName().str().c_str());
  return Error::success();
}

static Expected<KernelCache::Code> generatePtx(Module &module,
                                               const machine::Gpu &gpu) {
  Expected<std::unique_ptr<TargetMachine>> machine = createMachine(gpu);
  if (!machine)
    return machine.takeError();
  if (Error error = optimize(module, **machine))
    return std::move(error);
  KernelCache::Code bytes;
  raw_svector_ostream stream(bytes);
  legacy::PassManager passes;
  if ((*machine)->addPassesToEmitFile(passes, stream, nullptr,
                                      CodeGenFileType::AssemblyFile))
    return createStringError("LLVM cannot write PTX");
  passes.run(module);
  return bytes;
}

Expected<std::string> target::emitPtx(Module &module, const machine::Gpu &gpu,
                                      StringRef kernelCache) {
  const std::string generator = formatv(
      "ptx {0} {1} {2}", TEGULA_GENERATOR_HASH, gpu.chip, gpu.ptxFeatures);
  Expected<KernelCache::Code> code =
      KernelCache(kernelCache).get(module, generator, [&] {
        return generatePtx(module, gpu);
      });
  if (!code)
    return code.takeError();
  return std::string(code->begin(), code->end());
}

Expected<std::string> target::findPtxas(StringRef given) {
  if (!given.empty()) {
    if (sys::fs::can_execute(given))
      return given.str();
    return createStringError("cannot run '%s', which --ptxas= names",
                             given.str().c_str());
  }
  // The toolkit's default folder comes after PATH.
  ErrorOr<std::string> found = sys::findProgramByName("ptxas");
  if (!found)
    found = sys::findProgramByName("ptxas", {"/usr/local/cuda/bin"});
  if (found)
    return *found;
  return createStringError(
      "machine code for GPUs needs ptxas, which is not in PATH: install it "
      "('pip install nvidia-cuda-nvcc' has it) and add its folder to PATH, say "
      "--ptxas=<program>, or compile with --gpu-image=ptx");
}

/// The text of a report, or "" if there is none.
static std::string textOf(StringRef path) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> file = MemoryBuffer::getFile(path);
  return file ? (*file)->getBuffer().str() : std::string();
}

/// "4 bytes spill stores": a kernel that does not fit its registers.
static bool hasSpills(StringRef report) {
  SmallVector<StringRef> parts;
  report.split(parts, " bytes spill ");
  for (StringRef part : ArrayRef(parts).drop_back())
    if (part.take_back(1) != "0" || isDigit(part.drop_back(1).back()))
      return true;
  return false;
}

Expected<std::string>
target::assemblePtx(StringRef ptx, const machine::Gpu &gpu, StringRef ptxas) {
  SmallString<128> source, output, report;
  int descriptor;
  if (std::error_code code =
          sys::fs::createTemporaryFile("tegula", "ptx", descriptor, source))
    return createStringError(code, "cannot make a temporary file");
  FileRemover removeSource(source);
  raw_fd_ostream(descriptor, /*shouldClose=*/true) << ptx;
  if (std::error_code code =
          sys::fs::createTemporaryFile("tegula", "cubin", output))
    return createStringError(code, "cannot make a temporary file");
  FileRemover removeOutput(output);
  if (std::error_code code =
          sys::fs::createTemporaryFile("tegula", "log", report))
    return createStringError(code, "cannot make a temporary file");
  FileRemover removeReport(report);
  const std::string arch = "-arch=" + gpu.chip;
  const StringRef arguments[] = {ptxas,  arch, "-O3", "-v",
                                 source, "-o", output};
  const std::optional<StringRef> redirects[] = {StringRef(""), report.str(),
                                                report.str()};
  std::string message;
  const int status = sys::ExecuteAndWait(ptxas, arguments, std::nullopt,
                                         redirects, 0, 0, &message);
  const std::string text = textOf(report);
  if (status != 0)
    return createStringError("ptxas failed: %s%s", message.c_str(),
                             text.c_str());
  if (hasSpills(text))
    return createStringError("a kernel does not fit the GPU's registers: %s",
                             text.c_str());
  return textOf(output);
}
