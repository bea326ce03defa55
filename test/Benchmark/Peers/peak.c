/* Measures what the CPU can do at most, from registers and from memory.
 *
 *   gcc -O3 -march=native -pthread peak.c -o peak && ./peak
 *
 * Prints one JSON object; each name ends in _1 or _2, the number of threads:
 *   fma         float32 GFLOP/s of register-only multiply-adds
 *   vnni        u8 x s8 GOP/s of register-only dot products (0 without VNNI)
 *   bf16        bfloat16 GFLOP/s of register-only dot products (0 without)
 *   l1, l2, l3  GB/s read from buffers of 16 KiB, 512 KiB, 8 MiB per thread
 *   read        GB/s read from a buffer of 256 MiB per thread
 *   copy        GB/s (read and written) of a copy of 128 MiB per thread
 * Buffers are in huge pages where the system grants them: with 4 KiB pages the
 * figures from memory can be half as high.  Each figure is the best of several
 * repetitions.  Threads are pinned to the last CPUs that the process may use.
 */
#define _GNU_SOURCE
#include <immintrin.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum { REPEATS = 15, CHAINS = 16 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

/* A measured loop: does `work` on `data` and returns how much it did (FLOP or
 * bytes). */
typedef double (*Kernel)(void *data, size_t bytes);

#if defined(__AVX512F__)
typedef __m512 Vec;
#define LANES 16
#define SET1 _mm512_set1_ps
#define FMA _mm512_fmadd_ps
#elif defined(__AVX2__)
typedef __m256 Vec;
#define LANES 8
#define SET1 _mm256_set1_ps
#define FMA _mm256_fmadd_ps
#else
#error "needs AVX2 with FMA, or AVX-512"
#endif

static volatile float sink;

/* Uses a value, so that its computation cannot be dropped. */
static void keep(const void *value) {
  float first;
  memcpy(&first, value, sizeof first);
  sink = first;
}

static double fma_kernel(void *data, size_t bytes) {
  (void)data;
  (void)bytes;
  const long steps = 4000000;
  Vec a = SET1(0.999f), b = SET1(0.001f), c[CHAINS];
  for (int i = 0; i < CHAINS; i++)
    c[i] = SET1((float)i);
  for (long s = 0; s < steps; s++) {
#pragma GCC unroll 16
    for (int i = 0; i < CHAINS; i++)
      c[i] = FMA(a, c[i], b);
    __asm__ volatile("" : "+v"(a), "+v"(b));
  }
  for (int i = 0; i < CHAINS; i++)
    keep(&c[i]);
  return 2.0 * LANES * CHAINS * steps;
}

static double vnni_kernel(void *data, size_t bytes) {
  (void)data;
  (void)bytes;
#if defined(__AVX512VNNI__)
  const long steps = 4000000;
  __m512i a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(1), c[CHAINS];
  for (int i = 0; i < CHAINS; i++)
    c[i] = _mm512_set1_epi32(i);
  for (long s = 0; s < steps; s++) {
#pragma GCC unroll 16
    for (int i = 0; i < CHAINS; i++)
      c[i] = _mm512_dpbusd_epi32(c[i], a, b);
    __asm__ volatile("" : "+v"(a), "+v"(b));
  }
  for (int i = 0; i < CHAINS; i++)
    keep(&c[i]);
  return 2.0 * 64 * CHAINS * steps;
#else
  return 0;
#endif
}

static double bf16_kernel(void *data, size_t bytes) {
  (void)data;
  (void)bytes;
#if defined(__AVX512BF16__)
  const long steps = 4000000;
  __m512i bits = _mm512_set1_epi16(0x3f80);
  __m512bh a, b;
  memcpy(&a, &bits, sizeof a);
  memcpy(&b, &bits, sizeof b);
  __m512 c[CHAINS];
  for (int i = 0; i < CHAINS; i++)
    c[i] = _mm512_set1_ps((float)i);
  for (long s = 0; s < steps; s++) {
#pragma GCC unroll 16
    for (int i = 0; i < CHAINS; i++)
      c[i] = _mm512_dpbf16_ps(c[i], a, b);
    __asm__ volatile("" : "+v"(a), "+v"(b));
  }
  for (int i = 0; i < CHAINS; i++)
    keep(&c[i]);
  return 2.0 * 32 * CHAINS * steps;
#else
  return 0;
#endif
}

