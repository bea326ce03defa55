//===- Driver.h - State of the fake CUDA driver ----------------*- C++ -*-===//
//
// One device with one primary context. Everything that a real driver does in
// the order of a stream is queued, and done when somebody waits for it, so that
// a caller that forgets to wait sees old data. After an error of a kernel,
// every call fails, as it does with a real context.
//
//===----------------------------------------------------------------------===//
#ifndef TEGULA_TEST_GPU_FAKEDRIVER_DRIVER_H
#define TEGULA_TEST_GPU_FAKEDRIVER_DRIVER_H

#include "../Emulator/Fault.h"
#include "../Emulator/Machine.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace tegula::fakecuda {

/// The values of CUresult that are used; those of cuda.h.
enum Result : int {
  Success = 0,
  InvalidValue = 1,
  OutOfMemory = 2,
  NotInitialized = 3,
  InvalidDevice = 101,
  InvalidContext = 201,
  NoBinaryForGpu = 209,
  InvalidPtx = 218,
  InvalidHandle = 400,
  NotFound = 500,
  IllegalAddress = 700,
  OutOfResources = 701,
  LaunchTimeout = 702,
  MisalignedAddress = 716,
  LaunchFailed = 719,
};

/// What differs between architectures.
struct Device {
  int major = 9, minor = 0;
  uint64_t sharedLimit() const; ///< Of a block, with the attribute set.
};

struct Module {
  std::unique_ptr<ptx::LoadedModule> loaded;
};

struct Function {
  const Module *module;
  const ptx::Program *program;
  uint64_t dynamicSharedLimit = 48 << 10;
  bool allowsLargeClusters = false;
};

struct Stream {
  std::vector<std::function<void()>> queue;
};

/// The driver. Its functions throw Failure; `call` turns that into a result.
class Driver {
public:
  static Driver &get();

  /// Runs `body` under the lock. Fails with the context's error if it has one.
  int call(const std::function<void()> &body, bool needsContext = true);

  /// Does what is queued on a stream (null: the default one), or on all.
  void flush(Stream *stream);
  void flushAll();
  void enqueue(void *stream, std::function<void()> work);
  Stream &streamOf(void *handle);

  /// A living allocation that holds the range, or a failure.
  ptx::Allocation &range(uint64_t address, uint64_t bytes, const char *what);

  /// Notes a mistake of the caller for the report.
  void complain(const std::string &what);

  /// Releases everything at the end of the primary context; what is left over
  /// is a leak.
  void closeContext();

  std::recursive_mutex mutex;
  bool isInitialized = false;
  Device device;
  ptx::Delivery delivery = ptx::Delivery::Late;
  unsigned seed = 0;
  int retains = 0;
  ptx::GlobalMemory memory;
  std::set<uint64_t> allocations; ///< By cuMemAlloc.
  std::set<void *> pinned;        ///< By cuMemAllocHost.
  std::map<void *, std::unique_ptr<Module>> modules;
  std::map<void *, std::unique_ptr<Function>> functions;
  std::map<void *, std::unique_ptr<Stream>> streams;
  Stream defaultStream;
  int contextError = Success;
  std::string lastMessage; ///< Of the last failure, for cuGetErrorString.
  std::string report;

private:
  Driver();
};

/// A call that fails.
struct Failure {
  int result;
  std::string what;
};

/// Is the primary context the current one of this thread?
bool hasContext();

} // namespace tegula::fakecuda

#endif
