//===- Machine.cpp - Machines by name ------------------------------------===//

#include "tegula/Machine/Machine.h"
#include "KnownMachines.h"
#include "tegula/Machine/CpuFeatures.h"
#include <algorithm>

using namespace tegula::machine;

bool Machine::has(const std::string &feature) const {
  return std::find(features.begin(), features.end(), feature) != features.end();
}

std::string Machine::featureString() const {
  std::string result;
  for (size_t i = 0; const char *name = cpuFeatureName(architecture, i); ++i) {
    result += result.empty() ? "" : ",";
    result += has(name) ? "+" : "-";
    result += name;
  }
  // Processors that LLVM knows may have it, and nothing here makes use of it.
  return architecture == Architecture::AArch64 ? result + ",-sve" : result;
}

static std::vector<std::string> splitAtCommas(const std::string &text) {
  std::vector<std::string> words;
  size_t begin = 0;
  for (size_t end; (end = text.find(',', begin)) != std::string::npos;) {
    words.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  words.push_back(text.substr(begin));
  return words;
}

static bool isFeature(Architecture architecture, const std::string &name) {
  for (size_t i = 0; const char *known = cpuFeatureName(architecture, i); ++i)
    if (name == known)
      return true;
  return false;
}

/// Applies "+feature" or "-feature".
static bool applyFeature(const std::string &word, Machine &machine,
                         std::string &message) {
  const std::string name = word.empty() ? "" : word.substr(1);
  if (word.empty() || (word[0] != '+' && word[0] != '-') ||
      !isFeature(machine.architecture, name)) {
    const bool isArm = machine.architecture == Architecture::AArch64;
    message = "unknown feature '" + word +
              "' in the target: expected +NAME or -NAME, such as " +
              (isArm ? "+dotprod" : "+avx512vnni");
    return false;
  }
  auto &features = machine.features;
  features.erase(std::remove(features.begin(), features.end(), name),
                 features.end());
  if (word[0] == '+')
    features.push_back(name);
  return true;
}

/// Is `base` there if `feature` is, which builds upon it?
static bool needs(const Machine &machine, const char *feature, const char *base,
                  std::string &message) {
  if (!machine.has(feature) || machine.has(base))
    return true;
  message = std::string("the target has ") + feature + " without " + base +
            ": add +" + base + " or remove -" + base;
  return false;
}

static bool isConsistentArm(const Machine &machine, std::string &message) {
  for (const char *feature : {"aes", "sha2", "fullfp16", "rdm", "jsconv",
                              "complxnum", "dotprod", "i8mm", "bf16"})
    if (!needs(machine, feature, "neon", message))
      return false;
  if (machine.has("neon"))
    return needs(machine, "sha3", "sha2", message) &&
           needs(machine, "fp16fml", "fullfp16", message);
  message = "the target is without neon, which compiled code needs";
  return false;
}

static bool isConsistentX86(const Machine &machine, std::string &message) {
  auto needs = [&](const char *feature, const char *base) {
    return ::needs(machine, feature, base, message);
  };
  for (const X86Feature &feature : kX86Features) {
    const std::string name = feature.name;
    if (feature.state == CpuState::Ymm && name != "avx" &&
        !needs(feature.name, "avx"))
      return false;
    if (feature.state == CpuState::Zmm && name != "avx512f" &&
        !needs(feature.name, "avx512f"))
      return false;
    if (feature.state == CpuState::Tile && name != "amx-tile" &&
        !needs(feature.name, "amx-tile"))
      return false;
  }
  return needs("avx512f", "avx2") && needs("avx512f", "fma") &&
         needs("avx512f", "f16c") && needs("avx", "sse4.2") &&
         needs("avx512vbmi", "avx512bw") && needs("avx512vbmi2", "avx512bw") &&
         needs("avx512bitalg", "avx512bw") && needs("avx512bf16", "avx512bw") &&
         needs("avx512fp16", "avx512bw") && needs("avxvnni", "avx2") &&
         needs("sse4.2", "sse4.1") && needs("sse4.1", "ssse3") &&
         needs("ssse3", "sse3") && needs("vpclmulqdq", "pclmul");
}

/// Are the extensions there that others build upon? LLVM would switch them on
/// silently.
static bool isConsistent(const Machine &machine, std::string &message) {
  return machine.architecture == Architecture::AArch64
             ? isConsistentArm(machine, message)
             : isConsistentX86(machine, message);
}

/// The architecture that a triple for Linux begins with; false for others.
static bool readTriple(const std::string &triple, Architecture &architecture) {
  const bool isArm = triple.rfind("aarch64-", 0) == 0;
  architecture = isArm ? Architecture::AArch64 : Architecture::X86_64;
  return (isArm || triple.rfind("x86_64-", 0) == 0) &&
         triple.find("linux") != std::string::npos;
}

/// The machine of a name, the host included.
static bool machineOfName(const std::string &name, Machine &machine,
                          std::string &message) {
  if (name == "host") {
    machine = hostMachine();
    return true;
  }
  if (const KnownMachine *row = findKnownMachine(name)) {
    machine = makeMachine(*row);
    return true;
  }
  message = "unknown target '" + name + "': expected host";
  for (const std::string &known : knownMachines())
    message += ", " + known;
  message += " or <triple>,<one of these>[,+feature,-feature...]";
  return false;
}

bool tegula::machine::machineFor(const std::string &target, Machine &machine,
                                 std::string &message) {
  const std::vector<std::string> words = splitAtCommas(target);
  if (words.size() == 1)
    return machineOfName(target, machine, message);
  Architecture architecture;
  if (!readTriple(words[0], architecture)) {
    message = "cannot compile for '" + words[0] +
              "': expected a triple such as x86_64-unknown-linux-gnu or "
              "aarch64-unknown-linux-gnu";
    return false;
  }
  if (!machineOfName(words[1], machine, message))
    return false;
  if (machine.architecture != architecture) {
    message = "'" + words[1] + "' is no processor of '" + words[0] +
              "': it is one of " + machine.triple;
    return false;
  }
  machine.triple = words[0];
  for (size_t i = 2; i < words.size(); ++i)
    if (!applyFeature(words[i], machine, message))
      return false;
  machine.name = target;
  if (words.size() > 2)
    deriveFromFeatures(machine);
  return isConsistent(machine, message);
}

bool tegula::machine::runsHere(const Machine &machine, std::string &message) {
  std::string lacking;
  if (machine.architecture == kThisArchitecture)
    for (const std::string &feature : machine.features)
      if (!hasCpuFeature(feature.c_str(), feature.size()))
        lacking += (lacking.empty() ? "" : ", ") + feature;
  if (machine.architecture == kThisArchitecture && lacking.empty())
    return true;
  message = "cannot measure code for '" + machine.name + "' here: " +
            (lacking.empty() ? "this machine is not " + machine.triple
                             : "this processor lacks " + lacking) +
            "; do it on such a machine, and bring a tuning database here for "
            "--tuning-database";
  return false;
}

std::string tegula::machine::describe(const Machine &machine) {
  std::string features;
  for (const std::string &feature : machine.features)
    features += (features.empty() ? "" : ",") + feature;
  auto line = [](const char *key, const std::string &value) {
    return std::string(key) + ": " + value + "\n";
  };
  auto number = [&](const char *key, int64_t value) {
    return line(key, std::to_string(value));
  };
  return line("name", machine.name) + line("triple", machine.triple) +
         line("cpu", machine.cpu) + line("features", features) +
         number("vector bits", machine.vectorBits) +
         number("vector registers", machine.vectorRegisters) +
         number("vector operations per cycle", machine.vectorOpsPerCycle) +
         line("fma", machine.hasFma ? "yes" : "no") +
         number("cache line bytes", machine.cacheLineBytes) +
         number("l1 bytes", machine.l1Bytes) +
         number("l2 bytes", machine.l2Bytes) +
         number("l3 bytes", machine.l3Bytes) +
         number("l3 cores", machine.l3Cores) + number("cores", machine.cores);
}
