//===- ExternalData.cpp - Files that hold the data of tensors -------------===//
//
// A model may name files only below its own directory. openat2 decides that in
// the kernel (RESOLVE_BENEATH, no links), so that no check of text is fooled;
// see ONNX's CVE-2022-25882, CVE-2024-27318, CVE-2026-27489.
//
//===----------------------------------------------------------------------===//

#include "Importer.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/Error.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace llvm;

namespace tegula::frontend {

/// Opens `location` below `directory` without following any link.
static Expected<int> openBeneath(StringRef directory, StringRef location) {
  int root = ::open(directory.str().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0)
    return createStringError("cannot open the model's directory '%s': %s",
                             directory.str().c_str(), strerror(errno));
  open_how how = {};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  int file =
      ::syscall(SYS_openat2, root, location.str().c_str(), &how, sizeof(how));
  int reason = errno;
  ::close(root);
  if (file >= 0)
    return file;
  return createStringError(
      "external data '%s' is not a file below the model's directory: %s",
      location.str().c_str(), strerror(reason));
}

Expected<std::pair<std::shared_ptr<const void>, ArrayRef<char>>>
mapExternalData(StringRef directory, StringRef location, uint64_t offset,
                uint64_t length) {
  if (directory.empty())
    return createStringError("a model in memory cannot have external data, "
                             "but names '%s'; compile it from its file",
                             location.str().c_str());
  if (location.empty() || location.contains('\0'))
    return createStringError("external data names no file");
  Expected<int> file = openBeneath(directory, location);
  if (!file)
    return file.takeError();
  auto closer = scope_exit([&] { ::close(*file); });
  struct stat status;
  if (::fstat(*file, &status) != 0 || !S_ISREG(status.st_mode) ||
      status.st_nlink != 1)
    return createStringError(
        "external data '%s' is not a plain file with one name",
        location.str().c_str());
  uint64_t size = status.st_size;
  if (length > size || offset > size - length)
    return createStringError("external data '%s' has %llu bytes; wanted are "
                             "%llu from offset %llu",
                             location.str().c_str(), (unsigned long long)size,
                             (unsigned long long)length,
                             (unsigned long long)offset);
  if (length == 0)
    return std::pair(std::shared_ptr<const void>(), ArrayRef<char>());
  uint64_t page = ::sysconf(_SC_PAGESIZE), skip = offset % page;
  size_t mapped = length + skip;
  void *base =
      ::mmap(nullptr, mapped, PROT_READ, MAP_PRIVATE, *file, offset - skip);
  if (base == MAP_FAILED)
    return createStringError("cannot map external data '%s': %s",
                             location.str().c_str(), strerror(errno));
  std::shared_ptr<const void> owner(base, [mapped](const void *p) {
    ::munmap(const_cast<void *>(p), mapped);
  });
  return std::pair(owner,
                   ArrayRef(static_cast<const char *>(base) + skip, length));
}

} // namespace tegula::frontend
