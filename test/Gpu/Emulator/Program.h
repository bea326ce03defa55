//===- Program.h - A kernel decoded for execution --------------*- C++ -*-===//
//
// A kernel and the functions that it calls as one array of instructions. Each
// instruction has a handler and its operands as rows: a row is the 32 lanes'
// values of one register, 64 bits each, the unused high bits of which are
// whatever the last write left (handlers read as much as their type says). A
// predicate's row holds the lanes as bits of its first element.
//
//===----------------------------------------------------------------------===//
#ifndef TEGULA_TEST_GPU_EMULATOR_PROGRAM_H
#define TEGULA_TEST_GPU_EMULATOR_PROGRAM_H

#include "Memory.h"
#include "Syntax.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace tegula::ptx {

constexpr int kLanes = 32;

class Warp;
struct Instr;

/// What the execution loop does after an instruction.
enum class Step : uint8_t {
  Next,   ///< Go on behind it.
  Jumped, ///< The program counter has been set, or the lanes were split.
  Wait,   ///< Try it again later.
  Yield,  ///< Go on behind it, after the others had a turn.
};

/// Executes an instruction for the lanes of `mask` (never empty).
using Handler = Step (*)(Warp &warp, const Instr &instr, uint32_t mask);

enum class Space : uint8_t { Generic, Global, Shared, Cluster, Local };

/// An instruction. What `imm`, `list` and `detail` mean is the handler's
/// business and said beside it.
struct Instr {
  Handler run = nullptr;
  int32_t guard = -1; ///< Row of the predicate, or -1.
  bool guardNegated = false;
  /// Executed by several lanes together, or may wait: the lanes that a guard
  /// leaves out go on alone.
  bool isCollective = false;
  Space space = Space::Generic;
  int32_t dst = -1, dst2 = -1;
  /// Rows: >= 0 in the frame, < 0 a constant (~row in Program::constants).
  std::array<int32_t, 4> src = {0, 0, 0, 0};
  int64_t offset = 0; ///< Of a memory operand.
  uint64_t imm = 0;
  std::vector<int32_t> list;
  std::shared_ptr<const void> detail;
  const Statement *statement = nullptr;

  int line() const { return statement ? statement->line : 0; }
};

/// One parameter of a kernel.
struct Parameter {
  std::string name;
  uint64_t offset, bytes, align;
};

/// A kernel, ready to be launched.
struct Program {
  std::string name;
  std::vector<Instr> code; ///< Execution starts at 0.
  std::vector<uint64_t> constants;
  std::vector<Parameter> parameters;
  uint64_t parameterBytes = 0;
  /// Device memory that holds the parameters of the launch.
  uint64_t parameterAddress = 0;
  uint64_t staticShared = 0;
  int rows = 0;            ///< Of all frames together, without recursion.
  uint64_t localBytes = 0; ///< A thread's, likewise.
  int reqntid[3] = {0, 0, 0};
  int maxntid = 0;
  int cluster[3] = {0, 0, 0};
};

/// A loaded module: its text, and its variables in device memory.
class LoadedModule {
public:
  /// Parses PTX and allocates its variables. Throws Fault.
  LoadedModule(const std::string &text, GlobalMemory &memory);
  ~LoadedModule();
  LoadedModule(const LoadedModule &) = delete;
  LoadedModule &operator=(const LoadedModule &) = delete;

  /// The kernel of that name, decoded on first use; null if there is none.
  const Program *kernel(const std::string &name);

  const Module &text() const { return *module; }

private:
  void initialize(const Variable &variable);

  GlobalMemory &memory;
  std::unique_ptr<Module> module;
  std::unordered_map<std::string, uint64_t> addresses;
  std::vector<uint64_t> owned;
  std::unordered_map<std::string, std::unique_ptr<Program>> kernels;
};

/// Decodes a kernel. `addresses` are those of the module's variables.
std::unique_ptr<Program>
decode(const Module &module, const Function &entry,
       const std::unordered_map<std::string, uint64_t> &addresses);

} // namespace tegula::ptx

#endif
