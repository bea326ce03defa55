//===- WeightPages.cpp - Weights in huge pages ---------------------------===//

#include "Context.h"
#include "tegula/Machine/Architecture.h"
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

using namespace tegula::runtime;

namespace {
/// A multiple of the system's; the weights lie at a multiple of it.
constexpr uintptr_t kPage =
    tegula::machine::maxPageBytes(tegula::machine::kThisArchitecture);
constexpr uintptr_t kHugePage = uintptr_t(2) << 20;
} // namespace

/// A copy of `bytes` at `source` in huge pages, which starts as far into one as
/// `source` does: only then do the pages move as they are. Null: no memory.
static char *copyToHugePages(const char *source, size_t bytes,
                             int32_t *status) {
  const size_t reserved = bytes + kHugePage;
  char *memory =
      static_cast<char *>(mmap(nullptr, reserved, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (memory == MAP_FAILED) {
    *status = TEGULA_OUT_OF_MEMORY;
    return nullptr;
  }
  const uintptr_t distance = (reinterpret_cast<uintptr_t>(source) -
                              reinterpret_cast<uintptr_t>(memory)) %
                             kHugePage;
  char *copy = memory + distance;
  if (madvise(copy, bytes, MADV_HUGEPAGE) != 0) {
    munmap(memory, reserved);
    *status = TEGULA_NO_HUGE_PAGES;
    return nullptr;
  }
  memcpy(copy, source, bytes);
  mprotect(copy, bytes, PROT_READ);
  if (distance)
    munmap(memory, distance);
  if (const size_t rest = reserved - distance - bytes)
    munmap(copy + bytes, rest);
  return copy;
}

int32_t tegula::runtime::moveWeightsToHugePages() {
  // Whole pages are the weights' own. Code keeps their address, so the copy
  // takes the place of the mapping. The kernel does that in one step: a run of
  // another context that reads them meanwhile waits, and reads equal bytes.
  const uintptr_t begin = reinterpret_cast<uintptr_t>(tegula_weights);
  const uintptr_t end = (begin + tegula_manifest.weight_bytes) / kPage * kPage;
  const uintptr_t first = (begin + kPage - 1) / kPage * kPage;
  if (end < first + kHugePage)
    return TEGULA_OK;
  int32_t status = TEGULA_OK;
  char *source = reinterpret_cast<char *>(first);
  char *copy = copyToHugePages(source, end - first, &status);
  if (!copy)
    return status;
  if (mremap(copy, end - first, end - first, MREMAP_MAYMOVE | MREMAP_FIXED,
             source) == MAP_FAILED) {
    munmap(copy, end - first);
    return TEGULA_OUT_OF_MEMORY;
  }
  return TEGULA_OK;
}
