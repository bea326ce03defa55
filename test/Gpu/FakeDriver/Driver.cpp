//===- Driver.cpp - State of the fake CUDA driver -------------------------===//
//
// TEGULA_FAKE_GPU names what the device is and how its copies behave:
// `CC[,early|late|random:SEED]`, such as `80,random:3`; without it, `90,late`.
//
//===----------------------------------------------------------------------===//
#include "Driver.h"

#include <cstdlib>
#include <cstring>

using namespace tegula;
using namespace tegula::fakecuda;

uint64_t Device::sharedLimit() const {
  if (major == 8)
    return (minor == 0 || minor == 7 ? 163 : 99) << 10;
  return major == 12 ? 99 << 10 : major < 8 ? 64 << 10 : 227 << 10;
}

Driver::Driver() {
  const char *text = getenv("TEGULA_FAKE_GPU");
  if (!text)
    return;
  const int capability = atoi(text);
  if (capability) {
    device.major = capability / 10;
    device.minor = capability % 10;
  }
  if (strstr(text, "early"))
    delivery = ptx::Delivery::Early;
  if (const char *random = strstr(text, "random")) {
    delivery = ptx::Delivery::Random;
    if (const char *colon = strchr(random, ':'))
      seed = atoi(colon + 1);
  }
}

Driver &Driver::get() {
  static Driver driver;
  return driver;
}

void Driver::complain(const std::string &what) {
  report += what + "\n";
  fprintf(stderr, "fake libcuda: %s\n", what.c_str());
}

static int resultOf(ptx::FaultKind kind) {
  switch (kind) {
  case ptx::FaultKind::Syntax:
    return InvalidPtx;
  case ptx::FaultKind::Address:
    return IllegalAddress;
  case ptx::FaultKind::Misaligned:
    return MisalignedAddress;
  case ptx::FaultKind::Deadlock:
    return LaunchTimeout;
  default:
    return LaunchFailed;
  }
}

int Driver::call(const std::function<void()> &body, bool needsContext) {
  std::lock_guard<std::recursive_mutex> lock(mutex);
  try {
    if (needsContext && !hasContext())
      throw Failure{isInitialized ? InvalidContext : NotInitialized,
                    "there is no current context"};
    if (needsContext && contextError)
      return contextError;
    body();
    return Success;
  } catch (const Failure &failure) {
    lastMessage = failure.what;
    complain(failure.what);
    return failure.result;
  } catch (const ptx::Fault &fault) {
    lastMessage = fault.what();
    complain(fault.what());
    const int result = resultOf(fault.kind);
    // Text that cannot be loaded harms nobody else.
    if (fault.kind != ptx::FaultKind::Syntax)
      contextError = result;
    return result;
  }
}

Stream &Driver::streamOf(void *handle) {
  if (!handle)
    return defaultStream;
  auto it = streams.find(handle);
  if (it == streams.end())
    throw Failure{InvalidHandle, "there is no such stream"};
  return *it->second;
}

void Driver::enqueue(void *stream, std::function<void()> work) {
  streamOf(stream).queue.push_back(std::move(work));
}

void Driver::flush(Stream *stream) {
  std::vector<std::function<void()>> work;
  std::swap(work, stream->queue);
  for (auto &step : work)
    step();
}

void Driver::flushAll() {
  flush(&defaultStream);
  for (auto &[handle, stream] : streams)
    flush(stream.get());
}

ptx::Allocation &Driver::range(uint64_t address, uint64_t bytes,
                               const char *what) {
  ptx::Allocation *found = memory.find(address);
  const std::string prefix =
      std::string(what) + " of " + std::to_string(bytes) + " bytes ";
  if (!found)
    throw Failure{InvalidValue, prefix + "outside of every allocation: " +
                                    memory.describe(address)};
  if (!found->contains(address, bytes))
    throw Failure{InvalidValue, prefix + "from byte " +
                                    std::to_string(address - found->address) +
                                    " reaches over the end of " + found->name +
                                    " (" + std::to_string(found->bytes) +
                                    " bytes)"};
  return *found;
}

void Driver::closeContext() {
  if (contextError == Success)
    flushAll();
  if (!allocations.empty()) {
    uint64_t bytes = 0;
    for (uint64_t address : allocations)
      bytes += memory.find(address)->bytes;
    complain("leak: " + std::to_string(allocations.size()) +
             " allocations of together " + std::to_string(bytes) +
             " bytes live at the end of the context");
  }
  if (!streams.empty())
    complain("leak: " + std::to_string(streams.size()) + " streams");
  if (!modules.empty())
    complain("leak: " + std::to_string(modules.size()) + " modules");
  for (uint64_t address : allocations)
    memory.release(address);
  allocations.clear();
  functions.clear();
  modules.clear();
  streams.clear();
  defaultStream.queue.clear();
  contextError = Success;
}
