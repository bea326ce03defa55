//===- Host.cpp - The probe of the machine at hand -----------------------===//

#include "KnownMachines.h"
#include "tegula/Machine/CpuFeatures.h"
#include <fstream>
#include <sched.h>

using namespace tegula::machine;

namespace {
/// Vendor, family and model, as CPUID gives them.
struct CpuIdentity {
  std::string vendor;
  unsigned family = 0, model = 0;
};

/// Which processor a range of models is.
struct ModelRange {
  const char *vendor;
  unsigned family, first, last;
  const char *name;
};
constexpr ModelRange kModels[] = {
    {"GenuineIntel", 6, 0x3c, 0x3c, "haswell"},
    {"GenuineIntel", 6, 0x3f, 0x3f, "haswell"},
    {"GenuineIntel", 6, 0x45, 0x46, "haswell"},
    {"GenuineIntel", 6, 0x3d, 0x3d, "broadwell"},
    {"GenuineIntel", 6, 0x47, 0x47, "broadwell"},
    {"GenuineIntel", 6, 0x4f, 0x4f, "broadwell"},
    {"GenuineIntel", 6, 0x56, 0x56, "broadwell"},
    {"GenuineIntel", 6, 0x4e, 0x4e, "skylake"},
    {"GenuineIntel", 6, 0x55, 0x55, "skylake-avx512"},
    {"GenuineIntel", 6, 0x5e, 0x5e, "skylake"},
    {"GenuineIntel", 6, 0x6a, 0x6c, "icelake-server"},
    {"GenuineIntel", 6, 0x8e, 0x8e, "skylake"},
    {"GenuineIntel", 6, 0x8f, 0x8f, "sapphirerapids"},
    {"GenuineIntel", 6, 0x97, 0x9a, "alderlake"},
    {"GenuineIntel", 6, 0x9e, 0x9e, "skylake"},
    {"GenuineIntel", 6, 0xad, 0xae, "sapphirerapids"}, // Granite Rapids
    {"GenuineIntel", 6, 0xb7, 0xbf, "alderlake"},
    {"GenuineIntel", 6, 0xcf, 0xcf, "sapphirerapids"},
    {"AuthenticAMD", 0x17, 0x00, 0x2f, "znver1"},
    {"AuthenticAMD", 0x17, 0x30, 0xff, "znver2"},
    {"AuthenticAMD", 0x19, 0x00, 0x0f, "znver3"},
    {"AuthenticAMD", 0x19, 0x10, 0x1f, "znver4"},
    {"AuthenticAMD", 0x19, 0x20, 0x5f, "znver3"},
    {"AuthenticAMD", 0x19, 0x60, 0xaf, "znver4"},
    {"AuthenticAMD", 0x1a, 0x00, 0xff, "znver5"},
};
} // namespace

static CpuIdentity identify() {
  CpuIdentity identity;
#if defined(__x86_64__)
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (!__get_cpuid(0, &eax, &ebx, &ecx, &edx))
    return identity;
  for (unsigned word : {ebx, edx, ecx})
    for (int byte = 0; byte < 4; ++byte)
      identity.vendor += static_cast<char>(word >> (8 * byte));
  __get_cpuid(1, &eax, &ebx, &ecx, &edx);
  const unsigned family = eax >> 8 & 15;
  identity.family = family == 15 ? family + (eax >> 20 & 255) : family;
  identity.model = (eax >> 4 & 15) | (eax >> 12 & 0xf0);
#endif
  return identity;
}

/// The row of the processor, or that of the highest level it has.
static const KnownMachine *closestKnown(const Machine &features) {
  const CpuIdentity identity = identify();
  for (const ModelRange &range : kModels)
    if (identity.vendor == range.vendor && identity.family == range.family &&
        identity.model >= range.first && identity.model <= range.last)
      return findKnownMachine(range.name);
  if (kThisArchitecture == Architecture::AArch64)
    return findKnownMachine("aarch64");
  return findKnownMachine(features.has("avx512vl") ? "x86-64-v4"
                          : features.has("avx2")   ? "x86-64-v3"
                          : features.has("sse4.2") ? "x86-64-v2"
                                                   : "x86-64");
}

/// CPUs in a list such as "0-3,8".
static int64_t countCpus(const std::string &list) {
  int64_t count = 0;
  for (size_t i = 0; i < list.size();) {
    size_t used = 0;
    const long first = std::strtol(list.c_str() + i, nullptr, 10);
    long last = first;
    used = list.find_first_of("-,", i);
    if (used != std::string::npos && list[used] == '-')
      last = std::strtol(list.c_str() + used + 1, nullptr, 10);
    count += last >= first ? last - first + 1 : 0;
    i = list.find(',', i);
    i = i == std::string::npos ? list.size() : i + 1;
  }
  return count;
}

/// The first word of a file, "" if there is none.
static std::string readWord(const std::string &path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

/// Reads the caches of the first CPU as Linux describes them; keeps the values
/// of the table where it does not.
static void readCaches(Machine &machine) {
  const std::string root = "/sys/devices/system/cpu/cpu0/cache/index";
  for (int index = 0; index < 8; ++index) {
    const std::string folder = root + std::to_string(index) + "/";
    const std::string level = readWord(folder + "level");
    if (readWord(folder + "type") == "Instruction")
      continue;
    const std::string size = readWord(folder + "size");
    int64_t bytes = std::strtoll(size.c_str(), nullptr, 10);
    if (!size.empty() && size.back() == 'K')
      bytes <<= 10;
    else if (!size.empty() && size.back() == 'M')
      bytes <<= 20;
    if (bytes <= 0)
      continue;
    if (level == "1")
      machine.l1Bytes = bytes;
    if (level == "2")
      machine.l2Bytes = bytes;
    if (level == "3") {
      machine.l3Bytes = bytes;
      machine.l3Cores = countCpus(readWord(folder + "shared_cpu_list"));
    }
  }
}

static int64_t countUsableCpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0)
    return 1;
  return CPU_COUNT(&set) > 0 ? CPU_COUNT(&set) : 1;
}

Machine tegula::machine::hostMachine() {
  Machine probed;
  for (size_t i = 0; const char *name = cpuFeatureName(kThisArchitecture, i);
       ++i)
    if (hasCpuFeature(name, strlen(name)))
      probed.features.push_back(name);
  const KnownMachine *row = closestKnown(probed);
  Machine machine = row ? makeMachine(*row) : probed;
  machine.name = "host";
  machine.features = probed.features;
  deriveFromFeatures(machine);
  readCaches(machine);
  machine.cores = countUsableCpus();
  return machine;
}
