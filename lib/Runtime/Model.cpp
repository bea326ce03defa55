//===- Model.cpp - Create, run and destroy contexts of a compiled model --===//

#include "Context.h"
#include "tegula/Machine/CpuFeatures.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

using namespace tegula::runtime;

namespace {
/// Calls into a model leave the caller's errno alone.
struct KeepErrno {
  ~KeepErrno() { errno = saved; }
  int saved = errno;
};
} // namespace

int32_t tegula::runtime::fail(TegulaContext *ctx, int32_t code,
                              const char *format, ...) {
  if (ctx->status != TEGULA_OK)
    return code;
  ctx->status = code;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(ctx->error, sizeof(ctx->error), format, arguments);
  va_end(arguments);
  // Names come from the model: keep them from steering a terminal.
  for (char *c = ctx->error; *c; ++c)
    if (static_cast<unsigned char>(*c) < 0x20 || *c == 0x7f)
      *c = '?';
  return code;
}

extern "C" int32_t tegula_rt_fail(void *opaque, int32_t code,
                                  const char *message) {
  TegulaContext *ctx = static_cast<TegulaContext *>(opaque);
  pthread_mutex_lock(&ctx->lock);
  fail(ctx, code == TEGULA_OK ? TEGULA_INTERNAL : code, "%s", message);
  pthread_mutex_unlock(&ctx->lock);
  return code;
}

static const char *statusText(int32_t status) {
  switch (status) {
  case TEGULA_OK:
    return "success";
  case TEGULA_INVALID_ARGUMENT:
    return "invalid argument";
  case TEGULA_INVALID_DTYPE:
    return "element type differs from the signature";
  case TEGULA_INVALID_SHAPE:
    return "shape differs from the signature";
  case TEGULA_INVALID_LAYOUT:
    return "tensor is not dense row-major";
  case TEGULA_MISALIGNED:
    return "data is not aligned to its element";
  case TEGULA_BUFFER_TOO_SMALL:
    return "buffer is too small";
  case TEGULA_OUT_OF_MEMORY:
    return "out of memory";
  case TEGULA_UNSUPPORTED_CPU:
    return "this processor lacks instructions the model was compiled for";
  case TEGULA_BUSY:
    return "another run of this context is going on";
  case TEGULA_OUT_OF_RANGE:
    return "an index or value is out of range";
  case TEGULA_NO_DRIVER:
    return "the model runs on an NVIDIA GPU, and the driver's library "
           "(libcuda.so.1) cannot be loaded, is too old or does not start";
  case TEGULA_NO_GPU:
    return "there is no NVIDIA GPU of the number that the options name";
  case TEGULA_UNSUPPORTED_GPU:
    return "the GPU is not of the kind the model was compiled for: compile "
           "with its --target=cuda:sm_..., or with --gpu-image=ptx";
  case TEGULA_GPU_CODE:
    return "the GPU's driver refuses the model's device code: update the "
           "driver, or compile without --gpu-image=ptx";
  case TEGULA_GPU_FAILED:
    return "a call of the GPU's driver failed";
  case TEGULA_NO_HUGE_PAGES:
    return "the kernel has no transparent huge pages: leave the weights mapped";
  case TEGULA_CHECK_FAILED:
    return "a condition on values does not hold";
  default:
    return "internal error";
  }
}

/// Does this machine have every feature of the manifest's list?
static bool cpuFits(const char *features) {
  while (features && *features) {
    const char *end = strchr(features, ',');
    const size_t length = end ? end - features : strlen(features);
    if (!tegula::machine::hasCpuFeature(features, length))
      return false;
    features += length + (end ? 1 : 0);
  }
  return true;
}

/// Zeroed memory for `count` objects; at least one, so that null is failure.
template <typename T>
static T *allocateZeroed(int64_t count) {
  return static_cast<T *>(calloc(count > 0 ? count : 1, sizeof(T)));
}

