//===- Commands.h - The commands of the tegula program ----------*- C++ -*-===//

#ifndef TEGULA_TOOLS_TEGULA_COMMANDS_H
#define TEGULA_TOOLS_TEGULA_COMMANDS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace tegula::tools {

/// Each command gets the arguments after its name and returns the exit code:
/// 0, 1 for a bad model or input, 2 for bad usage.
int runCompile(llvm::ArrayRef<llvm::StringRef> arguments);
int runCheck(llvm::ArrayRef<llvm::StringRef> arguments);
int runExplain(llvm::ArrayRef<llvm::StringRef> arguments);
int runRun(llvm::ArrayRef<llvm::StringRef> arguments);
int runBench(llvm::ArrayRef<llvm::StringRef> arguments);
int runTune(llvm::ArrayRef<llvm::StringRef> arguments);
int runMachine(llvm::ArrayRef<llvm::StringRef> arguments);

/// Replaces this process by `python -m module arguments...`.
int runPython(llvm::StringRef module,
              llvm::ArrayRef<llvm::StringRef> arguments);

} // namespace tegula::tools

#endif // TEGULA_TOOLS_TEGULA_COMMANDS_H
