//===- MeasureKernels.cpp - What a model's kernels take -------------------===//

#include "tegula/Tuning/MeasureKernels.h"

#include "tegula/Machine/Machine.h"
#include "tegula/Schedule/IR/Sched.h"
#include "tegula/Schedule/Transforms/Candidates.h"
#include "tegula/Schedule/Transforms/ExtractKernel.h"
#include "tegula/Tuning/CompileKernel.h"

#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tuning;

static MeasuredKernel measure(graph::KernelOp kernel, Attribute schedule,
                              const pipeline::CompileOptions &options,
                              LibraryFolder &folder) {
  MeasuredKernel measured;
  auto loaded = compileKernel(kernel, schedule, options, folder);
  if (!loaded)
    measured.failure = llvm::toString(loaded.takeError());
  else
    measured.timing = timeInRounds(loaded->get()).front();
  return measured;
}

llvm::Expected<std::vector<MeasuredKernel>>
tegula::tuning::measureKernels(ModuleOp module,
                               const pipeline::CompileOptions &options) {
  machine::Machine machine;
  std::string message;
  if (!machine::machineFor(options.target, machine, message) ||
      !machine::runsHere(machine, message))
    return llvm::createStringError("%s", message.c_str());
  auto folder = LibraryFolder::create();
  if (!folder)
    return folder.takeError();
  llvm::StringMap<MeasuredKernel> known;
  std::vector<MeasuredKernel> all;
  module.walk([&](graph::KernelOp kernel) {
    Attribute schedule = kernel->getAttr(sched::kScheduleAttrName);
    if (!schedule)
      return;
    const std::string key =
        sched::kernelText(kernel) + sched::scheduleText(schedule);
    auto found = known.find(key);
    if (found == known.end())
      found =
          known.try_emplace(key, measure(kernel, schedule, options, *folder))
              .first;
    all.push_back(found->second);
    if (auto flops = kernel->getAttrOfType<IntegerAttr>(graph::kFlopsAttrName))
      all.back().operations = flops.getInt();
  });
  return all;
}
