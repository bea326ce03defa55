//===- Gpu.cpp - Contexts of models that run on a GPU --------------------===//

#include "Context.h"
#include "GpuDriver.h"
#include <dlfcn.h>
#include <stdlib.h>

using namespace tegula::runtime;

namespace {
/// Device memory; `used` during the run that asked for it.
struct DeviceBlock {
  CuDevicePtr data;
  int64_t bytes;
};

struct DeviceAllocation {
  DeviceAllocation *next;
  DeviceBlock block;
};
} // namespace

/// What a context holds on the device.
struct tegula::runtime::GpuState {
  GpuDriver driver;
  void *library;
  int device;
  void *context, *module, *stream;
  void **functions;
  DeviceBlock weights, arena;
  DeviceBlock *slots, *inputs, *outputs;
  DeviceAllocation *allocations;
};

static constexpr int kMaxParameters = 512;

static bool succeeded(TegulaContext *ctx, int error, const char *what) {
  if (error == 0)
    return true;
  const char *text = nullptr;
  if (ctx->gpu->driver.errorString(error, &text) || !text)
    text = "unknown error";
  fail(ctx,
       error == kCuErrorOutOfMemory ? TEGULA_OUT_OF_MEMORY : TEGULA_GPU_FAILED,
       "GPU: %s: %s (%d)", what, text, error);
  return false;
}

static bool reserveDevice(TegulaContext *ctx, DeviceBlock &block, int64_t bytes,
                          const char *what) {
  GpuState &gpu = *ctx->gpu;
  bytes = bytes > 0 ? bytes : 1;
  if (block.bytes < bytes) {
    if (block.bytes)
      gpu.driver.release(block.data);
    block.bytes = 0;
    if (!succeeded(ctx, gpu.driver.allocate(&block.data, bytes), what))
      return false;
    block.bytes = bytes;
  }
  return !ctx->poison || succeeded(ctx,
                                   gpu.driver.fill(block.data, ctx->poisonByte,
                                                   bytes, gpu.stream),
                                   what);
}

static void *pointerTo(const DeviceBlock &block) {
  return reinterpret_cast<void *>(block.data);
}

static bool fitsDevice(GpuState &gpu) {
  int major = 0, minor = 0;
  if (gpu.driver.deviceGetAttribute(&major, kCuAttributeComputeMajor,
                                    gpu.device) ||
      gpu.driver.deviceGetAttribute(&minor, kCuAttributeComputeMinor,
                                    gpu.device))
    return false;
  const TegulaGpuProgram &program = tegula_gpu_program;
  if (major != program.compute_major)
    return program.is_ptx && !program.is_exact && major > program.compute_major;
  // Code for a chip runs on later ones of the same generation.
  return program.is_exact ? minor == program.compute_minor
                          : minor >= program.compute_minor;
}

static bool loadCode(GpuState &gpu) {
  const TegulaGpuProgram &program = tegula_gpu_program;
  if (gpu.driver.moduleLoad(&gpu.module, program.image, 0, nullptr, nullptr))
    return false;
  for (int32_t i = 0; i < program.num_kernels; ++i) {
    const TegulaGpuKernel &kernel = *program.kernels[i];
    if (gpu.driver.moduleGetFunction(&gpu.functions[i], gpu.module,
                                     kernel.name))
      return false;
    if (kernel.shared_bytes > 48 << 10 &&
        gpu.driver.functionSetAttribute(
            gpu.functions[i], kCuFunctionMaxDynamicShared, kernel.shared_bytes))
      return false;
  }
  return true;
}

template <typename T>
static T *zeroed(int64_t count) {
  return static_cast<T *>(calloc(count > 0 ? count : 1, sizeof(T)));
}

static bool allocateTables(GpuState &gpu, const TegulaManifest &manifest) {
  gpu.functions = zeroed<void *>(tegula_gpu_program.num_kernels);
  gpu.slots = zeroed<DeviceBlock>(manifest.num_slots);
  gpu.inputs = zeroed<DeviceBlock>(manifest.num_inputs);
  gpu.outputs = zeroed<DeviceBlock>(manifest.num_outputs);
  return gpu.functions && gpu.slots && gpu.inputs && gpu.outputs;
}

