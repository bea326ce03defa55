//===- Weights.cpp - Constants behind linked code ------------------------===//

#include "Weights.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/Object/Archive.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace tegula;
using namespace tegula::target;

namespace {
constexpr uint64_t kAlignment = 64;

/// Sections of the placeholder in file order.
enum Section { Null, Note, Blob, Symbols, Strings, Names, Stack, NumSections };
constexpr char kStrings[] = "\0tegula_weights";
constexpr char kNames[] = "\0.note.tegula\0.lrodata\0.symtab\0.strtab\0"
                          ".shstrtab\0.note.GNU-stack";
constexpr uint32_t kNoteName = 1, kBlobName = 14, kSymbolsName = 23,
                   kStringsName = 31, kNamesName = 39, kStackName = 49;

/// A note, whose program header the weights take over.
struct NoteContents {
  uint32_t nameBytes = 7, descriptionBytes = 0, type = 1;
  char name[8] = "Tegula";
};

/// The bytes of a small ELF file that is being changed.
struct ElfImage {
  MutableArrayRef<char> bytes;

  ELF::Elf64_Ehdr &header() {
    return *reinterpret_cast<ELF::Elf64_Ehdr *>(bytes.data());
  }
  template <typename T>
  MutableArrayRef<T> table(uint64_t offset, size_t n) {
    return {reinterpret_cast<T *>(bytes.data() + offset), n};
  }
  MutableArrayRef<ELF::Elf64_Shdr> sections() {
    return table<ELF::Elf64_Shdr>(header().e_shoff, header().e_shnum);
  }
  MutableArrayRef<ELF::Elf64_Phdr> segments() {
    return table<ELF::Elf64_Phdr>(header().e_phoff, header().e_phnum);
  }
};
} // namespace

Error tegula::target::checkWeights(const WeightBlob &weights) {
  uint64_t end = 0;
  for (const WeightBlob::Entry &entry : weights.entries) {
    if (entry.offset < end || entry.offset % kAlignment != 0)
      return createStringError("weights overlap or are not aligned");
    end = entry.offset + entry.bytes.size();
  }
  if (end > weights.size)
    return createStringError("weights are larger than their size says");
  return Error::success();
}

