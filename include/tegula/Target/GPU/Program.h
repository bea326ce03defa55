//===- Program.h - Device code of a model -----------------------*- C++ -*-===//

#ifndef TEGULA_TARGET_GPU_PROGRAM_H
#define TEGULA_TARGET_GPU_PROGRAM_H

#include "tegula/Machine/Gpu.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>
#include <vector>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace tegula::target {

/// One kernel, as TegulaGpuKernel has it.
struct GpuKernelRecord {
  std::string name;
  int32_t parameters = 0;
  int32_t threads = 0;
  int32_t sharedBytes = 0;
  int32_t tensorMaps = 0;
};

/// The PTX of `module`, all of whose external functions are kernels. Fails if
/// something is called that the module does not define: there is no library on
/// the device. `kernelCache`: the folder of a KernelCache; empty: none.
llvm::Expected<std::string> emitPtx(llvm::Module &module,
                                    const machine::Gpu &gpu,
                                    llvm::StringRef kernelCache);

/// Where ptxas is: `given` if that is not empty, else found in PATH. Fails with
/// a message that says what to install.
llvm::Expected<std::string> findPtxas(llvm::StringRef given);

/// The cubin of `ptx`. Fails with ptxas' message, and if registers were spilt
/// to memory.
llvm::Expected<std::string> assemblePtx(llvm::StringRef ptx,
                                        const machine::Gpu &gpu,
                                        llvm::StringRef ptxas);

/// A module that defines `tegula_gpu_program` and a record per kernel. `image`
/// is a cubin or PTX.
std::unique_ptr<llvm::Module>
makeProgramModule(llvm::LLVMContext &context, const machine::Gpu &gpu,
                  llvm::ArrayRef<GpuKernelRecord> kernels,
                  llvm::StringRef image, bool isPtx);

} // namespace tegula::target

#endif // TEGULA_TARGET_GPU_PROGRAM_H