/// The device, its context and its stream.
static int32_t openDevice(GpuState &gpu, const TegulaOptions &options) {
  gpu.library = openGpuDriver(options.gpu_library, &gpu.driver);
  if (!gpu.library || gpu.driver.init(0))
    return TEGULA_NO_DRIVER;
  if (gpu.driver.deviceGet(&gpu.device, static_cast<int>(options.gpu_device)))
    return TEGULA_NO_GPU;
  if (!fitsDevice(gpu))
    return TEGULA_UNSUPPORTED_GPU;
  return gpu.driver.primaryRetain(&gpu.context, gpu.device) ? TEGULA_GPU_FAILED
                                                            : TEGULA_OK;
}

/// The weights stay on the device as long as the context lives.
static int32_t uploadWeights(TegulaContext *ctx) {
  GpuState &gpu = *ctx->gpu;
  const int64_t bytes = ctx->manifest->weight_bytes;
  if (bytes == 0)
    return TEGULA_OK;
  if (!reserveDevice(ctx, gpu.weights, bytes, "weights"))
    return ctx->status;
  return gpu.driver.copyToDevice(gpu.weights.data, tegula_weights, bytes,
                                 gpu.stream) ||
                 gpu.driver.streamSynchronize(gpu.stream)
             ? TEGULA_GPU_FAILED
             : TEGULA_OK;
}

static int32_t loadModel(TegulaContext *ctx) {
  GpuState &gpu = *ctx->gpu;
  void *previous;
  if (gpu.driver.contextPush(gpu.context))
    return TEGULA_GPU_FAILED;
  int32_t status = TEGULA_GPU_FAILED;
  if (gpu.driver.streamCreate(&gpu.stream, kCuStreamNonBlocking) == 0)
    status = loadCode(gpu) ? uploadWeights(ctx) : TEGULA_GPU_CODE;
  gpu.driver.contextPop(&previous);
  return status;
}

int32_t tegula::runtime::gpuCreate(TegulaContext *ctx,
                                   const TegulaOptions &options) {
  ctx->gpu = zeroed<GpuState>(1);
  if (!ctx->gpu || !allocateTables(*ctx->gpu, *ctx->manifest))
    return TEGULA_OUT_OF_MEMORY;
  if (int32_t status = openDevice(*ctx->gpu, options))
    return status;
  return loadModel(ctx);
}

static void releaseAll(GpuState &gpu, DeviceBlock *blocks, int64_t count) {
  for (int64_t i = 0; blocks && i < count; ++i)
    if (blocks[i].bytes)
      gpu.driver.release(blocks[i].data);
}

static void retireDevice(GpuState &gpu) {
  while (DeviceAllocation *allocation = gpu.allocations) {
    gpu.allocations = allocation->next;
    gpu.driver.release(allocation->block.data);
    free(allocation);
  }
}

void tegula::runtime::gpuDestroy(TegulaContext *ctx) {
  if (!ctx->gpu)
    return;
  GpuState &gpu = *ctx->gpu;
  void *previous;
  if (gpu.context && gpu.driver.contextPush(gpu.context) == 0) {
    retireDevice(gpu);
    releaseAll(gpu, &gpu.weights, 1);
    releaseAll(gpu, &gpu.arena, 1);
    releaseAll(gpu, gpu.slots, ctx->manifest->num_slots);
    releaseAll(gpu, gpu.inputs, ctx->manifest->num_inputs);
    releaseAll(gpu, gpu.outputs, ctx->manifest->num_outputs);
    if (gpu.module)
      gpu.driver.moduleUnload(gpu.module);
    if (gpu.stream)
      gpu.driver.streamDestroy(gpu.stream);
    gpu.driver.contextPop(&previous);
  }
  if (gpu.context)
    gpu.driver.primaryRelease(gpu.device);
  if (gpu.library)
    dlclose(gpu.library);
  free(gpu.functions);
  free(gpu.slots);
  free(gpu.inputs);
  free(gpu.outputs);
  free(ctx->gpu);
}

/// Fetches the outputs and waits for everything.
static void finish(TegulaContext *ctx, bool fetch) {
  GpuState &gpu = *ctx->gpu;
  for (int64_t i = 0; fetch && i < ctx->manifest->num_outputs; ++i) {
    const Output &output = ctx->outputs[i];
    if (output.produced && output.bytes > 0)
      succeeded(ctx,
                gpu.driver.copyToHost(output.result, gpu.outputs[i].data,
                                      output.bytes, gpu.stream),
                "copying an output");
  }
  succeeded(ctx, gpu.driver.streamSynchronize(gpu.stream), "the run");
  retireDevice(gpu);
}

