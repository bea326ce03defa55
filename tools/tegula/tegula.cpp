//===- tegula.cpp - The command line of Tegula ----------------------------===//

#include "Commands.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace {

struct Command {
  StringRef name, summary;
  int (*run)(ArrayRef<StringRef> arguments);
};

constexpr Command commands[] = {
    {"compile", "make a native library of an ONNX model",
     tegula::tools::runCompile},
    {"check", "list everything in a model that is not supported",
     tegula::tools::runCheck},
    {"explain", "say why each kernel has its schedule, and what it will take",
     tegula::tools::runExplain},
    {"tune", "measure the schedules of a model's kernels",
     tegula::tools::runTune},
    {"run", "run a model or a compiled library on inputs from files",
     tegula::tools::runRun},
    {"bench", "time a model beside other systems", tegula::tools::runBench},
    {"machine", "print what is known of this machine, or of --target=",
     tegula::tools::runMachine},
};

int usage(raw_ostream &out) {
  out << "usage: tegula <command> [arguments]\n\ncommands:\n";
  for (const Command &command : commands)
    out << "  " << left_justify(command.name, 10) << command.summary << "\n";
  return 2;
}

} // namespace

int main(int argc, char **argv) {
  SmallVector<StringRef> arguments(argv + 1, argv + argc);
  if (arguments.empty())
    return usage(errs());
  if (arguments[0] == "--help" || arguments[0] == "help")
    return usage(outs()), 0;
  for (const Command &command : commands)
    if (command.name == arguments[0])
      return command.run(ArrayRef(arguments).drop_front());
  errs() << "tegula: no command is named '" << arguments[0] << "'\n";
  return usage(errs());
}
