//===- ThreadPool.cpp - Static partition over sleeping threads -----------===//
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
enum WorkerState : int32_t { Idle, Posted, Sleeping, Stopped };
/// About 20 to 60 microseconds of looking for work.
constexpr int32_t kSpins = 1500;
constexpr int32_t kMaxThreads = 1024;
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

static void runPart(void *argument, int64_t part) {
  const Job &job = *static_cast<const Job *>(argument);
  const int64_t base = job.count / job.parts, rest = job.count % job.parts;
  const int64_t begin = part * base + (part < rest ? part : rest);
  job.task(job.args, begin, begin + base + (part < rest));
}

/// Waits for something other than Idle or Sleeping in the mailbox.
static int32_t nextState(Worker &worker) {
  for (;;) {
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
}

static void *workerMain(void *argument) {
  Worker &worker = *static_cast<Worker *>(argument);
  Pool &pool = *worker.pool;
  while (nextState(worker) == Posted) {
    worker.state.store(Idle, std::memory_order_relaxed);
    runPart(&pool.job, worker.part);
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
  const size_t bytes = sizeof(Worker) * (numThreads - 1);
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
    Worker &worker = pool.workers[started - 1];
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
  for (int32_t i = 0; pool.workers && i < pool.numThreads - 1; ++i)
    post(pool.workers[i], Stopped);
  for (int32_t i = 0; pool.workers && i < pool.numThreads - 1; ++i)
    pthread_join(pool.workers[i].thread, nullptr);
  free(pool.workers);
  pool.workers = nullptr;
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
    pool.executor(pool.executorData, runPart, &pool.job, job.parts);
    return;
  }
  pool.pending.store(static_cast<int32_t>(job.parts) - 1);
  for (int64_t i = 0; i < job.parts - 1; ++i)
    post(pool.workers[i], Posted);
  runPart(&pool.job, 0);
  waitForWorkers(pool);
}

extern "C" void tegula_rt_parallel(void *opaque, RangeTask task, void *args,
                                   int64_t count) {
  TegulaContext *ctx = static_cast<TegulaContext *>(opaque);
  if (count <= 0)
    return;
  const int64_t threads = ctx->pool.numThreads;
  const int64_t parts = count < threads ? count : threads;
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
    parallel(ctx->pool, Job{task, args, count, parts});
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
