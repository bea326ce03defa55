//===- ThreadPool.cpp - Chunks of work for threads that sleep -------------===//
//
// A job is cut into chunks by its size and the number of threads alone. Each
// thread begins with chunks of its own, the same neighbours in every kernel, so
// that a core finds in its caches what it wrote before; who has done its own
// helps the others. So a thread that wakes up late, or whose core somebody else
// uses, costs no more than it brings: the caller takes the job back from who
// has not begun.
//
// A worker looks for work a bounded number of times while a run is going on
// and sleeps on a futex otherwise: an idle model costs nothing.
//
//===----------------------------------------------------------------------===//

#include "Context.h"
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace tegula::runtime;

namespace {
/// Idle -> Posted by the caller, -> Busy by the worker, -> Idle by the worker
/// when it finds no more chunks; Posted -> Idle by a caller who did them all.
enum WorkerState : int32_t { Idle, Posted, Busy, Sleeping, Stopped };
/// About 1 to 2 milliseconds of looking for work: what the last chunks of a
/// long kernel may keep others waiting. To wake a sleeping CPU takes 50
/// microseconds on a virtual machine, as long as a small kernel.
constexpr int32_t kSpins = 40000;
constexpr int32_t kMaxThreads = 1024;
/// Chunks that a thread owns: what may be done by others is a quarter of it.
constexpr int64_t kChunks = 4;
} // namespace

static void futexWait(std::atomic<int32_t> &word, int32_t value) {
  syscall(SYS_futex, reinterpret_cast<int32_t *>(&word), FUTEX_WAIT_PRIVATE,
          value, nullptr, nullptr, 0);
}

static void futexWake(std::atomic<int32_t> &word) {
  syscall(SYS_futex, reinterpret_cast<int32_t *>(&word), FUTEX_WAKE_PRIVATE, 1,
          nullptr, nullptr, 0);
}

static void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb"); // `yield` does nothing on most processors.
#endif
}

/// Item `index` of [0, count) in `parts` pieces begins here.
static int64_t partBegin(int64_t count, int64_t parts, int64_t index) {
  const int64_t base = count / parts, rest = count % parts;
  return index * base + (index < rest ? index : rest);
}

static void runPart(void *argument, int64_t part) {
  const Job &job = *static_cast<const Job *>(argument);
  job.task(job.args, partBegin(job.count, job.chunks, part),
           partBegin(job.count, job.chunks, part + 1));
}

/// Runs chunks that nobody has begun, those of thread `self` first.
static void runChunks(Pool &pool, int64_t self) {
  const int64_t parts = pool.job.parts;
  for (int64_t i = 0; i < parts; ++i) {
    const int64_t owner = (self + i) % parts;
    const int64_t end = partBegin(pool.job.chunks, parts, owner + 1);
    std::atomic<int64_t> &next = pool.workers[owner].nextChunk;
    while (next.load(std::memory_order_relaxed) < end) {
      const int64_t chunk = next.fetch_add(1, std::memory_order_relaxed);
      if (chunk < end)
        runPart(&pool.job, chunk);
    }
  }
}

/// Waits for something other than Idle or Sleeping in the mailbox.
static int32_t nextState(Worker &worker) {
  for (int32_t i = 0; i < worker.pool->spins; ++i) {
    int32_t state = worker.state.load(std::memory_order_acquire);
    if (state != Idle)
      return state;
    if (!worker.pool->active.load(std::memory_order_relaxed))
      break;
    relax();
  }
  int32_t idle = Idle;
  if (!worker.state.compare_exchange_strong(idle, Sleeping))
    return idle;
  while (worker.state.load(std::memory_order_acquire) == Sleeping)
    futexWait(worker.state, Sleeping);
  return worker.state.load(std::memory_order_acquire);
}

/// Waits for a job and takes it; false when there will be none.
static bool takeJob(Worker &worker) {
  for (;;) {
    int32_t state = nextState(worker);
    if (state == Stopped)
      return false;
    // The caller may have taken it back in between.
    if (state == Posted && worker.state.compare_exchange_strong(state, Busy))
      return true;
  }
}

static void *workerMain(void *argument) {
  Worker &worker = *static_cast<Worker *>(argument);
  Pool &pool = *worker.pool;
  while (takeJob(worker)) {
    runChunks(pool, worker.part);
    worker.state.store(Idle);
    if (pool.pending.fetch_sub(1) == 1 && pool.waiting.load())
      futexWake(pool.pending);
  }
  return nullptr;
}

static void post(Worker &worker, int32_t state) {
  if (worker.state.exchange(state) == Sleeping)
    futexWake(worker.state);
}

