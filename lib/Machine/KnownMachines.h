//===- KnownMachines.h - The table of processors -------------------------===//

#ifndef TEGULA_LIB_MACHINE_KNOWNMACHINES_H
#define TEGULA_LIB_MACHINE_KNOWNMACHINES_H

#include "tegula/Machine/Machine.h"

namespace tegula {
namespace machine {

/// One processor or instruction-set level. The caches of a level are those of a
/// modest machine that has it.
struct KnownMachine {
  const char *name;
  Architecture architecture;
  /// Whose features it has: 1 to 4 are x86-64 to x86-64-v4, or Armv8.0-A to
  /// Armv8.3-A.
  int level;
  /// More features, comma-separated.
  const char *features;
  int64_t vectorOpsPerCycle;
  int64_t l1KiB, l2KiB, l3KiB, l3Cores;
};

/// Null if there is none of this name.
const KnownMachine *findKnownMachine(const std::string &name);

/// The row as a machine with one core.
Machine makeMachine(const KnownMachine &row);

/// Fills what follows from the features: vector size, registers, FMA.
void deriveFromFeatures(Machine &machine);

/// Puts `machine.features` into the order of its architecture's table, each
/// once.
void sortFeatures(Machine &machine);

} // namespace machine
} // namespace tegula

#endif // TEGULA_LIB_MACHINE_KNOWNMACHINES_H
