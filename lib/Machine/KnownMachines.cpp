//===- KnownMachines.cpp - The table of processors -----------------------===//

#include "KnownMachines.h"
#include "tegula/Machine/CpuFeatures.h"
#include <algorithm>

using namespace tegula::machine;

namespace {
/// What each x86-64 level adds to the one below (psABI, table 3.1).
constexpr const char *kX86Levels[] = {
    "",
    "sse3,ssse3,cx16,sse4.1,sse4.2,popcnt,sahf",
    "fma,movbe,avx,f16c,bmi,avx2,bmi2,lzcnt",
    "avx512f,avx512dq,avx512cd,avx512bw,avx512vl",
};

/// What Armv8.0-A to Armv8.3-A must have.
constexpr const char *kArmLevels[] = {
    "neon",
    "crc,lse,rdm",
    "",
    "jsconv,complxnum,rcpc",
};

#define TEGULA_ICELAKE                                                         \
  "pclmul,avx512ifma,avx512vbmi,avx512vbmi2,gfni,vpclmulqdq,avx512vnni,"       \
  "avx512bitalg,avx512vpopcntdq"
#define TEGULA_SAPPHIRERAPIDS                                                  \
  TEGULA_ICELAKE ",amx-bf16,avx512fp16,amx-tile,amx-int8,avxvnni,avx512bf16"

constexpr Architecture X86 = Architecture::X86_64;
constexpr Architecture Arm = Architecture::AArch64;
constexpr KnownMachine kMachines[] = {
    // name, architecture, level, features, ops/cycle, L1, L2, L3 KiB, cores of
    // an L3
    {"x86-64", X86, 1, "", 1, 32, 256, 2048, 1},
    {"x86-64-v2", X86, 2, "", 1, 32, 256, 2048, 1},
    {"x86-64-v3", X86, 3, "", 2, 32, 512, 8192, 4},
    {"x86-64-v4", X86, 4, "", 2, 32, 1024, 16384, 8},
    {"haswell", X86, 3, "pclmul", 2, 32, 256, 8192, 4},
    {"broadwell", X86, 3, "pclmul", 2, 32, 256, 8192, 4},
    {"skylake", X86, 3, "pclmul", 2, 32, 256, 8192, 4},
    {"skylake-avx512", X86, 4, "pclmul", 2, 32, 1024, 22528, 16},
    {"cascadelake", X86, 4, "pclmul,avx512vnni", 2, 32, 1024, 22528, 16},
    {"icelake-server", X86, 4, TEGULA_ICELAKE, 2, 48, 1280, 49152, 32},
    {"sapphirerapids", X86, 4, TEGULA_SAPPHIRERAPIDS, 2, 48, 2048, 61440, 32},
    {"alderlake", X86, 3, "pclmul,gfni,vpclmulqdq,avxvnni", 2, 48, 1280, 24576,
     8},
    {"znver1", X86, 3, "pclmul,sse4a", 1, 32, 512, 8192, 4},
    {"znver2", X86, 3, "pclmul,sse4a", 2, 32, 512, 16384, 4},
    {"znver3", X86, 3, "pclmul,sse4a,vpclmulqdq", 2, 32, 512, 32768, 8},
    // 512-bit operations go through 256-bit units, two at a time.
    {"znver4", X86, 4, TEGULA_ICELAKE ",sse4a,avx512bf16", 1, 32, 1024, 32768,
     8},
    {"znver5", X86, 4,
     TEGULA_ICELAKE ",sse4a,avx512bf16,avxvnni,avx512vp2intersect", 2, 48, 1024,
     32768, 8},
    {"aarch64", Arm, 1, "", 1, 32, 512, 1024, 4},
    {"cortex-a53", Arm, 1, "aes,sha2,crc", 1, 32, 512, 0, 1},
    {"cortex-a55", Arm, 3, "aes,sha2,fullfp16,rcpc,dotprod", 1, 32, 128, 1024,
     4},
    {"cortex-a72", Arm, 1, "aes,sha2,crc", 1, 32, 1024, 0, 1},
    {"cortex-a76", Arm, 3, "aes,sha2,fullfp16,rcpc,dotprod", 2, 64, 512, 2048,
     4},
    {"cortex-a78", Arm, 3, "aes,sha2,fullfp16,rcpc,dotprod", 2, 64, 512, 4096,
     4},
    {"neoverse-n1", Arm, 3, "aes,sha2,fullfp16,rcpc,dotprod", 2, 64, 1024,
     32768, 32},
    {"neoverse-v1", Arm, 4, "aes,sha2,fullfp16,sha3,dotprod,fp16fml,i8mm,bf16",
     4, 64, 1024, 32768, 32},
    {"neoverse-n2", Arm, 4, "fullfp16,dotprod,fp16fml,fptoint,i8mm,bf16", 2, 64,
     1024, 32768, 32},
    {"apple-m1", Arm, 4, "aes,sha2,fullfp16,sha3,dotprod,fp16fml,fptoint", 4,
     128, 12288, 8192, 4},
};
} // namespace

/// Appends the words of a comma-separated list.
static void appendWords(const char *list, std::vector<std::string> &words) {
  const std::string text = list;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(',', begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
}

const KnownMachine *tegula::machine::findKnownMachine(const std::string &name) {
  for (const KnownMachine &row : kMachines)
    if (name == row.name)
      return &row;
  return nullptr;
}

std::vector<std::string> tegula::machine::knownMachines() {
  std::vector<std::string> names;
  for (const KnownMachine &row : kMachines)
    names.push_back(row.name);
  return names;
}

void tegula::machine::sortFeatures(Machine &machine) {
  std::vector<std::string> sorted;
  for (size_t i = 0; const char *name = cpuFeatureName(machine.architecture, i);
       ++i)
    if (machine.has(name))
      sorted.push_back(name);
  machine.features = sorted;
}

void tegula::machine::deriveFromFeatures(Machine &machine) {
  sortFeatures(machine);
  if (machine.architecture == Architecture::AArch64) {
    machine.vectorBits = 128;
    machine.vectorRegisters = 32;
    machine.hasFma = true;
    machine.dotRegisters = 7; // smlal: both halves of the columns' vectors.
    return;
  }
  const bool isWide = machine.has("avx512f") && machine.has("avx512vl");
  machine.vectorBits = isWide ? 512 : machine.has("avx2") ? 256 : 128;
  machine.vectorRegisters = isWide ? 32 : 16;
  machine.hasFma = machine.has("fma");
}

Machine tegula::machine::makeMachine(const KnownMachine &row) {
  Machine machine;
  machine.name = row.name;
  machine.architecture = row.architecture;
  const bool isArm = row.architecture == Architecture::AArch64;
  machine.triple =
      isArm ? "aarch64-unknown-linux-gnu" : "x86_64-unknown-linux-gnu";
  // LLVM has no name for the base of AArch64 but this.
  machine.cpu = row.name == std::string("aarch64") ? "generic" : row.name;
  for (int level = 1; level <= row.level; ++level)
    appendWords(isArm ? kArmLevels[level - 1] : kX86Levels[level - 1],
                machine.features);
  appendWords(row.features, machine.features);
  deriveFromFeatures(machine);
  machine.vectorOpsPerCycle = row.vectorOpsPerCycle;
  machine.l1Bytes = row.l1KiB << 10;
  machine.l2Bytes = row.l2KiB << 10;
  machine.l3Bytes = row.l3KiB << 10;
  machine.l3Cores = row.l3Cores;
  return machine;
}
