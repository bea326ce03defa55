//===- Context.h - What one context of a compiled model holds ------------===//
//
// Internal to the runtime. The runtime is compiled once, when Tegula is built,
// and linked into every artifact: plain structs, no C++ library, no exceptions,
// no static constructors; it needs libc only.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_RUNTIME_CONTEXT_H
#define TEGULA_LIB_RUNTIME_CONTEXT_H

#include "tegula/Runtime/Abi.h"
#include <atomic>
#include <pthread.h>
#include <stddef.h>

namespace tegula {
namespace runtime {

constexpr int64_t kAlignment = 64;
/// Blocks from this size on come from mmap and go back to the system at once.
constexpr int64_t kMapThreshold = 1 << 20;

/// 64-byte aligned memory; empty when `bytes` is 0.
struct Block {
  void *data;
  int64_t bytes;
};

/// An allocation that lives until the end of the run or parallel region, in
/// front of its memory; afterwards it is spare for the next one.
struct RunAllocation {
  RunAllocation *next;
  int64_t bytes;   // Of the whole block, this header included.
  int64_t lastRun; // The last run that used it.
  char padding[kAlignment - sizeof(void *) - 2 * sizeof(int64_t)];
};
static_assert(sizeof(RunAllocation) == kAlignment, "keeps memory aligned");

/// The caller's view of an output during a run, and the memory we own for it.
struct Output {
  void *data;       // The caller's, or null: ours.
  int64_t capacity; // Bytes at `data`.
  bool produced;
  void *result;
  int64_t bytes;
  int32_t rank;
  int64_t shape[TEGULA_MAX_RANK];
  Block owned; // Kept across runs.
};

using RangeTask = void (*)(void *args, int64_t begin, int64_t end);

/// The range [0, count) in `chunks` of nearly equal size, of which each of
/// `parts` threads owns as many neighbours.
struct Job {
  RangeTask task;
  void *args;
  int64_t count;
  int64_t parts;
  int64_t chunks;
};

/// What was recorded of the kernels of one run.
struct Profile {
  TegulaKernelEvent *events;
  int64_t numEvents, capacity;
  bool isOpen; // The last event lacks its end; without memory there is none.
};

struct Pool;
struct GpuState; // Gpu.cpp.

/// A thread's mailbox, alone in its cache line.
struct alignas(64) Worker {
  std::atomic<int32_t> state; // WorkerState of ThreadPool.cpp.
  int32_t part;
  Pool *pool;
  pthread_t thread;
  std::atomic<int64_t> nextChunk; // The first of its chunks nobody has begun.
};

/// Threads that sleep on a futex when there is no run.
struct Pool {
  Worker *workers; // numThreads of them; the first is the caller's.
  int32_t numThreads;
  int32_t spins; // How often to look before sleeping, inside a run.
  Job job;
  std::atomic<int32_t> active;  // Inside a run?
  std::atomic<int32_t> waiting; // Does the caller sleep on `pending`?
  alignas(64) std::atomic<int32_t> pending; // Workers that may be at the job.
  TegulaExecutor executor;
  void *executorData;
};

} // namespace runtime
} // namespace tegula

struct TegulaContext {
  const TegulaManifest *manifest;
  tegula::runtime::Pool pool;
  std::atomic<int32_t> running;
  std::atomic<int32_t> inParallel;

  // Guards what tasks may call from several threads: memory and failures.
  pthread_mutex_t lock;
  int32_t status; // The first failure of this run.
  char error[512];

  int64_t usedBytes, maxBytes;
  int32_t poison, poisonByte;
  tegula::runtime::Block arena;
  tegula::runtime::Block callerArena; // Given by the caller, never freed.
  tegula::runtime::Block *slots;
  tegula::runtime::RunAllocation *allocations; // In use, newest first.
  tegula::runtime::RunAllocation *spares;
  int64_t numRuns;
  tegula::runtime::Output *outputs;
  void **inputData;
  const int64_t **inputShapes;
  tegula::runtime::Profile profile;
  tegula::runtime::GpuState *gpu; // Null unless the model is for a GPU.
};

namespace tegula {
namespace runtime {

/// Size of an element in memory, 0 for types that have none (strings, unknown).
int64_t elementBytes(int32_t dtype);
/// Natural alignment of an element.
int64_t elementAlignment(int32_t dtype);
/// Bytes of a dense tensor; false if a size is negative or the product
/// overflows.
bool tensorBytes(int32_t dtype, int64_t rank, const int64_t *shape,
                 int64_t *bytes);

/// Records a failure as printf does, unless one is recorded; returns `code`.
__attribute__((format(printf, 3, 4))) int32_t fail(TegulaContext *ctx,
                                                   int32_t code,
                                                   const char *format, ...);

/// Checks everything about the tensors of a run that does not need its results,
/// and fills inputData, inputShapes and outputs.
int32_t checkTensors(TegulaContext *ctx, const TegulaTensor *inputs,
                     const TegulaTensor *outputs);

/// Makes `block` hold at least `bytes`; its contents are lost if it grows.
bool reserve(TegulaContext *ctx, Block &block, int64_t bytes, const char *what);
void release(TegulaContext *ctx, Block &block);
/// Ends the life of all allocations that are newer than `mark`.
void retireAllocations(TegulaContext *ctx, RunAllocation *mark);
/// Frees the spare allocations that the last `keptRuns` runs did not use.
void freeSpares(TegulaContext *ctx, int64_t keptRuns);

/// The events of the last run.
int64_t readProfile(const TegulaContext *ctx, const TegulaKernelEvent **events);

/// Starts the threads. Fewer than asked for is not an error: results do not
/// depend on it.
bool startPool(Pool &pool, int32_t numThreads);
void stopPool(Pool &pool);
void parallel(Pool &pool, const Job &job);
/// Replaces the mapping of the weights by a copy in huge pages; returns a
/// status. WeightPages.cpp, which only artifacts with large weights are linked
/// with.
__attribute__((weak)) int32_t moveWeightsToHugePages();

// Gpu.cpp, which only artifacts for a GPU are linked with.
__attribute__((weak)) int32_t gpuCreate(TegulaContext *ctx,
                                        const TegulaOptions &options);
__attribute__((weak)) void gpuDestroy(TegulaContext *ctx);
/// Runs the entry function between copies of the outputs.
__attribute__((weak)) int32_t gpuRun(TegulaContext *ctx);

/// CPUs that this process may use.
int32_t availableCpus();

} // namespace runtime
} // namespace tegula

#endif // TEGULA_LIB_RUNTIME_CONTEXT_H