bool tegula::runtime::startPool(Pool &pool, int32_t numThreads) {
  const int32_t cpus = availableCpus();
  if (numThreads <= 0)
    numThreads = cpus;
  if (numThreads > kMaxThreads)
    numThreads = kMaxThreads;
  pool.numThreads = numThreads;
  if (pool.executor || numThreads == 1)
    return true;
  // Looking for work steals the CPU from whoever has some if there are too few.
  pool.spins = numThreads <= cpus ? kSpins : 0;
  void *memory = nullptr;
  const size_t bytes = sizeof(Worker) * numThreads;
  if (posix_memalign(&memory, alignof(Worker), bytes) != 0)
    return false;
  memset(memory, 0, bytes);
  pool.workers = static_cast<Worker *>(memory);
  // The host's signal handlers run on the host's threads.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int32_t started = 1;
  for (; started < numThreads; ++started) {
    Worker &worker = pool.workers[started];
    worker.pool = &pool;
    worker.part = started;
    if (pthread_create(&worker.thread, nullptr, workerMain, &worker) != 0)
      break;
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pool.numThreads = started;
  return true;
}

void tegula::runtime::stopPool(Pool &pool) {
  for (int32_t i = 1; pool.workers && i < pool.numThreads; ++i)
    post(pool.workers[i], Stopped);
  for (int32_t i = 1; pool.workers && i < pool.numThreads; ++i)
    pthread_join(pool.workers[i].thread, nullptr);
  free(pool.workers);
  pool.workers = nullptr;
}

/// Ends the job for workers that have not begun.
static void takeBack(Pool &pool, int64_t parts) {
  for (int64_t i = 1; i < parts; ++i) {
    int32_t posted = Posted;
    if (pool.workers[i].state.compare_exchange_strong(posted, Idle))
      pool.pending.fetch_sub(1);
  }
}

static void waitForWorkers(Pool &pool) {
  for (int32_t i = 0; i < pool.spins; ++i) {
    if (pool.pending.load(std::memory_order_acquire) == 0)
      return;
    relax();
  }
  pool.waiting.store(1);
  while (int32_t pending = pool.pending.load())
    futexWait(pool.pending, pending);
  pool.waiting.store(0);
}

void tegula::runtime::parallel(Pool &pool, const Job &job) {
  pool.job = job;
  if (pool.executor) {
    pool.executor(pool.executorData, runPart, &pool.job, job.chunks);
    return;
  }
  for (int64_t i = 0; i < job.parts; ++i)
    pool.workers[i].nextChunk.store(partBegin(job.chunks, job.parts, i),
                                    std::memory_order_relaxed);
  pool.pending.store(static_cast<int32_t>(job.parts) - 1);
  for (int64_t i = 1; i < job.parts; ++i)
    post(pool.workers[i], Posted);
  runChunks(pool, 0);
  takeBack(pool, job.parts);
  waitForWorkers(pool);
}

extern "C" void tegula_rt_parallel(void *opaque, RangeTask task, void *args,
                                   int64_t count) {
  TegulaContext *ctx = static_cast<TegulaContext *>(opaque);
  if (count <= 0)
    return;
  const int64_t threads = ctx->pool.numThreads;
  const int64_t parts = count < threads ? count : threads;
  const int64_t wanted = ctx->pool.executor ? parts : parts * kChunks;
  const int64_t chunks = count < wanted ? count : wanted;
  // Within a task the caller does it all.
  if (ctx->inParallel.load(std::memory_order_relaxed)) {
    task(args, 0, count);
    return;
  }
  RunAllocation *mark = ctx->allocations;
  ctx->inParallel.store(1, std::memory_order_relaxed);
  if (parts == 1)
    task(args, 0, count);
  else
    parallel(ctx->pool, Job{task, args, count, parts, chunks});
  ctx->inParallel.store(0, std::memory_order_relaxed);
  retireAllocations(ctx, mark);
}

/// CPUs that the control group of a container grants, rounded up; 0: no limit.
static int32_t grantedCpus() {
  const int file = open("/sys/fs/cgroup/cpu.max", O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return 0;
  char text[64]; // "max 100000" or "150000 100000": time and period.
  const ssize_t length = read(file, text, sizeof(text) - 1);
  close(file);
  text[length > 0 ? length : 0] = '\0';
  int64_t numbers[2] = {0, 0};
  const char *next = text;
  for (int64_t &number : numbers) {
    for (; *next >= '0' && *next <= '9' && number < INT32_MAX; ++next)
      number = number * 10 + (*next - '0');
    next += *next == ' ';
  }
  if (numbers[0] == 0 || numbers[1] == 0)
    return 0;
  return static_cast<int32_t>((numbers[0] + numbers[1] - 1) / numbers[1]);
}

int32_t tegula::runtime::availableCpus() {
  unsigned long mask[kMaxThreads / (8 * sizeof(unsigned long))];
  const long bytes = syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask);
  int32_t count = 0;
  for (long i = 0; i < bytes / static_cast<long>(sizeof(mask[0])); ++i)
    count += __builtin_popcountl(mask[i]);
  const int32_t granted = grantedCpus();
  if (granted > 0 && granted < count)
    count = granted;
  return count > 0 ? count : 1;
}
