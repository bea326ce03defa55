//===- MachineCode.h - What a library's kernels are made of -----*- C++ -*-===//

#ifndef TEGULA_TUNING_MACHINECODE_H
#define TEGULA_TUNING_MACHINECODE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace tegula::tuning {

/// Counts over the model's functions, without the runtime's: of the code as it
/// lies in the library, not of how often it runs.
struct MachineCode {
  uint64_t bytes = 0;
  uint64_t instructions = 0;
  /// Instructions that write to the stack by its pointer: what the register
  /// allocator spilled, and saved registers and arguments of calls.
  uint64_t spills = 0;
  /// Different vector registers that the code names; those of several widths
  /// that overlap are one.
  uint64_t vectorRegisters = 0;
};

/// Disassembles the functions `tegula_kernel_*` and `tegula_entry` of the ELF
/// library at `path` (a small kernel is inlined into the entry). Fails if the
/// file cannot be read or is for a machine that LLVM was built without. Bytes
/// that are no instruction end their function.
llvm::Expected<MachineCode> readMachineCode(llvm::StringRef path);

} // namespace tegula::tuning

#endif // TEGULA_TUNING_MACHINECODE_H
