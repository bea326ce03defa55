//===- machine-facts.cpp - Machines as text, for tests -------------------===//
//
//   machine-facts TARGET    describes the machine of a --target= string
//   machine-facts           compares the table of processors with LLVM's
//
//===----------------------------------------------------------------------===//

#include "tegula/Machine/Machine.h"
#include "tegula/Target/CPU/Signature.h"
#include "llvm/Support/raw_ostream.h"

using namespace tegula;

/// Does the table say what LLVM says about the processor of this name?
static bool agreesWithLlvm(const std::string &name) {
  machine::Machine machine;
  std::string message, features;
  if (!machine::machineFor(name, machine, message)) {
    llvm::outs() << message << "\n";
    return false;
  }
  for (const std::string &feature : machine.features)
    features += (features.empty() ? "" : ",") + feature;
  target::EmitOptions options;
  options.triple = machine.triple;
  options.cpu = machine.cpu;
  const std::string expected =
      llvm::cantFail(target::requiredCpuFeatures(options));
  options.cpu = "";
  options.features = machine.featureString();
  const std::string written =
      llvm::cantFail(target::requiredCpuFeatures(options));
  if (features == expected && features == written)
    return true;
  llvm::outs() << name << ": the table has " << features << "\n  LLVM has      "
               << expected << "\n  written out   " << written << "\n";
  return false;
}

int main(int argc, char **argv) {
  if (argc > 1) {
    machine::Machine machine;
    std::string message;
    if (!machine::machineFor(argv[1], machine, message)) {
      llvm::errs() << "error: " << message << "\n";
      return 1;
    }
    llvm::outs() << machine::describe(machine);
    return 0;
  }
  bool isGood = true;
  for (const std::string &name : machine::knownMachines())
    isGood &= agreesWithLlvm(name);
  if (isGood)
    llvm::outs() << "the table agrees with LLVM\n";
  return isGood ? 0 : 1;
}
