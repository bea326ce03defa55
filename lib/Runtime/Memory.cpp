//===- Memory.cpp - Arena, slots, allocations and outputs of a context ---===//

#include "Context.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

using namespace tegula::runtime;

/// Rounds up to whole cache lines; false on overflow.
static bool roundUp(int64_t bytes, int64_t *rounded) {
  if (bytes < 0 || __builtin_add_overflow(bytes, kAlignment - 1, rounded))
    return false;
  *rounded &= ~(kAlignment - 1);
  return true;
}

static void *systemAllocate(int64_t bytes) {
  if (bytes >= kMapThreshold) {
    void *data = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED)
      return nullptr;
    // Fewer TLB misses; refusal is harmless.
    madvise(data, bytes, MADV_HUGEPAGE);
    return data;
  }
  void *data = nullptr;
  return posix_memalign(&data, kAlignment, bytes) == 0 ? data : nullptr;
}

static void systemFree(void *data, int64_t bytes) {
  if (bytes >= kMapThreshold)
    munmap(data, bytes);
  else
    free(data);
}

/// Would `bytes` more stay within the context's limit?
static bool isWithinLimit(const TegulaContext *ctx, int64_t bytes) {
  int64_t used;
  return !__builtin_add_overflow(ctx->usedBytes, bytes, &used) &&
         (ctx->maxBytes == 0 || used <= ctx->maxBytes);
}

/// Takes `bytes` (rounded, not 0) from the system within the context's limit.
static void *take(TegulaContext *ctx, int64_t bytes, const char *what) {
  if (!isWithinLimit(ctx, bytes))
    freeSpares(ctx, 0);
  if (!isWithinLimit(ctx, bytes)) {
    fail(ctx, TEGULA_OUT_OF_MEMORY,
         "%s needs %lld bytes, which with the %lld in use goes over the limit "
         "of %lld",
         what, (long long)bytes, (long long)ctx->usedBytes,
         (long long)ctx->maxBytes);
    return nullptr;
  }
  void *data = systemAllocate(bytes);
  if (!data && ctx->spares) {
    freeSpares(ctx, 0);
    data = systemAllocate(bytes);
  }
  if (!data) {
    fail(ctx, TEGULA_OUT_OF_MEMORY, "no memory for %lld bytes of %s",
         (long long)bytes, what);
    return nullptr;
  }
  ctx->usedBytes += bytes;
  return data;
}

void tegula::runtime::release(TegulaContext *ctx, Block &block) {
  if (block.bytes)
    systemFree(block.data, block.bytes);
  ctx->usedBytes -= block.bytes;
  block = Block{nullptr, 0};
}

bool tegula::runtime::reserve(TegulaContext *ctx, Block &block, int64_t bytes,
                              const char *what) {
  int64_t rounded;
  // An empty buffer has an address of its own, too.
  if (!roundUp(bytes ? bytes : 1, &rounded)) {
    fail(ctx, TEGULA_OUT_OF_MEMORY, "the size of %s overflows", what);
    return false;
  }
  if (block.bytes >= rounded)
    return true;
  // What grows once grows again, such as the tokens of a text.
  int64_t roomy;
  const bool fits = roundUp(block.bytes + block.bytes / 4, &roomy);
  release(ctx, block);
  if (fits && roomy > rounded && isWithinLimit(ctx, roomy))
    rounded = roomy;
  block.data = take(ctx, rounded, what);
  block.bytes = block.data ? rounded : 0;
  return block.data != nullptr;
}

void tegula::runtime::retireAllocations(TegulaContext *ctx,
                                        RunAllocation *mark) {
  while (ctx->allocations != mark) {
    RunAllocation *allocation = ctx->allocations;
    ctx->allocations = allocation->next;
    allocation->lastRun = ctx->numRuns;
    allocation->next = ctx->spares;
    ctx->spares = allocation;
  }
}

void tegula::runtime::freeSpares(TegulaContext *ctx, int64_t keptRuns) {
  RunAllocation **link = &ctx->spares;
  while (RunAllocation *spare = *link) {
    if (spare->lastRun > ctx->numRuns - keptRuns) {
      link = &spare->next;
      continue;
    }
    *link = spare->next;
    ctx->usedBytes -= spare->bytes;
    systemFree(spare, spare->bytes);
  }
}

/// A spare block of `bytes` or a little more, or null.
static RunAllocation *takeSpare(TegulaContext *ctx, int64_t bytes) {
  for (RunAllocation **link = &ctx->spares; *link; link = &(*link)->next) {
    RunAllocation *spare = *link;
    if (spare->bytes < bytes || spare->bytes / 2 > bytes)
      continue;
    *link = spare->next;
    return spare;
  }
  return nullptr;
}