int32_t tegula::runtime::gpuRun(TegulaContext *ctx) {
  GpuState &gpu = *ctx->gpu;
  void *previous;
  if (!succeeded(ctx, gpu.driver.contextPush(gpu.context), "the context"))
    return ctx->status;
  const int32_t status = tegula_entry(ctx, ctx->inputData, ctx->inputShapes);
  finish(ctx, status == TEGULA_OK);
  gpu.driver.contextPop(&previous);
  return status;
}

//===----------------------------------------------------------------------===//
// Called by compiled code
//===----------------------------------------------------------------------===//

static TegulaContext *contextOf(void *opaque) {
  return static_cast<TegulaContext *>(opaque);
}

static CuDevicePtr address(const void *pointer) {
  return reinterpret_cast<CuDevicePtr>(pointer);
}

extern "C" void *tegula_rt_gpu_input(void *opaque, int64_t index) {
  TegulaContext *ctx = contextOf(opaque);
  GpuState &gpu = *ctx->gpu;
  const TegulaTensorInfo &info = ctx->manifest->inputs[index];
  int64_t bytes = 0;
  if (!tensorBytes(info.dtype, info.rank, ctx->inputShapes[index], &bytes)) {
    fail(ctx, TEGULA_INVALID_SHAPE, "input '%s': its size overflows",
         info.name);
    return nullptr;
  }
  DeviceBlock &block = gpu.inputs[index];
  if (!reserveDevice(ctx, block, bytes, "an input"))
    return nullptr;
  if (bytes > 0 &&
      !succeeded(ctx,
                 gpu.driver.copyToDevice(block.data, ctx->inputData[index],
                                         bytes, gpu.stream),
                 "copying an input"))
    return nullptr;
  return pointerTo(block);
}

extern "C" void *tegula_rt_gpu_output(void *opaque, int64_t index, int64_t rank,
                                      const int64_t *shape) {
  TegulaContext *ctx = contextOf(opaque);
  if (!tegula_rt_output(opaque, index, rank, shape))
    return nullptr;
  DeviceBlock &block = ctx->gpu->outputs[index];
  return reserveDevice(ctx, block, ctx->outputs[index].bytes, "an output")
             ? pointerTo(block)
             : nullptr;
}

extern "C" void *tegula_rt_gpu_arena(void *opaque, int64_t bytes) {
  TegulaContext *ctx = contextOf(opaque);
  return reserveDevice(ctx, ctx->gpu->arena, bytes, "the arena")
             ? pointerTo(ctx->gpu->arena)
             : nullptr;
}

extern "C" void *tegula_rt_gpu_slot(void *opaque, int64_t slot, int64_t bytes) {
  TegulaContext *ctx = contextOf(opaque);
  DeviceBlock &block = ctx->gpu->slots[slot];
  return reserveDevice(ctx, block, bytes, "a dynamic buffer") ? pointerTo(block)
                                                              : nullptr;
}

extern "C" void *tegula_rt_gpu_allocate(void *opaque, int64_t bytes) {
  TegulaContext *ctx = contextOf(opaque);
  DeviceAllocation *allocation = zeroed<DeviceAllocation>(1);
  if (!allocation) {
    fail(ctx, TEGULA_OUT_OF_MEMORY, "no memory for a temporary");
    return nullptr;
  }
  if (!reserveDevice(ctx, allocation->block, bytes, "a temporary")) {
    free(allocation);
    return nullptr;
  }
  allocation->next = ctx->gpu->allocations;
  ctx->gpu->allocations = allocation;
  return pointerTo(allocation->block);
}

extern "C" void *tegula_rt_gpu_weights(void *opaque) {
  return pointerTo(contextOf(opaque)->gpu->weights);
}

extern "C" int32_t tegula_rt_gpu_copy(void *opaque, void *target,
                                      const void *source, int64_t bytes) {
  TegulaContext *ctx = contextOf(opaque);
  GpuState &gpu = *ctx->gpu;
  if (bytes <= 0)
    return TEGULA_OK;
  return succeeded(ctx,
                   gpu.driver.copyOnDevice(address(target), address(source),
                                           bytes, gpu.stream),
                   "a copy")
             ? TEGULA_OK
             : ctx->status;
}

