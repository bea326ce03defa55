//===- ExplainModel.cpp - Why the kernels of a model are as they are ------===//

#include "tegula/Machine/Machine.h"
#include "tegula/Pipeline/Compile.h"
#include "tegula/Schedule/Transforms/CostModelFile.h"

using namespace mlir;
using namespace tegula;

cost::CpuTarget tegula::pipeline::cpuTarget(const machine::Machine &machine) {
  cost::CpuTarget target;
  target.vectorBits = machine.vectorBits;
  target.vectorRegisters = machine.vectorRegisters;
  target.fusedMultiplyAdd = machine.hasFma;
  target.dotRegisters = machine.dotRegisters;
  target.l1Bytes = machine.l1Bytes;
  target.l2Bytes = machine.l2Bytes;
  return target;
}

bool tegula::pipeline::explainModule(
    ModuleOp module, const CompileOptions &options,
    std::vector<sched::KernelExplanation> &kernels) {
  machine::Machine machine;
  std::string message;
  sched::NamedCostModel model;
  if (!machine::machineFor(options.target, machine, message) ||
      failed(model.find(options.costModel, module->getLoc())))
    return false;
  kernels = sched::explainSchedules(module, cpuTarget(machine), *model);
  return true;
}
