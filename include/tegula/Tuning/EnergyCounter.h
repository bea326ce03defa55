//===- EnergyCounter.h - What the processor has consumed --------*- C++ -*-===//

#ifndef TEGULA_TUNING_ENERGYCOUNTER_H
#define TEGULA_TUNING_ENERGYCOUNTER_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace tegula::tuning {

/// The packages' RAPL counters, as Linux shows them: `intel-rapl:N/energy_uj`,
/// microjoules since some moment, which start again at
/// `max_energy_range_uj`. (AMD's are shown under the same names. Virtual
/// machines usually have none, and often only root may read them.)
class EnergyCounter {
public:
  /// Fails where no counter can be read.
  static llvm::Expected<EnergyCounter>
  open(llvm::StringRef folder = "/sys/class/powercap");

  /// Joules of all packages since open() or the last call. The package's, so
  /// of everything that runs on it. Counters must be asked before they have
  /// gone round once, which takes minutes.
  double consumed();

private:
  struct Package {
    std::string path;
    uint64_t range, last;
  };
  std::vector<Package> packages;
};

} // namespace tegula::tuning

#endif // TEGULA_TUNING_ENERGYCOUNTER_H
