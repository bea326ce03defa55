//===- MachineCode.cpp - What a library's kernels are made of -------------===//

#include "tegula/Tuning/MachineCode.h"

#include "llvm/ADT/SmallBitVector.h"
#include "llvm/MC/MCAsmInfo.h"
#include "llvm/MC/MCContext.h"
#include "llvm/MC/MCDisassembler/MCDisassembler.h"
#include "llvm/MC/MCInst.h"
#include "llvm/MC/MCInstrInfo.h"
#include "llvm/MC/MCRegisterInfo.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/MCTargetOptions.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/TargetSelect.h"

using namespace llvm;
using namespace tegula::tuning;

namespace {

/// LLVM's tables for one kind of machine.
class Disassembler {
public:
  static Expected<std::unique_ptr<Disassembler>>
  create(const object::ObjectFile &file);

  /// Adds the instructions of `bytes` to `code`.
  void count(ArrayRef<uint8_t> bytes, MachineCode &code);
  uint64_t numVectorRegisters() const { return used.count(); }

private:
  bool writesStack(const MCInst &instruction) const;
  void addVectorRegisters(const MCInst &instruction);

  Triple triple;
  MCTargetOptions options;
  std::unique_ptr<MCRegisterInfo> registers;
  std::unique_ptr<MCAsmInfo> assembly;
  std::unique_ptr<MCSubtargetInfo> subtarget;
  std::unique_ptr<MCInstrInfo> instructions;
  std::unique_ptr<MCContext> context;
  std::unique_ptr<MCDisassembler> disassembler;
  MCRegister stackPointer;
  /// By the number of a vector register in its encoding.
  SmallBitVector used = SmallBitVector(64);
};

} // namespace

/// The register that is called so; none if there is none.
static MCRegister registerNamed(const MCRegisterInfo &registers,
                                StringRef name) {
  for (unsigned number = 1; number < registers.getNumRegs(); ++number)
    if (StringRef(registers.getName(number)) == name)
      return number;
  return MCRegister();
}

Expected<std::unique_ptr<Disassembler>>
Disassembler::create(const object::ObjectFile &file) {
  InitializeAllTargetInfos();
  InitializeAllTargetMCs();
  InitializeAllDisassemblers();
  auto made = std::make_unique<Disassembler>();
  made->triple = file.makeTriple();
  std::string message;
  const Target *target = TargetRegistry::lookupTarget(made->triple, message);
  if (!target)
    return createStringError(message);
  // Any instruction of the architecture, whatever the machine has.
  const bool isX86 = made->triple.isX86();
  made->registers.reset(target->createMCRegInfo(made->triple));
  made->assembly.reset(
      target->createMCAsmInfo(*made->registers, made->triple, made->options));
  made->subtarget.reset(target->createMCSubtargetInfo(
      made->triple, isX86 ? "x86-64-v4" : "", isX86 ? "" : "+all"));
  made->instructions.reset(target->createMCInstrInfo());
  made->context =
      std::make_unique<MCContext>(made->triple, made->assembly.get(),
                                  made->registers.get(), made->subtarget.get());
  made->disassembler.reset(
      target->createMCDisassembler(*made->subtarget, *made->context));
  if (!made->disassembler)
    return createStringError("no disassembler for " + made->triple.str());
  made->stackPointer = registerNamed(*made->registers, isX86 ? "RSP" : "SP");
  return made;
}

bool Disassembler::writesStack(const MCInst &instruction) const {
  const MCInstrDesc &description = instructions->get(instruction.getOpcode());
  if (!description.mayStore() || description.isCall())
    return false;
  for (const MCOperand &operand : instruction)
    if (operand.isReg() && operand.getReg() == stackPointer)
      return true;
  return false;
}

void Disassembler::addVectorRegisters(const MCInst &instruction) {
  for (const MCOperand &operand : instruction) {
    if (!operand.isReg() || !operand.getReg())
      continue;
    StringRef name = registers->getName(operand.getReg());
    // xmm3, ymm3 and zmm3; q3, v3 and the scalars in them.
    const bool isVector =
        triple.isX86() ? name.contains("MM") && !name.starts_with("MM")
                       : name.size() > 1 && StringRef("QDVZ").contains(name[0]);
    unsigned number;
    if (isVector && !name.drop_until(isDigit).getAsInteger(10, number) &&
        number < used.size())
      used.set(number);
  }
}

void Disassembler::count(ArrayRef<uint8_t> bytes, MachineCode &code) {
  code.bytes += bytes.size();
  while (!bytes.empty()) {
    MCInst instruction;
    uint64_t size = 0;
    if (disassembler->getInstruction(instruction, size, bytes, /*Address=*/0,
                                     nulls()) != MCDisassembler::Success)
      return;
    ++code.instructions;
    code.spills += writesStack(instruction);
    addVectorRegisters(instruction);
    bytes = bytes.drop_front(size);
  }
}

/// The bytes of a function; none if the symbol is not one of the model's.
static Expected<ArrayRef<uint8_t>>
functionBytes(const object::ObjectFile &file,
              const object::ELFSymbolRef &symbol) {
  Expected<StringRef> name = symbol.getName();
  if (!name)
    return name.takeError();
  if (!name->starts_with("tegula_kernel_") && *name != "tegula_entry")
    return ArrayRef<uint8_t>();
  Expected<object::section_iterator> section = symbol.getSection();
  if (!section)
    return section.takeError();
  Expected<uint64_t> address = symbol.getAddress();
  if (!address)
    return address.takeError();
  if (*section == file.section_end())
    return ArrayRef<uint8_t>();
  Expected<StringRef> contents = (*section)->getContents();
  if (!contents)
    return contents.takeError();
  const uint64_t begin = *address - (*section)->getAddress();
  return arrayRefFromStringRef(contents->substr(begin, symbol.getSize()));
}

Expected<MachineCode> tegula::tuning::readMachineCode(StringRef path) {
  auto file = object::ObjectFile::createObjectFile(path);
  if (!file)
    return file.takeError();
  const object::ObjectFile &object = *file->getBinary();
  auto disassembler = Disassembler::create(object);
  if (!disassembler)
    return disassembler.takeError();
  MachineCode code;
  for (const object::SymbolRef &symbol : object.symbols()) {
    auto bytes = functionBytes(object, object::ELFSymbolRef(symbol));
    if (!bytes)
      return bytes.takeError();
    (*disassembler)->count(*bytes, code);
  }
  code.vectorRegisters = (*disassembler)->numVectorRegisters();
  return code;
}
