//===- Weights.cpp - Constants as an object file -------------------------===//

#include "tegula/Target/CPU/Weights.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace tegula;
using namespace tegula::target;

namespace {
constexpr uint64_t kAlignment = 64;
/// The blob starts at the first aligned place behind the file header.
constexpr uint64_t kContentOffset = 64;
static_assert(sizeof(ELF::Elf64_Ehdr) <= kContentOffset, "header fits");

/// Sections in file order.
enum Section { Null, Blob, Symbols, Strings, SectionNames, Stack, NumSections };
constexpr char kStrings[] = "\0tegula_weights";
constexpr char kSectionNames[] =
    "\0.lrodata\0.symtab\0.strtab\0.shstrtab\0.note.GNU-stack";
constexpr uint32_t kBlobName = 1, kSymbolsName = 10, kStringsName = 18,
                   kSectionNamesName = 26, kStackName = 36;
} // namespace

template <typename T>
static void writeStruct(raw_ostream &stream, const T &t) {
  stream.write(reinterpret_cast<const char *>(&t), sizeof(t));
}

WeightsWriter::WeightsWriter(std::unique_ptr<raw_fd_ostream> stream)
    : stream(std::move(stream)) {}

WeightsWriter::~WeightsWriter() {
  if (stream && stream->has_error())
    stream->clear_error();
}

Expected<std::unique_ptr<WeightsWriter>> WeightsWriter::create(StringRef path) {
  std::error_code code;
  auto stream = std::make_unique<raw_fd_ostream>(path, code, sys::fs::OF_None);
  if (code)
    return createStringError(code, "cannot write '%s': %s", path.str().c_str(),
                             code.message().c_str());
  stream->write_zeros(kContentOffset);
  return std::unique_ptr<WeightsWriter>(new WeightsWriter(std::move(stream)));
}

uint64_t WeightsWriter::append(ArrayRef<char> bytes) {
  const uint64_t offset = alignTo(contentBytes, kAlignment);
  stream->write_zeros(offset - contentBytes);
  stream->write(bytes.data(), bytes.size());
  contentBytes = offset + bytes.size();
  return offset;
}

static ELF::Elf64_Shdr section(uint32_t name, uint32_t type, uint64_t flags,
                               uint64_t offset, uint64_t size,
                               uint64_t alignment) {
  ELF::Elf64_Shdr header = {};
  header.sh_name = name;
  header.sh_type = type;
  header.sh_flags = flags;
  header.sh_offset = offset;
  header.sh_size = size;
  header.sh_addralign = alignment;
  return header;
}

static ELF::Elf64_Ehdr fileHeader(uint64_t sectionTable) {
  ELF::Elf64_Ehdr header = {};
  memcpy(header.e_ident, ELF::ElfMagic, 4);
  header.e_ident[ELF::EI_CLASS] = ELF::ELFCLASS64;
  header.e_ident[ELF::EI_DATA] = ELF::ELFDATA2LSB;
  header.e_ident[ELF::EI_VERSION] = ELF::EV_CURRENT;
  header.e_type = ELF::ET_REL;
  header.e_machine = ELF::EM_X86_64;
  header.e_version = ELF::EV_CURRENT;
  header.e_shoff = sectionTable;
  header.e_ehsize = sizeof(ELF::Elf64_Ehdr);
  header.e_shentsize = sizeof(ELF::Elf64_Shdr);
  header.e_shnum = NumSections;
  header.e_shstrndx = SectionNames;
  return header;
}

Error WeightsWriter::finish() {
  const uint64_t symbols = alignTo(kContentOffset + contentBytes, 8);
  stream->write_zeros(symbols - kContentOffset - contentBytes);
  ELF::Elf64_Sym symbol = {};
  writeStruct(*stream, symbol);
  symbol.st_name = 1;
  symbol.setBindingAndType(ELF::STB_GLOBAL, ELF::STT_OBJECT);
  symbol.st_shndx = Blob;
  symbol.st_size = contentBytes;
  writeStruct(*stream, symbol);
  const uint64_t strings = symbols + 2 * sizeof(symbol);
  stream->write(kStrings, sizeof(kStrings));
  const uint64_t names = strings + sizeof(kStrings);
  stream->write(kSectionNames, sizeof(kSectionNames));
  const uint64_t end = names + sizeof(kSectionNames);
  const uint64_t table = alignTo(end, 8);
  stream->write_zeros(table - end);

  writeStruct(*stream, ELF::Elf64_Shdr{});
  writeStruct(*stream, section(kBlobName, ELF::SHT_PROGBITS,
                               ELF::SHF_ALLOC | ELF::SHF_X86_64_LARGE,
                               kContentOffset, contentBytes, kAlignment));
  ELF::Elf64_Shdr symbolTable =
      section(kSymbolsName, ELF::SHT_SYMTAB, 0, symbols, 2 * sizeof(symbol), 8);
  symbolTable.sh_link = Strings;
  symbolTable.sh_info = 1; // The first global symbol.
  symbolTable.sh_entsize = sizeof(symbol);
  writeStruct(*stream, symbolTable);
  writeStruct(*stream, section(kStringsName, ELF::SHT_STRTAB, 0, strings,
                               sizeof(kStrings), 1));
  writeStruct(*stream, section(kSectionNamesName, ELF::SHT_STRTAB, 0, names,
                               sizeof(kSectionNames), 1));
  writeStruct(*stream, section(kStackName, ELF::SHT_PROGBITS, 0, end, 0, 1));

  const ELF::Elf64_Ehdr header = fileHeader(table);
  stream->pwrite(reinterpret_cast<const char *>(&header), sizeof(header), 0);
  stream->close();
  if (std::error_code code = stream->error()) {
    stream->clear_error();
    return createStringError(code, "cannot write the weights: %s",
                             code.message().c_str());
  }
  return Error::success();
}