static void destroy(TegulaContext *ctx) {
  if (!ctx)
    return;
  KeepErrno keepErrno;
  stopPool(ctx->pool);
  if (gpuDestroy)
    gpuDestroy(ctx);
  freeSpares(ctx, 0);
  release(ctx, ctx->arena);
  for (int64_t i = 0; ctx->slots && i < ctx->manifest->num_slots; ++i)
    release(ctx, ctx->slots[i]);
  for (int64_t i = 0; ctx->outputs && i < ctx->manifest->num_outputs; ++i)
    release(ctx, ctx->outputs[i].owned);
  pthread_mutex_destroy(&ctx->lock);
  free(ctx->slots);
  free(ctx->outputs);
  free(ctx->inputData);
  free(ctx->inputShapes);
  free(ctx->profile.events);
  free(ctx);
}

static bool allocateTables(TegulaContext *ctx) {
  const TegulaManifest &manifest = *ctx->manifest;
  ctx->slots = allocateZeroed<Block>(manifest.num_slots);
  ctx->outputs = allocateZeroed<Output>(manifest.num_outputs);
  ctx->inputData = allocateZeroed<void *>(manifest.num_inputs);
  ctx->inputShapes = allocateZeroed<const int64_t *>(manifest.num_inputs);
  return ctx->slots && ctx->outputs && ctx->inputData && ctx->inputShapes;
}

/// Options of a caller that was compiled before the last fields were added are
/// shorter; what they lack is zero.
static bool readOptions(const TegulaOptions *given, TegulaOptions *options) {
  memset(options, 0, sizeof(*options));
  if (!given)
    return true;
  if (given->size < offsetof(TegulaOptions, gpu_library) ||
      given->size > sizeof(*options))
    return false;
  memcpy(options, given, given->size);
  return true;
}

static int32_t checkOptions(const TegulaOptions &options) {
  if (options.num_threads < 0 || options.max_bytes < 0 ||
      options.arena_bytes < 0 || options.reserved != 0 ||
      options.weights < TEGULA_WEIGHTS_MAPPED ||
      options.weights > TEGULA_WEIGHTS_HUGE_PAGES ||
      reinterpret_cast<uintptr_t>(options.arena) % kAlignment != 0)
    return TEGULA_INVALID_ARGUMENT;
  if (options.arena && options.arena_bytes < tegula_manifest.arena_bytes)
    return TEGULA_BUFFER_TOO_SMALL;
  return TEGULA_OK;
}

static int32_t create(const TegulaOptions *given, TegulaContext **result) {
  KeepErrno keepErrno;
  if (!result)
    return TEGULA_INVALID_ARGUMENT;
  *result = nullptr;
  TegulaOptions options;
  if (!readOptions(given, &options))
    return TEGULA_INVALID_ARGUMENT;
  if (int32_t status = checkOptions(options))
    return status;
  if (!cpuFits(tegula_manifest.cpu_features))
    return TEGULA_UNSUPPORTED_CPU;
  if (options.weights == TEGULA_WEIGHTS_HUGE_PAGES && moveWeightsToHugePages)
    if (int32_t status = moveWeightsToHugePages())
      return status;
  void *memory = nullptr;
  if (posix_memalign(&memory, alignof(TegulaContext), sizeof(TegulaContext)))
    return TEGULA_OUT_OF_MEMORY;
  memset(memory, 0, sizeof(TegulaContext));
  TegulaContext *ctx = static_cast<TegulaContext *>(memory);
  ctx->manifest = &tegula_manifest;
  pthread_mutex_init(&ctx->lock, nullptr);
  ctx->maxBytes = options.max_bytes;
  ctx->poison = options.poison;
  ctx->poisonByte = options.poison_byte;
  if (options.arena)
    ctx->callerArena = Block{options.arena, options.arena_bytes};
  ctx->pool.executor = options.executor;
  ctx->pool.executorData = options.executor_data;
  if (!allocateTables(ctx) || !startPool(ctx->pool, options.num_threads)) {
    destroy(ctx);
    return TEGULA_OUT_OF_MEMORY;
  }
  if (gpuCreate)
    if (int32_t status = gpuCreate(ctx, options)) {
      destroy(ctx);
      return status;
    }
  *result = ctx;
  return TEGULA_OK;
}