template <typename T>
static uint64_t appendBytes(SmallVectorImpl<char> &file, const T &contents) {
  const uint64_t offset = alignTo(file.size(), 8);
  file.resize(offset);
  const char *bytes = reinterpret_cast<const char *>(&contents);
  file.append(bytes, bytes + sizeof(T));
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

/// What makes linkers put the placeholder behind everything else in its
/// segment: x86-64 has large sections, elsewhere it looks like zeroed data.
static uint64_t placeholderFlags(uint16_t elfMachine) {
  return ELF::SHF_ALLOC | (elfMachine == ELF::EM_X86_64 ? ELF::SHF_X86_64_LARGE
                                                        : ELF::SHF_WRITE);
}

static uint64_t pageBytes(uint16_t elfMachine) {
  return machine::maxPageBytes(elfMachine == ELF::EM_AARCH64
                                   ? machine::Architecture::AArch64
                                   : machine::Architecture::X86_64);
}

static ELF::Elf64_Ehdr fileHeader(uint64_t sectionTable, uint16_t elfMachine) {
  ELF::Elf64_Ehdr header = {};
  memcpy(header.e_ident, ELF::ElfMagic, 4);
  header.e_ident[ELF::EI_CLASS] = ELF::ELFCLASS64;
  header.e_ident[ELF::EI_DATA] = ELF::ELFDATA2LSB;
  header.e_ident[ELF::EI_VERSION] = ELF::EV_CURRENT;
  header.e_type = ELF::ET_REL;
  header.e_machine = elfMachine;
  header.e_version = ELF::EV_CURRENT;
  header.e_shoff = sectionTable;
  header.e_ehsize = sizeof(ELF::Elf64_Ehdr);
  header.e_shentsize = sizeof(ELF::Elf64_Shdr);
  header.e_shnum = NumSections;
  header.e_shstrndx = Names;
  return header;
}

SmallVector<char, 0>
tegula::target::makePlaceholder(uint64_t size,
                                machine::Architecture architecture) {
  const uint16_t elfMachine = architecture == machine::Architecture::AArch64
                                  ? ELF::EM_AARCH64
                                  : ELF::EM_X86_64;
  const uint64_t page = pageBytes(elfMachine);
  SmallVector<char, 0> file;
  appendBytes(file, ELF::Elf64_Ehdr{});
  const uint64_t note = appendBytes(file, NoteContents());
  ELF::Elf64_Sym symbols[2] = {};
  symbols[1].st_name = 1;
  symbols[1].setBindingAndType(ELF::STB_GLOBAL, ELF::STT_OBJECT);
  symbols[1].st_shndx = Blob;
  symbols[1].st_size = size;
  const uint64_t symbolTable = appendBytes(file, symbols);
  const uint64_t strings = appendBytes(file, kStrings);
  const uint64_t names = appendBytes(file, kNames);

  ELF::Elf64_Shdr headers[NumSections] = {};
  headers[Note] = section(kNoteName, ELF::SHT_NOTE, ELF::SHF_ALLOC, note,
                          sizeof(NoteContents), 4);
  // Whole pages, so that nothing else is in those of the weights.
  headers[Blob] =
      section(kBlobName, ELF::SHT_NOBITS, placeholderFlags(elfMachine),
              file.size(), alignTo(std::max<uint64_t>(size, 1), page), page);
  headers[Symbols] = section(kSymbolsName, ELF::SHT_SYMTAB, 0, symbolTable,
                             sizeof(symbols), 8);
  headers[Symbols].sh_link = Strings;
  headers[Symbols].sh_info = 1; // The first global symbol.
  headers[Symbols].sh_entsize = sizeof(ELF::Elf64_Sym);
  headers[Strings] =
      section(kStringsName, ELF::SHT_STRTAB, 0, strings, sizeof(kStrings), 1);
  headers[Names] =
      section(kNamesName, ELF::SHT_STRTAB, 0, names, sizeof(kNames), 1);
  headers[Stack] = section(kStackName, ELF::SHT_PROGBITS, 0, file.size(), 0, 1);
  const ELF::Elf64_Ehdr header =
      fileHeader(appendBytes(file, headers), elfMachine);
  memcpy(file.data(), &header, sizeof(header));
  return file;
}

/// The section of the placeholder, or null.
static ELF::Elf64_Shdr *findPlaceholder(ElfImage image) {
  const ELF::Elf64_Shdr &names = image.sections()[image.header().e_shstrndx];
  for (ELF::Elf64_Shdr &section : image.sections())
    if (section.sh_type == ELF::SHT_NOBITS &&
        StringRef(image.bytes.data() + names.sh_offset + section.sh_name) ==
            kNames + kBlobName)
      return &section;
  return nullptr;
}

/// Maps the weights, at `offset` of the file: the segment that reserved their
/// addresses ends before them, and the note's entry becomes their own, unless
/// they had that segment for themselves.
static Error addSegment(ElfImage image, const ELF::Elf64_Shdr &section,
                        uint64_t offset, uint64_t size) {
  MutableArrayRef<ELF::Elf64_Phdr> segments = image.segments();
  auto *note = llvm::find_if(segments, [](const ELF::Elf64_Phdr &segment) {
    return segment.p_type == ELF::PT_NOTE;
  });
  auto *load = llvm::find_if(segments, [&](const ELF::Elf64_Phdr &segment) {
    return segment.p_type == ELF::PT_LOAD &&
           segment.p_vaddr <= section.sh_addr &&
           section.sh_addr + section.sh_size <=
               segment.p_vaddr + segment.p_memsz;
  });
  if (note == segments.end() || load == segments.end() || note < load ||
      load->p_vaddr + load->p_filesz > section.sh_addr)
    return createStringError("the linker put the weights where they cannot be "
                             "mapped");
  const bool isAlone = load->p_vaddr == section.sh_addr;
  load->p_memsz = load->p_filesz;
  ELF::Elf64_Phdr weights = {};
  weights.p_type = ELF::PT_LOAD;
  weights.p_flags = ELF::PF_R;
  weights.p_offset = offset;
  weights.p_vaddr = weights.p_paddr = section.sh_addr;
  weights.p_filesz = weights.p_memsz = size;
  weights.p_align = pageBytes(image.header().e_machine);
  if (isAlone) {
    *load = weights;
    return Error::success();
  }
  // Segments stay in the order of their addresses.
  std::move_backward(load + 1, note, note + 1);
  load[1] = weights;
  return Error::success();
}

/// Makes the headers of an ELF file say that the weights follow it, and returns
/// where: an offset in the file, or 0 if there is no placeholder.
static Expected<uint64_t> pointToEnd(ElfImage image, uint64_t size) {
  if (image.bytes.size() < sizeof(ELF::Elf64_Ehdr))
    return createStringError("the linked file is too short");
  ELF::Elf64_Shdr *section = findPlaceholder(image);
  if (!section)
    return 0;
  const bool isLinked = image.header().e_phnum > 0;
  const uint64_t offset =
      alignTo(image.bytes.size(),
              isLinked ? pageBytes(image.header().e_machine) : kAlignment);
  if (isLinked)
    if (Error error = addSegment(image, *section, offset, size))
      return std::move(error);
  section->sh_type = ELF::SHT_PROGBITS;
  section->sh_offset = offset;
  section->sh_size = size;
  section->sh_flags &= ~uint64_t(ELF::SHF_WRITE);
  if (!isLinked)
    section->sh_addralign = kAlignment;
  return offset;
}

/// The part of a file that is the ELF file: all of it, or a member.
static Expected<MutableArrayRef<char>> findElf(MutableArrayRef<char> file) {
  const StringRef text(file.data(), file.size());
  if (!text.starts_with("!<arch>\n"))
    return file;
  Expected<std::unique_ptr<object::Archive>> archive =
      object::Archive::create(MemoryBufferRef(text, ""));
  if (!archive)
    return archive.takeError();
  MutableArrayRef<char> member;
  Error error = Error::success();
  for (const object::Archive::Child &child : (*archive)->children(error)) {
    Expected<StringRef> contents = child.getBuffer();
    if (!contents) {
      consumeError(std::move(error));
      return contents.takeError();
    }
    member = file.drop_front(contents->data() - file.data());
  }
  if (error)
    return std::move(error);
  return member;
}

/// Writes the size of the member at `begin` into its header: 10 characters, 12
/// before its contents.
static void setMemberSize(MutableArrayRef<char> file, uint64_t begin,
                          uint64_t size) {
  std::string digits = std::to_string(size);
  digits.resize(10, ' ');
  memcpy(file.data() + begin - 12, digits.data(), digits.size());
}

static void writeEntries(raw_ostream &stream, const WeightBlob &weights) {
  uint64_t written = 0;
  for (const WeightBlob::Entry &entry : weights.entries) {
    stream.write_zeros(entry.offset - written);
    stream.write(entry.bytes.data(), entry.bytes.size());
    written = entry.offset + entry.bytes.size();
  }
  stream.write_zeros(weights.size - written);
}

Error tegula::target::appendWeights(const std::string &path,
                                    const WeightBlob &weights) {
  ErrorOr<std::unique_ptr<MemoryBuffer>> linked = MemoryBuffer::getFile(
      path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!linked)
    return errorCodeToError(linked.getError());
  std::vector<char> file((*linked)->getBufferStart(),
                         (*linked)->getBufferEnd());
  linked->reset();
  Expected<MutableArrayRef<char>> elf = findElf(file);
  if (!elf)
    return elf.takeError();
  const uint64_t begin = elf->data() - file.data();
  Expected<uint64_t> offset = pointToEnd({*elf}, weights.size);
  if (!offset)
    return offset.takeError();
  if (*offset == 0)
    return Error::success();
  // Members of archives have even sizes.
  const uint64_t padding = begin > 0 ? weights.size % 2 : 0;
  if (begin > 0)
    setMemberSize(file, begin, *offset + weights.size);

  std::error_code code;
  raw_fd_ostream stream(path, code, sys::fs::OF_None);
  if (code)
    return createStringError(code, "cannot write '%s': %s", path.c_str(),
                             code.message().c_str());
  stream.write(file.data(), file.size());
  stream.write_zeros(begin + *offset - file.size());
  writeEntries(stream, weights);
  stream.write_zeros(padding);
  stream.close();
  if ((code = stream.error())) {
    stream.clear_error();
    return createStringError(code, "cannot write '%s': %s", path.c_str(),
                             code.message().c_str());
  }
  return Error::success();
}
