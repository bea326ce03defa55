//===- Decoder.h - From statements to instructions -------------*- C++ -*-===//
//
// The decoder walks a function's statements and asks one function per family
// of instructions whether it knows the statement. Those append instructions
// with Decoder::emit, their operands resolved to rows.
//
//===----------------------------------------------------------------------===//
#ifndef TEGULA_TEST_GPU_EMULATOR_DECODER_H
#define TEGULA_TEST_GPU_EMULATOR_DECODER_H

#include "Fault.h"
#include "Program.h"

#include <map>

namespace tegula::ptx {

class Decoder {
public:
  using Addresses = std::unordered_map<std::string, uint64_t>;

  Decoder(const Module &module, const Addresses &addresses)
      : module(module), addresses(addresses) {}
  std::unique_ptr<Program> run(const Function &entry);

  // For the families of instructions.

  /// Appends an instruction for the statement, with its guard.
  Instr &emit(const Statement &s, Handler handler);

  /// The row of a value; special registers and addresses are moved to a row
  /// of their own first.
  int32_t source(const Statement &s, const Operand &o);
  int32_t source(const Statement &s, size_t operand) {
    return source(s, at(s, operand));
  }

  /// The row that a result goes to; `_` has one that nobody reads.
  int32_t target(const Statement &s, const Operand &o);

  /// The base and offset of a memory operand.
  void address(const Statement &s, const Operand &o, Instr &instr, int slot);

  /// The operand of that number, or an error.
  const Operand &at(const Statement &s, size_t operand) const;

  int32_t constant(uint64_t bits);
  int32_t temporary() { return rows++; }

  /// The row of the condition code of add.cc and the like.
  int32_t carryRow();

  [[noreturn]] void fail(const Statement &s, const std::string &what) const;

  /// Where parameters and local variables of the function in work lie.
  struct Slot {
    uint64_t offset, bytes;
  };
  const Slot *localSlot(const std::string &name) const;
  const Parameter *kernelParameter(const std::string &name) const;
  uint64_t parameterAddress(const Parameter &parameter) const {
    return program->parameterAddress + parameter.offset;
  }
  const Function &callee(const Statement &s, const std::string &name) const;
  Slot parameterOf(const Function &callee, size_t index, bool isResult);
  const std::vector<std::string> *branchTable(const std::string &name) const;

  /// Remembers that `instr.imm` (or list[index]) is to become the program
  /// counter of a label or function.
  void fixLabel(const Statement &s, const std::string &label, int index = -1);
  void fixCall(const Function &callee);

private:
  void layoutParameters(const Function &entry);
  void layoutShared(const std::vector<const Function *> &reached);
  std::vector<const Function *> reach(const Function &entry);
  void function(const Function &f);
  void layoutLocals(const Function &f);
  void statement(const Statement &s);
  void resolve();
  bool symbol(const Operand &o, uint64_t &value) const;

  struct LabelFix {
    size_t instr;
    int index;
    std::string label;
    const Statement *statement;
  };
  struct CallFix {
    size_t instr;
    const Function *callee;
  };

  const Module &module;
  const Addresses &addresses;
  std::unique_ptr<Program> program;
  const Function *current = nullptr;
  std::map<std::string, uint64_t> shared; ///< Offsets, by name.
  std::map<uint64_t, int32_t> constantRows;
  std::map<std::string, Slot> locals; ///< Of the current function.
  std::unordered_map<std::string, size_t> labels;
  std::vector<LabelFix> labelFixes;
  std::vector<CallFix> callFixes;
  std::map<const Function *, size_t> starts;
  int rows = 0;
  int32_t carry = -1;
  uint64_t localTop = 0;
};

/// One function per family: false if the statement is of another.
bool decodeControl(Decoder &d, const Statement &s);
bool decodeMove(Decoder &d, const Statement &s);
bool decodeInteger(Decoder &d, const Statement &s);
bool decodeBits(Decoder &d, const Statement &s);
bool decodeFloat(Decoder &d, const Statement &s);
bool decodeHalf(Decoder &d, const Statement &s);
bool decodeCompare(Decoder &d, const Statement &s);
bool decodeConvert(Decoder &d, const Statement &s);
bool decodeLoadStore(Decoder &d, const Statement &s);
bool decodeAtomic(Decoder &d, const Statement &s);
bool decodeWarp(Decoder &d, const Statement &s);
bool decodeBarrier(Decoder &d, const Statement &s);
bool decodeMbarrier(Decoder &d, const Statement &s);
bool decodeAsyncCopy(Decoder &d, const Statement &s);
bool decodeBulkCopy(Decoder &d, const Statement &s);
bool decodeMatrix(Decoder &d, const Statement &s);
bool decodeWgmma(Decoder &d, const Statement &s);

} // namespace tegula::ptx

#endif
