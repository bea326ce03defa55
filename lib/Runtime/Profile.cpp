//===- Profile.cpp - When each kernel of a run began and ended ------------===//
//
// Only models compiled with --profile call these functions.
//
//===----------------------------------------------------------------------===//

#include "Context.h"
#include <stdlib.h>
#include <time.h>

using namespace tegula::runtime;

static int64_t nanoseconds(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return int64_t(now.tv_sec) * 1000000000 + now.tv_nsec;
}

/// Room for one more event; false if there is no memory.
static bool grow(Profile &profile) {
  if (profile.numEvents < profile.capacity)
    return true;
  const int64_t capacity = profile.capacity ? 2 * profile.capacity : 64;
  void *events = realloc(profile.events, capacity * sizeof(TegulaKernelEvent));
  if (!events)
    return false;
  profile.events = static_cast<TegulaKernelEvent *>(events);
  profile.capacity = capacity;
  return true;
}

extern "C" void tegula_rt_kernel_begin(void *opaque, const char *kernel,
                                       const char *nodes, int64_t flops,
                                       int64_t bytes) {
  Profile &profile = static_cast<TegulaContext *>(opaque)->profile;
  profile.isOpen = grow(profile);
  if (!profile.isOpen)
    return;
  TegulaKernelEvent &event = profile.events[profile.numEvents++];
  event = {kernel, nodes, flops, bytes, 0, 0, 0};
  event.cpu_ns = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
  event.begin_ns = nanoseconds(CLOCK_MONOTONIC);
}

extern "C" void tegula_rt_kernel_end(void *opaque) {
  Profile &profile = static_cast<TegulaContext *>(opaque)->profile;
  if (!profile.isOpen)
    return;
  TegulaKernelEvent &event = profile.events[profile.numEvents - 1];
  event.end_ns = nanoseconds(CLOCK_MONOTONIC);
  event.cpu_ns = nanoseconds(CLOCK_THREAD_CPUTIME_ID) - event.cpu_ns;
}

int64_t tegula::runtime::readProfile(const TegulaContext *ctx,
                                     const TegulaKernelEvent **events) {
  *events = ctx->profile.events;
  return ctx->profile.numEvents;
}
