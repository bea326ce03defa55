//===- PrintMachine.cpp - tegula machine ----------------------------------===//

#include "Commands.h"

#include "tegula/Machine/Machine.h"

#include "llvm/Support/raw_ostream.h"

using namespace llvm;

int tegula::tools::runMachine(ArrayRef<StringRef> arguments) {
  StringRef target = "host";
  for (StringRef argument : arguments) {
    if (!argument.consume_front("--target=")) {
      errs() << "usage: tegula machine [--target=<name>]\n";
      return 2;
    }
    target = argument;
  }
  machine::Machine machine;
  std::string message;
  if (!machine::machineFor(target.str(), machine, message)) {
    errs() << "tegula machine: " << message << "\n";
    return 1;
  }
  outs() << machine::describe(machine);
  return 0;
}
