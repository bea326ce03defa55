//===- Gpu.cpp - The table of GPUs ---------------------------------------===//

#include "tegula/Machine/Gpu.h"

using namespace tegula::machine;

static constexpr char kPrefix[] = "cuda:";

namespace {
struct KnownGpu {
  const char *chip;
  const char *ptxFeatures;
  int32_t major, minor;
  bool isExact;
  bool hasWarpgroups;
  int64_t multiprocessors;
  int64_t sharedBytesPerBlock;
};

// Tensor maps that name shared memory of the own block need PTX 8.6.
constexpr KnownGpu kGpus[] = {
    {"sm_80", "+ptx80", 8, 0, false, false, 108, 163 << 10},
    {"sm_86", "+ptx80", 8, 6, false, false, 84, 99 << 10},
    {"sm_89", "+ptx80", 8, 9, false, false, 128, 99 << 10},
    {"sm_90", "+ptx80", 9, 0, false, false, 132, 227 << 10},
    {"sm_90a", "+ptx86", 9, 0, true, true, 132, 227 << 10},
};
} // namespace

bool tegula::machine::isGpuTarget(const std::string &target) {
  return target.rfind(kPrefix, 0) == 0;
}

bool tegula::machine::gpuFor(const std::string &target, Gpu &gpu,
                             std::string &message) {
  const std::string chip =
      isGpuTarget(target) ? target.substr(sizeof(kPrefix) - 1) : target;
  std::string known;
  for (const KnownGpu &row : kGpus) {
    known += known.empty() ? "" : ", ";
    known += kPrefix + std::string(row.chip);
    if (chip != row.chip)
      continue;
    gpu.chip = row.chip;
    gpu.ptxFeatures = row.ptxFeatures;
    gpu.computeMajor = row.major;
    gpu.computeMinor = row.minor;
    gpu.isExact = row.isExact;
    gpu.hasWarpgroups = row.hasWarpgroups;
    gpu.multiprocessors = row.multiprocessors;
    gpu.sharedBytesPerBlock = row.sharedBytesPerBlock;
    return true;
  }
  message = "unknown GPU '" + target + "': expected one of " + known;
  return false;
}
