//===- GpuDriver.h - The CUDA driver by dlopen ---------------------------===//
//
// The part of the driver's interface that models use, so that building Tegula
// needs no CUDA toolkit. Names and layouts are those of cuda.h.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_RUNTIME_GPUDRIVER_H
#define TEGULA_LIB_RUNTIME_GPUDRIVER_H

#include <stddef.h>
#include <stdint.h>

namespace tegula {
namespace runtime {

using CuDevicePtr = unsigned long long;

/// CUlaunchConfig: cuLaunchKernelEx's first argument.
struct CuLaunchConfig {
  unsigned gridX, gridY, gridZ;
  unsigned blockX, blockY, blockZ;
  unsigned sharedBytes;
  void *stream;
  void *attributes;
  unsigned numAttributes;
};
static_assert(sizeof(CuLaunchConfig) == 56, "differs from cuda.h");

/// The driver's constants that models use.
enum : int {
  kCuErrorOutOfMemory = 2,
  kCuAttributeComputeMajor = 75,
  kCuAttributeComputeMinor = 76,
  kCuFunctionMaxDynamicShared = 8,
  kCuStreamNonBlocking = 1,
  kCuTensorMapFloat16 = 6,
  kCuTensorMapBFloat16 = 9,
  kCuTensorMapSwizzle128 = 3,
  kCuTensorMapPromote256 = 3,
};

/// The driver's functions; all return 0 on success.
struct GpuDriver {
  int (*init)(unsigned flags);
  int (*deviceGet)(int *device, int ordinal);
  int (*deviceGetAttribute)(int *value, int attribute, int device);
  int (*primaryRetain)(void **context, int device);
  int (*primaryRelease)(int device);
  int (*contextPush)(void *context);
  int (*contextPop)(void **context);
  int (*moduleLoad)(void **module, const void *image, unsigned numOptions,
                    int *options, void **optionValues);
  int (*moduleUnload)(void *module);
  int (*moduleGetFunction)(void **function, void *module, const char *name);
  int (*functionSetAttribute)(void *function, int attribute, int value);
  int (*allocate)(CuDevicePtr *pointer, size_t bytes);
  int (*release)(CuDevicePtr pointer);
  int (*copyToDevice)(CuDevicePtr target, const void *source, size_t bytes,
                      void *stream);
  int (*copyToHost)(void *target, CuDevicePtr source, size_t bytes,
                    void *stream);
  int (*copyOnDevice)(CuDevicePtr target, CuDevicePtr source, size_t bytes,
                      void *stream);
  int (*fill)(CuDevicePtr target, unsigned char value, size_t bytes,
              void *stream);
  int (*streamCreate)(void **stream, unsigned flags);
  int (*streamDestroy)(void *stream);
  int (*streamSynchronize)(void *stream);
  int (*launch)(const CuLaunchConfig *config, void *function, void **parameters,
                void **extra);
  int (*tensorMapEncode)(void *map, int type, unsigned rank, CuDevicePtr data,
                         const unsigned long long *sizes,
                         const unsigned long long *strides, const unsigned *box,
                         const unsigned *steps, int interleave, int swizzle,
                         int promotion, int fill);
  int (*errorString)(int error, const char **text);
};

/// Opens `library` and finds every function; null if either fails. The handle
/// is for dlclose.
void *openGpuDriver(const char *library, GpuDriver *driver);

} // namespace runtime
} // namespace tegula

#endif // TEGULA_LIB_RUNTIME_GPUDRIVER_H
