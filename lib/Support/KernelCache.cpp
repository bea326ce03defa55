//===- KernelCache.cpp - Generated code that is found again ---------------===//

#include "tegula/Support/KernelCache.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/CachePruning.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Support/xxhash.h"

using namespace llvm;
using namespace tegula;

// A file: magic, size of the text, hash of the code (u64, little-endian), then
// text and code.
static constexpr StringLiteral kMagic = "TEGULAK1";
static constexpr size_t kHeader = 24;

static constexpr uint64_t kMaxBytes = uint64_t(4) << 30;

std::optional<KernelCache::Code> KernelCache::find(StringRef path,
                                                   StringRef text) const {
  ErrorOr<std::unique_ptr<MemoryBuffer>> file = MemoryBuffer::getFile(
      path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!file)
    return std::nullopt;
  StringRef bytes = (*file)->getBuffer();
  if (bytes.size() < kHeader || !bytes.starts_with(kMagic) ||
      support::endian::read64le(bytes.data() + 8) != text.size() ||
      !bytes.drop_front(kHeader).starts_with(text))
    return std::nullopt;
  StringRef code = bytes.drop_front(kHeader + text.size());
  if (support::endian::read64le(bytes.data() + 16) != xxh3_64bits(code))
    return std::nullopt;
  return Code(code.begin(), code.end());
}

void KernelCache::keep(StringRef path, StringRef text, const Code &code) const {
  if (sys::fs::create_directories(directory))
    return;
  // Not a sys::fs::TempFile: that installs signal handlers, and this may be
  // anybody's process.
  SmallString<128> temporary;
  int descriptor;
  if (sys::fs::createUniqueFile(path + ".%%%%%%%%.tmp", descriptor, temporary))
    return;
  char sizes[16];
  support::endian::write64le(sizes, text.size());
  support::endian::write64le(sizes + 8,
                             xxh3_64bits(StringRef(code.data(), code.size())));
  raw_fd_ostream out(descriptor, /*shouldClose=*/true);
  out << kMagic << StringRef(sizes, sizeof(sizes)) << text
      << StringRef(code.data(), code.size());
  out.close();
  // A full disk is no reason to stop: what was written is thrown away.
  const bool isWritten = !out.has_error();
  out.clear_error();
  if (!isWritten || sys::fs::rename(temporary, path))
    sys::fs::remove(temporary);
}

Expected<KernelCache::Code>
KernelCache::get(StringRef text,
                 function_ref<Expected<Code>()> generate) const {
  if (directory.empty())
    return generate();
  XXH128_hash_t hash = xxh3_128bits(arrayRefFromStringRef(text));
  // The prefix is the one that pruneCache looks for.
  SmallString<128> path(directory);
  sys::path::append(path, "llvmcache-" + utohexstr(hash.high64) + "-" +
                              utohexstr(hash.low64));
  if (std::optional<Code> code = find(path, text))
    return std::move(*code);
  Expected<Code> code = generate();
  if (code)
    keep(path, text, *code);
  return code;
}

Expected<KernelCache::Code>
KernelCache::get(const Module &module, StringRef generator,
                 function_ref<Expected<Code>()> generate) const {
  if (directory.empty())
    return generate();
  SmallString<0> text;
  raw_svector_ostream out(text);
  out << generator << " LLVM " LLVM_VERSION_STRING "\n";
  WriteBitcodeToFile(module, out);
  return get(text, generate);
}

void KernelCache::prune() const {
  if (directory.empty())
    return;
  CachePruningPolicy policy;
  policy.MaxSizeBytes = kMaxBytes;
  pruneCache(directory, policy);
}
