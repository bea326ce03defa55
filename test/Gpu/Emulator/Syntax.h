//===- Syntax.h - The text of a PTX module, parsed -------------*- C++ -*-===//
//
// What Parser.cpp makes of PTX text: functions with flat statement lists,
// variables, register sizes. Nothing here knows what an instruction means.
//
//===----------------------------------------------------------------------===//
#ifndef TEGULA_TEST_GPU_EMULATOR_SYNTAX_H
#define TEGULA_TEST_GPU_EMULATOR_SYNTAX_H

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace tegula::ptx {

/// One operand as written. Registers are named by their index in the
/// function's register list; symbols (variables, parameters, special
/// registers, functions) keep their names.
struct Operand {
  enum Kind { Register, Integer, Float, Symbol, Memory, Vector, Pair, Sink };
  Kind kind = Sink;
  int reg = -1;
  uint64_t bits = 0;  ///< Integer value, or the bits of a float.
  int floatBytes = 0; ///< 4 or 8 for a float literal.
  bool negated = false;
  std::string name;
  int64_t offset = 0; ///< Of a memory operand or symbol + offset.
  /// Elements of a vector; base and further items of a memory operand (such
  /// as the coordinates of a tensor); halves of `a|b`.
  std::vector<Operand> parts;
};

struct Statement {
  int guard = -1; ///< Predicate register, or -1.
  bool guardNegated = false;
  std::string opcode;
  std::vector<std::string> parts; ///< The opcode cut at its dots.
  std::vector<Operand> operands;
  int line = 0;

  bool has(const char *part) const;
};

struct Variable {
  std::string space; ///< param, shared, local, global, const
  std::string name;
  uint64_t bytes = 0;
  uint64_t align = 1;
  bool external = false;
  std::vector<uint8_t> init;
  /// Addresses of other variables or functions inside the initial value.
  std::vector<std::pair<uint64_t, std::pair<std::string, int64_t>>> addresses;
};

struct Function {
  std::string name;
  bool entry = false;
  bool defined = false;
  std::vector<Variable> params, results;
  std::vector<Variable> variables; ///< .local, .shared and .param in the body.
  std::vector<int> registerBytes;  ///< 0: predicate.
  std::vector<std::string> registerNames;
  std::vector<Statement> body;
  std::unordered_map<std::string, int> labels;
  std::unordered_map<std::string, std::vector<std::string>> branchTables;
  int reqntid[3] = {0, 0, 0};
  int maxntid = 0;
  int cluster[3] = {0, 0, 0};
};

struct Module {
  std::string target;
  std::vector<Variable> variables;
  std::vector<std::unique_ptr<Function>> functions;

  const Function *find(const std::string &name) const;
};

/// Parses PTX text. Throws Fault (Fault.h) with the line on a syntax error.
std::unique_ptr<Module> parse(const std::string &text);

} // namespace tegula::ptx

#endif
