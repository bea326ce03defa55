//===- CheckTensors.cpp - The tensors of a run against the signature -----===//
//
// Everything a caller can get wrong ends here with a status and a message that
// says which tensor, what was expected and what was found.
//
//===----------------------------------------------------------------------===//

#include "Context.h"
#include <string.h>

using namespace tegula::runtime;

namespace {
/// Sizes of ONNX's TensorProto.DataType; string (8) has none.
constexpr uint8_t kElementBytes[] = {
    0, 4,  1, 1, 2, 2, 4, 8, 0, 1, 2, 8, 4, 8, // undefined .. uint64
    8, 16,                                     // complex64, complex128
    2, 1,  1, 1, 1,                            // bfloat16, float8 (four kinds)
    1, 1,  1, 1, 1, 1,                         // u/int4, float4, e8m0, u/int2
};
constexpr int32_t kComplex64 = 14, kComplex128 = 15;
} // namespace

int64_t tegula::runtime::elementBytes(int32_t dtype) {
  const int32_t count = sizeof(kElementBytes);
  return dtype > 0 && dtype < count ? kElementBytes[dtype] : 0;
}

int64_t tegula::runtime::elementAlignment(int32_t dtype) {
  if (dtype == kComplex64)
    return 4;
  return dtype == kComplex128 ? 8 : elementBytes(dtype);
}

bool tegula::runtime::tensorBytes(int32_t dtype, int64_t rank,
                                  const int64_t *shape, int64_t *bytes) {
  int64_t product = elementBytes(dtype);
  bool overflow = product == 0, empty = false;
  for (int64_t d = 0; d < rank; ++d) {
    if (shape[d] < 0)
      return false;
    empty |= shape[d] == 0;
    // Zero sizes elsewhere do not hide an overflow that we can avoid seeing.
    if (shape[d] != 0)
      overflow |= __builtin_mul_overflow(product, shape[d], &product);
  }
  *bytes = empty ? 0 : product;
  return empty || !overflow;
}

/// Are these the strides of a dense row-major tensor? Those of dimensions of
/// size 1 do not matter.
static bool isDense(const TegulaTensor &tensor) {
  int64_t expected = 1;
  for (int32_t d = tensor.rank - 1; d >= 0; --d) {
    if (tensor.shape[d] == 0)
      return true;
    if (tensor.shape[d] != 1 && tensor.strides[d] != expected)
      return false;
    expected *= tensor.shape[d];
  }
  return true;
}

static int32_t checkShape(TegulaContext *ctx, const TegulaTensor &tensor,
                          const TegulaTensorInfo &info) {
  if (tensor.rank < 0 || tensor.rank > TEGULA_MAX_RANK ||
      (info.rank >= 0 && tensor.rank != info.rank))
    return fail(ctx, TEGULA_INVALID_SHAPE,
                "input '%s': expected rank %d, found %d", info.name,
                (int)info.rank, (int)tensor.rank);
  if (tensor.rank > 0 && !tensor.shape)
    return fail(ctx, TEGULA_INVALID_ARGUMENT, "input '%s': its shape is null",
                info.name);
  for (int32_t d = 0; d < tensor.rank; ++d) {
    if (tensor.shape[d] < 0)
      return fail(ctx, TEGULA_INVALID_SHAPE,
                  "input '%s': dimension %d is negative (%lld)", info.name,
                  (int)d, (long long)tensor.shape[d]);
    if (info.rank >= 0 && info.dims[d] >= 0 && tensor.shape[d] != info.dims[d])
      return fail(ctx, TEGULA_INVALID_SHAPE,
                  "input '%s': expected %lld in dimension %d, found %lld",
                  info.name, (long long)info.dims[d], (int)d,
                  (long long)tensor.shape[d]);
  }
  return TEGULA_OK;
}

static int32_t checkInput(TegulaContext *ctx, const TegulaTensor &tensor,
                          const TegulaTensorInfo &info) {
  if (tensor.dtype != info.dtype)
    return fail(ctx, TEGULA_INVALID_DTYPE,
                "input '%s': expected element type %d, found %d", info.name,
                (int)info.dtype, (int)tensor.dtype);
  if (int32_t status = checkShape(ctx, tensor, info))
    return status;
  int64_t bytes;
  if (!tensorBytes(tensor.dtype, tensor.rank, tensor.shape, &bytes))
    return fail(ctx, TEGULA_INVALID_SHAPE, "input '%s': its size overflows",
                info.name);
  if (tensor.strides && !isDense(tensor))
    return fail(ctx, TEGULA_INVALID_LAYOUT,
                "input '%s': expected a dense row-major tensor", info.name);
  if (bytes > 0 && !tensor.data)
    return fail(ctx, TEGULA_INVALID_ARGUMENT, "input '%s': its data is null",
                info.name);
  if (reinterpret_cast<uintptr_t>(tensor.data) % elementAlignment(info.dtype))
    return fail(ctx, TEGULA_MISALIGNED,
                "input '%s': expected data aligned to %lld bytes", info.name,
                (long long)elementAlignment(info.dtype));
  if (tensor.bytes != 0 && tensor.bytes < bytes)
    return fail(ctx, TEGULA_BUFFER_TOO_SMALL,
                "input '%s': its shape needs %lld bytes, its buffer has %lld",
                info.name, (long long)bytes, (long long)tensor.bytes);
  return TEGULA_OK;
}

