//===- Tegula.cpp - The compiler as a C library ---------------------------===//

#include "tegula/CAPI/Tegula.h"

#include "tegula/Tuning/CompileMeasured.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"

#include <cstdlib>
#include <cstring>

using namespace tegula::pipeline;
using llvm::StringRef;

static char *copyText(const std::string &text) {
  char *copy = static_cast<char *>(std::malloc(text.size() + 1));
  if (copy)
    std::memcpy(copy, text.c_str(), text.size() + 1);
  return copy;
}

/// Compiles and collects what is said about it in `said`.
static bool compile(const char *path, StringRef bytes,
                    llvm::ArrayRef<StringRef> words, StringRef output,
                    std::string &said) {
  CompileOptions options;
  if (!parseOptions(words, options, said))
    return false;
  std::unique_ptr<mlir::MLIRContext> context = createContext();
  mlir::ScopedDiagnosticHandler handler(
      context.get(), [&](mlir::Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() != mlir::DiagnosticSeverity::Remark)
          said += formatDiagnostic(diagnostic) + "\n";
        return mlir::success();
      });
  return path ? tegula::tuning::compileFile(path, options, output, *context)
              : tegula::tuning::compileBytes(bytes, options, output, *context);
}

int tegula_compile(const char *path, const void *bytes, size_t size,
                   const char *const *options, size_t num_options,
                   const char *output, char **diagnostics) {
  std::string said;
  bool done = false;
  if (!output || (!path && !bytes) || (num_options && !options)) {
    said = "error: a model and an output path are required\n";
  } else {
    llvm::SmallVector<StringRef> words(options, options + num_options);
    StringRef model =
        path ? "" : StringRef(static_cast<const char *>(bytes), size);
    done = compile(path, model, words, output, said);
    if (!done && said.empty())
      said = "error: the model could not be compiled\n";
  }
  if (diagnostics)
    *diagnostics = copyText(said);
  return done ? 0 : 1;
}

void tegula_free(void *memory) { std::free(memory); }

const char *tegula_version(void) { return "0.1.0"; }
