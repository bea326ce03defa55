//===- EnergyCounter.cpp - What the processor has consumed ----------------===//

#include "tegula/Tuning/EnergyCounter.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <optional>

using namespace llvm;
using namespace tegula::tuning;

static std::optional<uint64_t> readNumber(const Twine &path) {
  auto text = MemoryBuffer::getFileAsStream(path);
  uint64_t number;
  if (!text || (*text)->getBuffer().trim().getAsInteger(10, number))
    return std::nullopt;
  return number;
}

Expected<EnergyCounter> EnergyCounter::open(StringRef folder) {
  EnergyCounter counter;
  std::error_code error;
  for (sys::fs::directory_iterator entry(folder, error), end;
       !error && entry != end; entry.increment(error)) {
    StringRef name = sys::path::filename(entry->path());
    // intel-rapl:0 is a package, intel-rapl:0:1 a part of one.
    if (!name.consume_front("intel-rapl:") || name.contains(':'))
      continue;
    const std::string path = entry->path() + "/energy_uj";
    auto range = readNumber(entry->path() + "/max_energy_range_uj");
    auto now = readNumber(path);
    if (range && now)
      counter.packages.push_back({path, *range, *now});
  }
  if (counter.packages.empty())
    return createStringError("no RAPL counter in " + folder +
                             " can be read: energy is not measured");
  return counter;
}

double EnergyCounter::consumed() {
  uint64_t microjoules = 0;
  for (Package &package : packages) {
    const uint64_t now = readNumber(package.path).value_or(package.last);
    microjoules += now >= package.last ? now - package.last
                                       : now + (package.range - package.last);
    package.last = now;
  }
  return 1e-6 * double(microjoules);
}
