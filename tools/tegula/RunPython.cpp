//===- RunPython.cpp - The commands that are Python modules ---------------===//
//
// `tegula run` and `tegula bench` compare with ONNX Runtime and other peers,
// which are Python packages: the commands are modules of Tegula's own package,
// found beside this program.
//
//===----------------------------------------------------------------------===//

#include "Commands.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>
#include <string>
#include <unistd.h>

using namespace llvm;

/// `<build>/<name>`, two folders above the program.
static std::string besideBuild(StringRef executable, StringRef name) {
  SmallString<256> path(
      sys::path::parent_path(sys::path::parent_path(executable)));
  sys::path::append(path, name);
  return std::string(path);
}

/// The environment that the scripts of tools/dev made, else the PATH's Python.
static std::string interpreter(StringRef executable) {
  std::string own = besideBuild(executable, "../venv/bin/python");
  if (sys::fs::can_execute(own))
    return own;
  ErrorOr<std::string> found = sys::findProgramByName("python3");
  return found ? *found : "";
}

int tegula::tools::runPython(StringRef module, ArrayRef<StringRef> arguments) {
  std::string executable = sys::fs::getMainExecutable(
      nullptr, reinterpret_cast<void *>(&besideBuild));
  std::string python = interpreter(executable);
  if (python.empty()) {
    errs() << "tegula: this command needs Python 3.10 or newer with NumPy; no "
              "python3 is on the PATH\n";
    return 1;
  }
  std::string path = besideBuild(executable, "python");
  if (const char *given = std::getenv("PYTHONPATH"))
    path += std::string(":") + given;
  ::setenv("PYTHONPATH", path.c_str(), /*overwrite=*/1);
  SmallVector<std::string> texts = {python, "-m", module.str()};
  for (StringRef argument : arguments)
    texts.push_back(argument.str());
  SmallVector<char *> argv;
  for (std::string &text : texts)
    argv.push_back(text.data());
  argv.push_back(nullptr);
  ::execv(python.c_str(), argv.data());
  errs() << "tegula: cannot start " << python << "\n";
  return 1;
}

int tegula::tools::runRun(ArrayRef<StringRef> arguments) {
  return runPython("tegula.run", arguments);
}

int tegula::tools::runBench(ArrayRef<StringRef> arguments) {
  return runPython("tegula.bench", arguments);
}
