//===- GpuDriver.cpp - The CUDA driver by dlopen -------------------------===//

#include "GpuDriver.h"
#include <dlfcn.h>

using namespace tegula::runtime;

template <typename Function>
static bool find(void *library, const char *name, Function *function) {
  *function = reinterpret_cast<Function>(dlsym(library, name));
  return *function != nullptr;
}

static bool findAll(void *library, GpuDriver &d) {
  return find(library, "cuInit", &d.init) &&
         find(library, "cuDeviceGet", &d.deviceGet) &&
         find(library, "cuDeviceGetAttribute", &d.deviceGetAttribute) &&
         find(library, "cuDevicePrimaryCtxRetain", &d.primaryRetain) &&
         find(library, "cuDevicePrimaryCtxRelease_v2", &d.primaryRelease) &&
         find(library, "cuCtxPushCurrent_v2", &d.contextPush) &&
         find(library, "cuCtxPopCurrent_v2", &d.contextPop) &&
         find(library, "cuModuleLoadDataEx", &d.moduleLoad) &&
         find(library, "cuModuleUnload", &d.moduleUnload) &&
         find(library, "cuModuleGetFunction", &d.moduleGetFunction) &&
         find(library, "cuFuncSetAttribute", &d.functionSetAttribute) &&
         find(library, "cuMemAlloc_v2", &d.allocate) &&
         find(library, "cuMemFree_v2", &d.release) &&
         find(library, "cuMemcpyHtoDAsync_v2", &d.copyToDevice) &&
         find(library, "cuMemcpyDtoHAsync_v2", &d.copyToHost) &&
         find(library, "cuMemcpyDtoDAsync_v2", &d.copyOnDevice) &&
         find(library, "cuMemsetD8Async", &d.fill) &&
         find(library, "cuStreamCreate", &d.streamCreate) &&
         find(library, "cuStreamDestroy_v2", &d.streamDestroy) &&
         find(library, "cuStreamSynchronize", &d.streamSynchronize) &&
         find(library, "cuLaunchKernelEx", &d.launch) &&
         find(library, "cuGetErrorString", &d.errorString);
}

void *tegula::runtime::openGpuDriver(const char *library, GpuDriver *driver) {
  void *handle =
      dlopen(library ? library : "libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    return nullptr;
  if (findAll(handle, *driver)) {
    // Since CUDA 12; only kernels for compute capability 9 ask for it.
    find(handle, "cuTensorMapEncodeTiled", &driver->tensorMapEncode);
    return handle;
  }
  dlclose(handle);
  return nullptr;
}
