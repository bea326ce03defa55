//===- CompileKernel.cpp - A kernel alone, compiled and loaded ------------===//

#include "tegula/Tuning/CompileKernel.h"

#include "tegula/Schedule/IR/Sched.h"
#include "tegula/Schedule/Transforms/ExtractKernel.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tuning;

llvm::Expected<LibraryFolder> LibraryFolder::create() {
  LibraryFolder folder;
  if (std::error_code error =
          llvm::sys::fs::createUniqueDirectory("tegula-kernels", folder.path))
    return llvm::createStringError(error, "cannot make a temporary folder");
  return folder;
}

LibraryFolder::~LibraryFolder() {
  if (!path.empty())
    llvm::sys::fs::remove_directories(path);
}

llvm::SmallString<128> LibraryFolder::next() {
  return file("kernel" + llvm::Twine(count++) + ".so");
}

llvm::SmallString<128> LibraryFolder::file(const llvm::Twine &name) const {
  llvm::SmallString<128> result(path);
  llvm::sys::path::append(result, name);
  return result;
}

llvm::Expected<std::unique_ptr<LoadedKernel>>
tegula::tuning::compileKernel(graph::KernelOp kernel, Attribute schedule,
                              const pipeline::CompileOptions &options,
                              LibraryFolder &folder) {
  OwningOpRef<ModuleOp> module = sched::extractKernel(kernel);
  if (!module)
    return llvm::createStringError(
        "its sizes or operands are known at run time only");
  module->walk([&](graph::KernelOp copy) {
    copy->setAttr(sched::kScheduleAttrName, schedule);
  });
  // What decides the code of a kernel, and no more: a library, whatever the
  // model becomes.
  pipeline::CompileOptions compiling;
  compiling.target = options.target;
  compiling.optLevel = options.optLevel;
  compiling.costModel = options.costModel;
  compiling.kernelCache = options.kernelCache;
  compiling.verify = options.verify;
  compiling.name = "kernel";
  compiling.threads = 1;
  std::string message = "the compiler said nothing";
  ScopedDiagnosticHandler handler(module->getContext(), [&](Diagnostic &said) {
    message = said.str();
    return success();
  });
  llvm::SmallString<128> path = folder.next();
  if (!pipeline::compileModule(*module, compiling, path))
    return llvm::createStringError(message);
  auto loaded = LoadedKernel::load(path);
  llvm::sys::fs::remove(path);
  return loaded;
}