/// Waits for what the stream was given last; `queued` is what that returned.
static int32_t finished(TegulaContext *ctx, int queued, const char *what) {
  GpuState &gpu = *ctx->gpu;
  return succeeded(ctx, queued, what) &&
                 succeeded(ctx, gpu.driver.streamSynchronize(gpu.stream), what)
             ? TEGULA_OK
             : ctx->status;
}

extern "C" int32_t tegula_rt_gpu_read(void *opaque, void *host,
                                      const void *device, int64_t bytes) {
  TegulaContext *ctx = contextOf(opaque);
  GpuState &gpu = *ctx->gpu;
  return finished(
      ctx, gpu.driver.copyToHost(host, address(device), bytes, gpu.stream),
      "reading a value");
}

extern "C" int32_t tegula_rt_gpu_write(void *opaque, void *device,
                                       const void *host, int64_t bytes) {
  TegulaContext *ctx = contextOf(opaque);
  GpuState &gpu = *ctx->gpu;
  return finished(
      ctx, gpu.driver.copyToDevice(address(device), host, bytes, gpu.stream),
      "writing a value");
}

extern "C" int32_t tegula_rt_gpu_tensor_map(void *opaque, void *map,
                                            const void *data,
                                            int64_t is_bfloat16, int64_t rank,
                                            const int64_t *dims) {
  TegulaContext *ctx = contextOf(opaque);
  GpuState &gpu = *ctx->gpu;
  if (!gpu.driver.tensorMapEncode)
    return fail(ctx, TEGULA_GPU_FAILED,
                "GPU: the driver is too old: it has no tensor maps");
  constexpr int kMaxRank = 5;
  unsigned long long sizes[kMaxRank], strides[kMaxRank];
  unsigned box[kMaxRank], steps[kMaxRank];
  unsigned long long stride = 2;       // Bytes of an element.
  for (int64_t i = 0; i < rank; ++i) { // The driver's order is innermost first.
    sizes[i] = static_cast<unsigned long long>(dims[rank - 1 - i]);
    box[i] = static_cast<unsigned>(dims[2 * rank - 1 - i]);
    steps[i] = 1;
    strides[i] = stride *= sizes[i];
  }
  const int error = gpu.driver.tensorMapEncode(
      map, is_bfloat16 ? kCuTensorMapBFloat16 : kCuTensorMapFloat16,
      static_cast<unsigned>(rank), address(data), sizes, strides, box, steps,
      /*interleave=*/0, kCuTensorMapSwizzle128, kCuTensorMapPromote256,
      /*fill=*/0);
  return succeeded(ctx, error, "a tensor map") ? TEGULA_OK : ctx->status;
}

extern "C" int32_t tegula_rt_gpu_launch(void *opaque,
                                        const TegulaGpuKernel *kernel,
                                        const void *slots, int64_t blocks) {
  TegulaContext *ctx = contextOf(opaque);
  GpuState &gpu = *ctx->gpu;
  void *parameters[kMaxParameters];
  if (blocks <= 0) // Nothing to compute: the driver refuses an empty grid.
    return TEGULA_OK;
  if (kernel->num_parameters > kMaxParameters)
    return fail(ctx, TEGULA_INTERNAL, "kernel '%s' has %d parameters",
                kernel->name, (int)kernel->num_parameters);
  const int64_t *slot = static_cast<const int64_t *>(slots);
  for (int32_t i = 0; i < kernel->num_parameters; ++i) {
    parameters[i] = const_cast<int64_t *>(slot);
    slot += i < kernel->num_tensor_maps ? TEGULA_TENSOR_MAP_SLOTS : 1;
  }
  CuLaunchConfig config = {};
  config.gridX = static_cast<unsigned>(blocks);
  config.gridY = config.gridZ = 1;
  config.blockX = static_cast<unsigned>(kernel->threads);
  config.blockY = config.blockZ = 1;
  config.sharedBytes = static_cast<unsigned>(kernel->shared_bytes);
  config.stream = gpu.stream;
  const int error = gpu.driver.launch(&config, gpu.functions[kernel->index],
                                      parameters, nullptr);
  return succeeded(ctx, error, kernel->name) ? TEGULA_OK : ctx->status;
}