/* Reads a buffer with 8 independent sums, often enough to last a while. */
static double read_kernel(void *data, size_t bytes) {
  const size_t target = bytes > (64u << 20) ? bytes : (size_t)1 << 30;
  const size_t rounds = target / bytes ? target / bytes : 1;
  const float *p = data;
  const size_t count = bytes / sizeof(float);
  Vec c[8];
  for (int i = 0; i < 8; i++)
    c[i] = SET1(0);
  for (size_t r = 0; r < rounds; r++) {
    for (size_t k = 0; k + 8 * LANES <= count; k += 8 * LANES)
#pragma GCC unroll 8
      for (int i = 0; i < 8; i++)
        c[i] += *(const Vec *)(p + k + i * LANES);
    __asm__ volatile("" ::: "memory");
  }
  for (int i = 0; i < 8; i++)
    keep(&c[i]);
  return (double)bytes * rounds;
}

static double copy_kernel(void *data, size_t bytes) {
  memcpy((char *)data + bytes / 2, data, bytes / 2);
  __asm__ volatile("" ::: "memory");
  return (double)bytes;
}

struct Task {
  Kernel kernel;
  void *data;
  size_t bytes;
  int cpu;
  double done, start, end;
  pthread_barrier_t *barrier;
};

static void *run_task(void *argument) {
  struct Task *task = argument;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(task->cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
  if (task->bytes)
    memset(task->data, 1, task->bytes);
  for (int r = 0; r < REPEATS; r++) {
    pthread_barrier_wait(task->barrier);
    task->start = now();
    task->done = task->kernel(task->data, task->bytes);
    task->end = now();
    pthread_barrier_wait(task->barrier);
  }
  return NULL;
}

/* Memory aligned to huge pages, in them where possible. */
static void *huge_alloc(size_t bytes) {
  const size_t page = (size_t)2 << 20;
  bytes = (bytes + page - 1) / page * page;
  void *data = aligned_alloc(page, bytes);
  if (!data) {
    fprintf(stderr, "out of memory\n");
    exit(1);
  }
  madvise(data, bytes, MADV_HUGEPAGE);
  return data;
}

/* Best rate in G/s of a kernel on `threads` CPUs, each with its own buffer. */
static double rate(Kernel kernel, size_t bytes, int threads, const int *cpus) {
  struct Task tasks[2];
  pthread_t ids[2];
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, NULL, (unsigned)threads + 1);
  for (int t = 0; t < threads; t++) {
    void *data = bytes ? huge_alloc(bytes) : NULL;
    tasks[t] = (struct Task){kernel, data, bytes, cpus[t], 0, 0, 0, &barrier};
    pthread_create(&ids[t], NULL, run_task, &tasks[t]);
  }
  double best = 0;
  for (int r = 0; r < REPEATS; r++) {
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    double done = 0, start = tasks[0].start, end = tasks[0].end;
    for (int t = 0; t < threads; t++) {
      done += tasks[t].done;
      start = tasks[t].start < start ? tasks[t].start : start;
      end = tasks[t].end > end ? tasks[t].end : end;
    }
    if (done / (end - start) > best)
      best = done / (end - start);
  }
  for (int t = 0; t < threads; t++) {
    pthread_join(ids[t], NULL);
    free(tasks[t].data);
  }
  pthread_barrier_destroy(&barrier);
  return best / 1e9;
}

static void print_rates(int threads, const int *cpus) {
  const size_t kib = 1 << 10, mib = 1 << 20;
  const struct {
    const char *name;
    Kernel kernel;
    size_t bytes;
  } figures[] = {
      {"fma", fma_kernel, 0},           {"vnni", vnni_kernel, 0},
      {"bf16", bf16_kernel, 0},         {"l1", read_kernel, 16 * kib},
      {"l2", read_kernel, 512 * kib},   {"l3", read_kernel, 8 * mib},
      {"read", read_kernel, 256 * mib}, {"copy", copy_kernel, 256 * mib},
  };
  const int count = sizeof figures / sizeof figures[0];
  for (int i = 0; i < count; i++)
    printf("%s\"%s_%d\": %.1f", i ? ", " : "", figures[i].name, threads,
           rate(figures[i].kernel, figures[i].bytes, threads, cpus));
}

int main(void) {
  cpu_set_t allowed;
  sched_getaffinity(0, sizeof allowed, &allowed);
  int cpus[2] = {-1, -1}, count = 0;
  for (int cpu = CPU_SETSIZE - 1; cpu >= 0 && count < 2; cpu--)
    if (CPU_ISSET(cpu, &allowed))
      cpus[count++] = cpu;
  printf("{");
  for (int threads = 1; threads <= count; threads++) {
    print_rates(threads, cpus);
    printf(threads < count ? ", " : "}\n");
  }
  return 0;
}