/// Dimensions of inputs with equal names have equal sizes. Compares each with
/// the first of its name.
static int32_t checkNamedDims(TegulaContext *ctx, const TegulaTensor *inputs,
                              int64_t input, int32_t dim) {
  const TegulaTensorInfo *infos = ctx->manifest->inputs;
  const char *name = infos[input].dim_names[dim];
  if (!name || !*name)
    return TEGULA_OK;
  for (int64_t i = 0; i <= input; ++i) {
    for (int32_t d = 0; d < infos[i].rank; ++d) {
      if (!infos[i].dim_names || !infos[i].dim_names[d] ||
          strcmp(infos[i].dim_names[d], name) != 0)
        continue;
      if (inputs[i].shape[d] == inputs[input].shape[dim])
        return TEGULA_OK;
      return fail(ctx, TEGULA_INVALID_SHAPE,
                  "dimension '%s' is %lld in input '%s' but %lld in input '%s'",
                  name, (long long)inputs[i].shape[d], infos[i].name,
                  (long long)inputs[input].shape[dim], infos[input].name);
    }
  }
  return TEGULA_OK;
}

static bool overlap(const void *a, int64_t aBytes, const void *b,
                    int64_t bBytes) {
  const uintptr_t x = reinterpret_cast<uintptr_t>(a);
  const uintptr_t y = reinterpret_cast<uintptr_t>(b);
  return aBytes > 0 && bBytes > 0 &&
         (x <= y ? y - x < static_cast<uint64_t>(aBytes)
                 : x - y < static_cast<uint64_t>(bBytes));
}

static int32_t checkOutput(TegulaContext *ctx, const TegulaTensor *inputs,
                           const TegulaTensor *outputs, int64_t index) {
  const TegulaManifest &manifest = *ctx->manifest;
  const TegulaTensor &tensor = outputs[index];
  const TegulaTensorInfo &info = manifest.outputs[index];
  if (!tensor.data)
    return TEGULA_OK;
  if (tensor.bytes < 0)
    return fail(ctx, TEGULA_INVALID_ARGUMENT,
                "output '%s': its capacity is negative", info.name);
  if (reinterpret_cast<uintptr_t>(tensor.data) % elementAlignment(info.dtype))
    return fail(ctx, TEGULA_MISALIGNED,
                "output '%s': expected memory aligned to %lld bytes", info.name,
                (long long)elementAlignment(info.dtype));
  for (int64_t i = 0; i < manifest.num_inputs; ++i) {
    int64_t bytes = 0;
    tensorBytes(inputs[i].dtype, inputs[i].rank, inputs[i].shape, &bytes);
    if (overlap(tensor.data, tensor.bytes, inputs[i].data, bytes))
      return fail(ctx, TEGULA_INVALID_ARGUMENT,
                  "output '%s' overlaps input '%s'", info.name,
                  manifest.inputs[i].name);
  }
  for (int64_t i = 0; i < index; ++i)
    if (outputs[i].data &&
        overlap(tensor.data, tensor.bytes, outputs[i].data, outputs[i].bytes))
      return fail(ctx, TEGULA_INVALID_ARGUMENT,
                  "output '%s' overlaps output '%s'", info.name,
                  manifest.outputs[i].name);
  return TEGULA_OK;
}

int32_t tegula::runtime::checkTensors(TegulaContext *ctx,
                                      const TegulaTensor *inputs,
                                      const TegulaTensor *outputs) {
  const TegulaManifest &manifest = *ctx->manifest;
  for (int64_t i = 0; i < manifest.num_inputs; ++i) {
    if (int32_t status = checkInput(ctx, inputs[i], manifest.inputs[i]))
      return status;
    ctx->inputData[i] = inputs[i].data;
    ctx->inputShapes[i] = inputs[i].shape;
  }
  for (int64_t i = 0; i < manifest.num_inputs; ++i)
    for (int32_t d = 0; d < manifest.inputs[i].rank; ++d)
      if (manifest.inputs[i].dim_names)
        if (int32_t status = checkNamedDims(ctx, inputs, i, d))
          return status;
  for (int64_t i = 0; i < manifest.num_outputs; ++i) {
    if (int32_t status = checkOutput(ctx, inputs, outputs, i))
      return status;
    ctx->outputs[i].data = outputs[i].data;
    ctx->outputs[i].capacity = outputs[i].bytes;
    ctx->outputs[i].produced = false;
  }
  return TEGULA_OK;
}