/// Hands the results to the caller.
static int32_t publishOutputs(TegulaContext *ctx, TegulaTensor *outputs) {
  const TegulaManifest &manifest = *ctx->manifest;
  for (int64_t i = 0; i < manifest.num_outputs; ++i)
    if (!ctx->outputs[i].produced)
      return fail(ctx, TEGULA_INTERNAL, "output '%s' was not produced",
                  manifest.outputs[i].name);
  for (int64_t i = 0; i < manifest.num_outputs; ++i) {
    const Output &output = ctx->outputs[i];
    outputs[i].data = output.result;
    outputs[i].bytes = output.bytes;
    outputs[i].dtype = manifest.outputs[i].dtype;
    outputs[i].rank = output.rank;
    outputs[i].shape = output.shape;
    outputs[i].strides = nullptr;
  }
  return TEGULA_OK;
}

static int32_t runChecked(TegulaContext *ctx, const TegulaTensor *inputs,
                          int64_t numInputs, TegulaTensor *outputs,
                          int64_t numOutputs) {
  const TegulaManifest &manifest = *ctx->manifest;
  if (numInputs != manifest.num_inputs || numOutputs != manifest.num_outputs)
    return fail(ctx, TEGULA_INVALID_ARGUMENT,
                "expected %lld inputs and %lld outputs, found %lld and %lld",
                (long long)manifest.num_inputs, (long long)manifest.num_outputs,
                (long long)numInputs, (long long)numOutputs);
  if ((numInputs && !inputs) || (numOutputs && !outputs))
    return fail(ctx, TEGULA_INVALID_ARGUMENT, "the list of tensors is null");
  if (int32_t status = checkTensors(ctx, inputs, outputs))
    return status;
  ctx->pool.active.store(1, std::memory_order_relaxed);
  const int32_t status =
      gpuRun ? gpuRun(ctx)
             : tegula_entry(ctx, ctx->inputData, ctx->inputShapes);
  ctx->pool.active.store(0, std::memory_order_relaxed);
  retireAllocations(ctx, nullptr);
  freeSpares(ctx, 1);
  if (ctx->status != TEGULA_OK)
    return ctx->status;
  if (status != TEGULA_OK)
    return fail(ctx, status, "%s", statusText(status));
  return publishOutputs(ctx, outputs);
}

static int32_t run(TegulaContext *ctx, const TegulaTensor *inputs,
                   int64_t numInputs, TegulaTensor *outputs,
                   int64_t numOutputs) {
  KeepErrno keepErrno;
  if (!ctx)
    return TEGULA_INVALID_ARGUMENT;
  if (ctx->running.exchange(1, std::memory_order_acquire))
    return TEGULA_BUSY;
  ctx->status = TEGULA_OK;
  ctx->error[0] = '\0';
  ++ctx->numRuns;
  ctx->profile.numEvents = 0;
  const int32_t status =
      runChecked(ctx, inputs, numInputs, outputs, numOutputs);
  ctx->running.store(0, std::memory_order_release);
  return status;
}

static const char *lastError(const TegulaContext *ctx) {
  return ctx ? ctx->error : "there is no context";
}

extern "C" __attribute__((visibility("default"))) const TegulaModel *
tegula_model(void) {
  static const TegulaModel model = {TEGULA_ABI_VERSION,
                                    sizeof(TegulaModel),
                                    &tegula_manifest,
                                    create,
                                    run,
                                    destroy,
                                    lastError,
                                    statusText,
                                    readProfile};
  return &model;
}
