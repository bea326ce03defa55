//===- EmitProgram.cpp - Device code as data of the artifact --------------===//

#include "tegula/Runtime/Abi.h"
#include "tegula/Target/GPU/Program.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

using namespace llvm;
using namespace tegula;

// The structs below are written field by field.
static_assert(sizeof(TegulaGpuKernel) == 32 && sizeof(TegulaGpuProgram) == 48,
              "Abi.h changed: change the constants here, too");

static GlobalVariable *define(Module &module, Constant *value, StringRef name) {
  auto *global = new GlobalVariable(
      module, value->getType(), /*isConstant=*/true,
      name.empty() ? GlobalValue::PrivateLinkage : GlobalValue::ExternalLinkage,
      value, name);
  if (!name.empty())
    global->setVisibility(GlobalValue::HiddenVisibility);
  return global;
}

std::unique_ptr<Module>
target::makeProgramModule(LLVMContext &context, const machine::Gpu &gpu,
                          ArrayRef<GpuKernelRecord> kernels, StringRef image,
                          bool isPtx) {
  auto module = std::make_unique<Module>("gpu_program", context);
  IRBuilder<> builder(context);
  auto text = [&](StringRef bytes) {
    return define(*module, ConstantDataArray::getString(context, bytes), "");
  };
  auto number = [&](int64_t value) { return builder.getInt32(value); };
  SmallVector<Constant *> records;
  for (auto [index, kernel] : enumerate(kernels))
    records.push_back(
        define(*module,
               ConstantStruct::getAnon(
                   {text(kernel.name), number(index), number(kernel.parameters),
                    number(kernel.threads), number(kernel.sharedBytes),
                    number(kernel.tensorMaps)}),
               "tegula_gpu_" + kernel.name));
  auto *tableType = ArrayType::get(builder.getPtrTy(), records.size());
  GlobalVariable *table =
      define(*module, ConstantArray::get(tableType, records), "");
  // The driver wants a NUL behind PTX; behind a cubin it does no harm.
  GlobalVariable *code = text(image);
  code->setAlignment(Align(64));
  define(*module,
         ConstantStruct::getAnon({text(gpu.chip), number(gpu.computeMajor),
                                  number(gpu.computeMinor), number(gpu.isExact),
                                  number(isPtx), number(kernels.size()), table,
                                  code}),
         "tegula_gpu_program");
  return module;
}
