//===- ThreadPoolTest.cpp - Each index of a job exactly once --------------===//

#include "Runtime/Context.h"

#include <gtest/gtest.h>
#include <memory>
#include <unistd.h>
#include <vector>

using namespace tegula::runtime;

/// ThreadPool.cpp asks for it after each job; nothing allocates here.
void tegula::runtime::retireAllocations(TegulaContext *, RunAllocation *) {}

namespace {

struct Counts {
  std::vector<std::atomic<int>> of;
  std::atomic<int> calls{0};
  int delay = 0; ///< Microseconds that each call takes.
  explicit Counts(size_t count) : of(count) {}
};

void countRange(void *argument, int64_t begin, int64_t end) {
  auto &counts = *static_cast<Counts *>(argument);
  counts.calls += 1;
  for (int64_t i = begin; i < end; ++i)
    counts.of[i] += 1;
  if (counts.delay != 0)
    usleep(counts.delay);
}

class ThreadPool : public testing::TestWithParam<int> {
protected:
  void SetUp() override {
    ASSERT_TRUE(startPool(context->pool, GetParam()));
    context->pool.active.store(1);
  }
  void TearDown() override { stopPool(context->pool); }

  void run(int64_t count, int delay = 0) {
    Counts counts(count);
    counts.delay = delay;
    tegula_rt_parallel(context.get(), countRange, &counts, count);
    for (int64_t i = 0; i < count; ++i)
      ASSERT_EQ(counts.of[i], 1) << i << " of " << count;
  }

  std::unique_ptr<TegulaContext> context{new TegulaContext()};
};

TEST_P(ThreadPool, EveryIndexOnce) {
  for (int64_t count = 0; count < 70; ++count)
    run(count);
}

// Workers wake up, are late, or find the job taken back: thousands of times.
TEST_P(ThreadPool, JobsInARow) {
  for (int job = 0; job < 20000; ++job)
    run(1 + job % 19);
}

TEST_P(ThreadPool, WorkersThatSleep) {
  for (int job = 0; job < 50; ++job) {
    usleep(300); // Longer than a worker looks for work.
    run(16, /*delay=*/job % 3 * 20);
  }
}

INSTANTIATE_TEST_SUITE_P(Threads, ThreadPool, testing::Values(1, 2, 3, 7));

} // namespace
