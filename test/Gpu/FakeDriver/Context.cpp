//===- Context.cpp - cuInit, devices, contexts, streams, errors -----------===//

#include "Driver.h"

using namespace tegula::fakecuda;

#define EXPORT extern "C" __attribute__((visibility("default")))

/// The only context there is.
static int primaryContext;
/// How often it is on the thread's stack, and what lies between.
static thread_local std::vector<void *> contextStack;

bool tegula::fakecuda::hasContext() {
  return !contextStack.empty() && contextStack.back() == &primaryContext &&
         Driver::get().retains > 0;
}

EXPORT int cuInit(unsigned flags) {
  Driver &driver = Driver::get();
  return driver.call(
      [&] {
        if (flags)
          throw Failure{InvalidValue, "cuInit: flags must be 0"};
        driver.isInitialized = true;
      },
      false);
}

EXPORT int cuDriverGetVersion(int *version) {
  *version = 13000;
  return Success;
}

EXPORT int cuDeviceGetCount(int *count) {
  *count = 1;
  return Driver::get().isInitialized ? Success : NotInitialized;
}

EXPORT int cuDeviceGet(int *device, int ordinal) {
  Driver &driver = Driver::get();
  return driver.call(
      [&] {
        if (!driver.isInitialized)
          throw Failure{NotInitialized, "cuDeviceGet before cuInit"};
        if (ordinal != 0)
          throw Failure{InvalidDevice, "there is only device 0"};
        *device = 0;
      },
      false);
}

EXPORT int cuDeviceGetAttribute(int *value, int attribute, int device) {
  Driver &driver = Driver::get();
  const std::map<int, int> values = {
      {1, 1024},       // MAX_THREADS_PER_BLOCK
      {2, 1024},       // MAX_BLOCK_DIM_X
      {3, 1024},       // MAX_BLOCK_DIM_Y
      {4, 64},         // MAX_BLOCK_DIM_Z
      {5, 0x7fffffff}, // MAX_GRID_DIM_X
      {6, 65535},      // MAX_GRID_DIM_Y
      {7, 65535},      // MAX_GRID_DIM_Z
      {8, 48 << 10},   // MAX_SHARED_MEMORY_PER_BLOCK
      {10, 32},        // WARP_SIZE
      {12, 65536},     // MAX_REGISTERS_PER_BLOCK
      {16, 4},         // MULTIPROCESSOR_COUNT
      {75, driver.device.major},
      {76, driver.device.minor},
      {81, int(driver.device.sharedLimit()) + 1024},
      {97, int(driver.device.sharedLimit())},
  };
  return driver.call(
      [&] {
        auto it = values.find(attribute);
        if (device || it == values.end())
          throw Failure{InvalidValue, "cuDeviceGetAttribute: attribute " +
                                          std::to_string(attribute) +
                                          " of device " +
                                          std::to_string(device)};
        *value = it->second;
      },
      false);
}

//===----------------------------------------------------------------------===//
// Contexts
//===----------------------------------------------------------------------===//

EXPORT int cuDevicePrimaryCtxRetain(void **context, int device) {
  Driver &driver = Driver::get();
  return driver.call(
      [&] {
        if (!driver.isInitialized || device)
          throw Failure{InvalidDevice, "cuDevicePrimaryCtxRetain: no device"};
        ++driver.retains;
        *context = &primaryContext;
      },
      false);
}

EXPORT int cuDevicePrimaryCtxRelease_v2(int) {
  Driver &driver = Driver::get();
  return driver.call(
      [&] {
        if (driver.retains == 0)
          throw Failure{InvalidContext,
                        "the primary context is released too often"};
        if (--driver.retains == 0)
          driver.closeContext();
      },
      false);
}

EXPORT int cuCtxPushCurrent_v2(void *context) {
  if (context != &primaryContext)
    return InvalidContext;
  contextStack.push_back(context);
  return Success;
}

EXPORT int cuCtxPopCurrent_v2(void **context) {
  if (contextStack.empty())
    return InvalidContext;
  if (context)
    *context = contextStack.back();
  contextStack.pop_back();
  return Success;
}

EXPORT int cuCtxSetCurrent(void *context) {
  if (!contextStack.empty())
    contextStack.pop_back();
  return context ? cuCtxPushCurrent_v2(context) : Success;
}

EXPORT int cuCtxGetCurrent(void **context) {
  *context = contextStack.empty() ? nullptr : contextStack.back();
  return Success;
}

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

EXPORT int cuStreamCreate(void **stream, unsigned flags) {
  Driver &driver = Driver::get();
  return driver.call([&] {
    if (flags > 1)
      throw Failure{InvalidValue, "cuStreamCreate: unknown flags"};
    auto made = std::make_unique<Stream>();
    *stream = made.get();
    driver.streams[made.get()] = std::move(made);
  });
}

EXPORT int cuStreamDestroy_v2(void *stream) {
  Driver &driver = Driver::get();
  return driver.call([&] {
    if (!stream)
      throw Failure{InvalidHandle, "the default stream cannot be destroyed"};
    driver.flush(&driver.streamOf(stream));
    driver.streams.erase(stream);
  });
}

EXPORT int cuStreamSynchronize(void *stream) {
  Driver &driver = Driver::get();
  return driver.call([&] { driver.flush(&driver.streamOf(stream)); });
}

EXPORT int cuCtxSynchronize() {
  Driver &driver = Driver::get();
  return driver.call([&] { driver.flushAll(); });
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

/// The last failure in full, as far as it fits the code that is asked for.
EXPORT int cuGetErrorString(int error, const char **text) {
  Driver &driver = Driver::get();
  std::lock_guard<std::recursive_mutex> lock(driver.mutex);
  *text = error == Success ? "no error" : driver.lastMessage.c_str();
  return Success;
}

EXPORT int cuGetErrorName(int error, const char **name) {
  static const std::map<int, const char *> names = {
      {Success, "CUDA_SUCCESS"},
      {InvalidValue, "CUDA_ERROR_INVALID_VALUE"},
      {OutOfMemory, "CUDA_ERROR_OUT_OF_MEMORY"},
      {NotInitialized, "CUDA_ERROR_NOT_INITIALIZED"},
      {InvalidDevice, "CUDA_ERROR_INVALID_DEVICE"},
      {InvalidContext, "CUDA_ERROR_INVALID_CONTEXT"},
      {NoBinaryForGpu, "CUDA_ERROR_NO_BINARY_FOR_GPU"},
      {InvalidPtx, "CUDA_ERROR_INVALID_PTX"},
      {InvalidHandle, "CUDA_ERROR_INVALID_HANDLE"},
      {NotFound, "CUDA_ERROR_NOT_FOUND"},
      {IllegalAddress, "CUDA_ERROR_ILLEGAL_ADDRESS"},
      {OutOfResources, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"},
      {LaunchTimeout, "CUDA_ERROR_LAUNCH_TIMEOUT"},
      {MisalignedAddress, "CUDA_ERROR_MISALIGNED_ADDRESS"},
      {LaunchFailed, "CUDA_ERROR_LAUNCH_FAILED"},
  };
  auto it = names.find(error);
  *name = it == names.end() ? nullptr : it->second;
  return *name ? Success : InvalidValue;
}

/// Not of CUDA: the mistakes that were noted since the last call, a line each;
/// "" if there were none.
EXPORT const char *tegulaFakeDriverReport() {
  static std::string shown;
  Driver &driver = Driver::get();
  std::lock_guard<std::recursive_mutex> lock(driver.mutex);
  shown = std::move(driver.report);
  driver.report.clear();
  return shown.c_str();
}
