//===- Compile.cpp - tegula compile ---------------------------------------===//

#include "Commands.h"

#include "tegula/Tuning/CompileMeasured.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace tegula::pipeline;

static constexpr StringLiteral kUsage =
    "usage: tegula compile MODEL.onnx [-o FILE] [options]\n\n"
    "  -o FILE               what to write (default: beside the model)\n"
    "  --emit=KIND           so (default), o, a, exe, llvm, asm, mlir, onnx,\n"
    "                        ptx (of a model for a GPU)\n"
    "  --target=MACHINE      host (default), x86-64-v2, aarch64, a processor\n"
    "                        (znver3, neoverse-n1, ...) or triple,cpu;\n"
    "                        cuda:sm_80, cuda:sm_90a, ... for an NVIDIA GPU\n"
    "  --gpu-image=KIND      cubin (default; needs ptxas) or ptx\n"
    "  --ptxas=FILE          the assembler, if not in PATH\n"
    "  -O0 .. -O3            -O0: one kernel per operator, plain loops\n"
    "  --dim=NAME=EXTENT     fix a symbolic dimension\n"
    "  --name=NAME           name of the typed functions\n"
    "  --cost-model=FILE     choose schedules by this learned model; analytic: "
    "by none\n"
    "  --tuning-database=FILE  take the fastest schedules that 'tegula tune' "
    "measured\n"
    "  --measure-seconds=N   measure, about so long, kernels that the cost "
    "model is not\n"
    "                        sure of, and take the fastest; times are kept in "
    "the\n"
    "                        database, if one is named\n"
    "  --schedule=FILE       take the schedules of this file\n"
    "  --schedule-point=N    take point N of every kernel's space\n"
    "  --schedule-seed=N     draw the points by a seed; no result changes\n"
    "  --stop-after=STAGE    frontend, convert, graph, schedule, outline, "
    "tile,\n"
    "                        abi, target: write that stage's MLIR\n"
    "  --dump-stages=FOLDER  write every stage's MLIR\n"
    "  --verify              check the IR after every pass\n"
    "  --timing              print the time of each stage\n"
    "  --progress            a line for each stage; without it, one line that "
    "changes,\n"
    "                        on terminals only\n"
    "  --profile             the artifact records when its kernels run\n"
    "  --kernel-cache=FOLDER keep generated code, and take what is there\n"
    "  --threads=N           threads of the compiler\n";

/// The default output: the model's path with the extension of what is emitted.
static std::string defaultOutput(StringRef path,
                                 const CompileOptions &options) {
  if (!options.stopAfter.empty())
    return "-";
  SmallString<128> output(path);
  StringRef extension;
  switch (options.emit) {
  case Emit::SharedObject:
    extension = "so";
    break;
  case Emit::Object:
    extension = "o";
    break;
  case Emit::Archive:
    extension = "a";
    break;
  case Emit::Executable:
    break;
  case Emit::LLVM:
    extension = "ll";
    break;
  case Emit::Asm:
    extension = "s";
    break;
  case Emit::MLIR:
    extension = "mlir";
    break;
  case Emit::ONNX:
    extension = "tegula.onnx";
    break;
  case Emit::PTX:
    extension = "ptx";
    break;
  }
  sys::path::replace_extension(output, extension);
  return output.str().str();
}

/// Shows how far a compilation is: lines if asked for, else one line of a
/// terminal, which is gone at the end.
static std::function<void(StringRef, size_t, size_t)> progressTo(bool asLines) {
  return [asLines](StringRef stage, size_t done, size_t total) {
    errs() << (asLines ? "" : "\r\033[K") << stage;
    if (total != 0)
      errs() << " " << done << "/" << total;
    errs() << (asLines ? "\n" : "");
  };
}

namespace {

/// What the command line says.
struct Arguments {
  CompileOptions options;
  std::string path, output;
  bool showsLines = false; ///< --progress

  /// An exit code if the command ends here.
  std::optional<int> parse(ArrayRef<StringRef> words);
};

} // namespace

std::optional<int> Arguments::parse(ArrayRef<StringRef> words) {
  SmallVector<StringRef> others;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--help")
      return outs() << kUsage, 0;
    if (words[i] == "-o" && i + 1 < words.size())
      output = words[++i].str();
    else if (words[i] == "--progress")
      showsLines = true;
    else if (words[i].starts_with("-"))
      others.push_back(words[i]);
    else
      path = words[i].str();
  }
  if (path.empty())
    return errs() << kUsage, 2;
  std::string message;
  if (!parseOptions(others, options, message))
    return errs() << "tegula compile: " << message << "\n", 2;
  if (output.empty())
    output = defaultOutput(path, options);
  return std::nullopt;
}

int tegula::tools::runCompile(ArrayRef<StringRef> words) {
  Arguments given;
  if (std::optional<int> code = given.parse(words))
    return *code;
  const bool showsLine = !given.showsLines && errs().is_displayed();
  const StringRef clear = showsLine ? "\r\033[K" : "";
  if (given.showsLines || showsLine)
    given.options.progress = progressTo(given.showsLines);
  std::unique_ptr<mlir::MLIRContext> context = createContext();
  mlir::ScopedDiagnosticHandler handler(
      context.get(), [&](mlir::Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() != mlir::DiagnosticSeverity::Remark)
          errs() << clear << formatDiagnostic(diagnostic) << "\n";
        return mlir::success();
      });
  const bool isDone = tegula::tuning::compileFile(given.path, given.options,
                                                  given.output, *context);
  errs() << clear;
  return isDone ? 0 : 1;
}