namespace {
/// Holds the context's lock while in scope.
struct Locked {
  explicit Locked(TegulaContext *ctx) : ctx(ctx) {
    pthread_mutex_lock(&ctx->lock);
  }
  ~Locked() { pthread_mutex_unlock(&ctx->lock); }
  TegulaContext *ctx;
};
} // namespace

static void *poisoned(TegulaContext *ctx, void *data, int64_t bytes) {
  if (data && ctx->poison && bytes > 0)
    memset(data, ctx->poisonByte, bytes);
  return data;
}

extern "C" void *tegula_rt_arena(void *opaque, int64_t bytes) {
  TegulaContext *ctx = static_cast<TegulaContext *>(opaque);
  Locked locked(ctx);
  if (bytes >= 0 && bytes <= ctx->callerArena.bytes)
    return poisoned(ctx, ctx->callerArena.data, bytes);
  if (!reserve(ctx, ctx->arena, bytes, "the arena"))
    return nullptr;
  return poisoned(ctx, ctx->arena.data, bytes);
}

extern "C" void *tegula_rt_slot(void *opaque, int64_t slot, int64_t bytes) {
  TegulaContext *ctx = static_cast<TegulaContext *>(opaque);
  Locked locked(ctx);
  if (slot < 0 || slot >= ctx->manifest->num_slots) {
    fail(ctx, TEGULA_INTERNAL, "there is no slot %lld", (long long)slot);
    return nullptr;
  }
  Block &block = ctx->slots[slot];
  if (!reserve(ctx, block, bytes, "a dynamic buffer"))
    return nullptr;
  return poisoned(ctx, block.data, bytes);
}

extern "C" void *tegula_rt_allocate(void *opaque, int64_t bytes) {
  TegulaContext *ctx = static_cast<TegulaContext *>(opaque);
  Locked locked(ctx);
  int64_t total;
  if (!roundUp(bytes, &total) ||
      __builtin_add_overflow(total, sizeof(RunAllocation), &total)) {
    fail(ctx, TEGULA_OUT_OF_MEMORY, "the size of a temporary overflows");
    return nullptr;
  }
  RunAllocation *header = takeSpare(ctx, total);
  if (!header) {
    header =
        static_cast<RunAllocation *>(take(ctx, total, "a temporary buffer"));
    if (!header)
      return nullptr;
    header->bytes = total;
  }
  header->next = ctx->allocations;
  ctx->allocations = header;
  return poisoned(ctx, header + 1, bytes);
}

/// Does the shape that the code computed agree with the signature?
static bool fitsSignature(TegulaContext *ctx, int64_t index, int64_t rank,
                          const int64_t *shape) {
  const TegulaTensorInfo &info = ctx->manifest->outputs[index];
  if (rank < 0 || rank > TEGULA_MAX_RANK ||
      (info.rank >= 0 && rank != info.rank)) {
    fail(ctx, TEGULA_INTERNAL, "output '%s': rank %lld, declared %d", info.name,
         (long long)rank, (int)info.rank);
    return false;
  }
  for (int64_t d = 0; d < rank; ++d)
    if (info.rank >= 0 && info.dims[d] >= 0 && shape[d] != info.dims[d]) {
      fail(ctx, TEGULA_INTERNAL,
           "output '%s': dimension %lld is %lld, declared %lld", info.name,
           (long long)d, (long long)shape[d], (long long)info.dims[d]);
      return false;
    }
  return true;
}

extern "C" void *tegula_rt_output(void *opaque, int64_t index, int64_t rank,
                                  const int64_t *shape) {
  TegulaContext *ctx = static_cast<TegulaContext *>(opaque);
  Locked locked(ctx);
  if (index < 0 || index >= ctx->manifest->num_outputs) {
    fail(ctx, TEGULA_INTERNAL, "there is no output %lld", (long long)index);
    return nullptr;
  }
  if (!fitsSignature(ctx, index, rank, shape))
    return nullptr;
  const TegulaTensorInfo &info = ctx->manifest->outputs[index];
  int64_t bytes;
  if (!tensorBytes(info.dtype, rank, shape, &bytes)) {
    fail(ctx, TEGULA_INVALID_SHAPE, "output '%s': its size overflows",
         info.name);
    return nullptr;
  }
  Output &output = ctx->outputs[index];
  if (output.data && output.capacity < bytes) {
    fail(ctx, TEGULA_BUFFER_TOO_SMALL,
         "output '%s' has %lld bytes, but its buffer %lld", info.name,
         (long long)bytes, (long long)output.capacity);
    return nullptr;
  }
  if (!output.data && !reserve(ctx, output.owned, bytes, "an output"))
    return nullptr;
  output.result = output.data ? output.data : output.owned.data;
  output.bytes = bytes;
  output.rank = static_cast<int32_t>(rank);
  for (int64_t d = 0; d < rank; ++d)
    output.shape[d] = shape[d];
  output.produced = true;
  return poisoned(ctx, output.result, bytes);
}
