//===- ReportArguments.h - Arguments of commands that report ----*- C++ -*-===//

#ifndef TEGULA_TOOLS_TEGULA_REPORTARGUMENTS_H
#define TEGULA_TOOLS_TEGULA_REPORTARGUMENTS_H

#include "tegula/Pipeline/Compile.h"

#include <optional>

namespace tegula::tools {

/// `MODEL [--json] [options of compile]`.
struct ReportArguments {
  pipeline::CompileOptions options;
  llvm::StringRef path;
  bool asJson = false;

  /// Reads `arguments`; an exit code if the command ends here, after its help
  /// or a complaint.
  std::optional<int> parse(llvm::StringRef command, llvm::StringRef usage,
                           llvm::ArrayRef<llvm::StringRef> arguments);
};

} // namespace tegula::tools

#endif // TEGULA_TOOLS_TEGULA_REPORTARGUMENTS_H
