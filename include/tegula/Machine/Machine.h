//===- Machine.h - What the compiler knows about a machine ---------------===//
//
// Plain facts, without MLIR or LLVM: the schedules, the cost model and the code
// generator all read them. A new processor is a row of KnownMachines.cpp, or
// the probe of the machine at hand.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_MACHINE_MACHINE_H
#define TEGULA_MACHINE_MACHINE_H

#include "tegula/Machine/Architecture.h"
#include <cstdint>
#include <string>
#include <vector>

namespace tegula {
namespace machine {

/// A CPU target. Sizes are in bytes.
struct Machine {
  std::string
      name; ///< What the user calls it: "host", "x86-64-v3", "apple-m1".
  Architecture architecture = Architecture::X86_64;
  std::string triple; ///< LLVM's, "x86_64-unknown-linux-gnu".
  std::string cpu;    ///< LLVM's name, decides instruction scheduling.
  /// Instruction-set extensions of the architecture (CpuFeatures.h) that code
  /// may use, in the order of that table.
  std::vector<std::string> features;

  int64_t vectorBits = 128;     ///< Widest vector register.
  int64_t vectorRegisters = 16; ///< Architectural vector registers.
  /// Full-width multiply-adds that start in one cycle; without FMA, pairs of a
  /// multiplication and an addition.
  int64_t vectorOpsPerCycle = 1;
  bool hasFma = false;
  /// Vectors that the code of a product of integer pairs or bytes needs besides
  /// its operands and the sum.
  int64_t dotRegisters = 1;

  int64_t cacheLineBytes = 64;
  int64_t l1Bytes = 32 << 10;  ///< Data cache of a core.
  int64_t l2Bytes = 256 << 10; ///< Of a core.
  int64_t l3Bytes = 2 << 20;   ///< Shared by `l3Cores` cores; 0: none.
  int64_t l3Cores = 1;
  int64_t cores = 1; ///< CPUs that a process may use.

  /// May code use this extension ("avx2", "avx512vnni")?
  bool has(const std::string &feature) const;
  /// LLVM's feature string: "+sse3,...,-avx512f": every extension of the
  /// architecture, so that the code does not depend on what LLVM thinks `cpu`
  /// has.
  std::string featureString() const;
  /// Elements of `bits` bits in a vector register.
  int64_t lanes(int64_t bits) const { return vectorBits / bits; }
};

/// The machine this process runs on: instructions by CPUID or as the system
/// grants them, caches as the system says, cores by the affinity mask.
Machine hostMachine();

/// The machine of a --target= string: "host", a name of knownMachines(), or
/// "<triple>,<name>[,+feature|-feature...]". Returns false and says in
/// `message` what is wrong and what would be right.
bool machineFor(const std::string &target, Machine &machine,
                std::string &message);

/// May code for `machine` be measured here? Returns false and says in `message`
/// why not and what to do.
bool runsHere(const Machine &machine, std::string &message);

/// Names that machineFor knows besides "host": "x86-64" and its levels v2 to
/// v4, "aarch64", and processors by LLVM's names.
std::vector<std::string> knownMachines();

/// One fact a line, "vector bits: 256": what `tegula machine` prints.
std::string describe(const Machine &machine);

} // namespace machine
} // namespace tegula

#endif // TEGULA_MACHINE_MACHINE_H
