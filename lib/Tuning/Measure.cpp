//===- Measure.cpp - Honest times of compiled kernels ---------------------===//

#include "tegula/Tuning/Measure.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"
#include <cmath>
#include <cstring>
#include <dlfcn.h>
#include <limits>
#include <random>
#include <time.h>

using namespace llvm;
using namespace tegula::tuning;

static constexpr size_t kAlignment = 64;

/// Writes one element of ONNX's type `dtype`: `value` in [-1, 1), or what is
/// near it. False for types that are not written.
static bool writeElement(int32_t dtype, float value, std::vector<char> &bytes) {
  auto append = [&](auto element) {
    const char *from = reinterpret_cast<const char *>(&element);
    bytes.insert(bytes.end(), from, from + sizeof(element));
    return true;
  };
  switch (dtype) {
  case 1: // float
    return append(value);
  case 2: // uint8
    return append(uint8_t(64 + 32 * value));
  case 3: // int8
    return append(int8_t(32 * value));
  case 6: // int32
    return append(int32_t(32 * value));
  case 10: // float16: 1 or -1
    return append(uint16_t(value < 0 ? 0xbc00 : 0x3c00));
  case 11: // double
    return append(double(value));
  case 16: // bfloat16: 1 or -1
    return append(uint16_t(value < 0 ? 0xbf80 : 0x3f80));
  default:
    return false;
  }
}

/// The contents of an input, behind a gap that aligns it.
static bool fill(const TegulaTensorInfo &info, size_t index,
                 std::vector<char> &bytes, TegulaTensor &tensor) {
  std::mt19937 random(index + 1);
  int64_t count = 1;
  for (int32_t dim = 0; dim < info.rank; ++dim)
    count *= info.dims[dim];
  std::vector<char> elements;
  for (int64_t i = 0; i < count; ++i)
    if (!writeElement(info.dtype, float(random() >> 8) / (1 << 23) - 1,
                      elements))
      return false;
  bytes.resize(elements.size() + kAlignment);
  const size_t gap = -reinterpret_cast<uintptr_t>(bytes.data()) % kAlignment;
  std::copy(elements.begin(), elements.end(), bytes.begin() + gap);
  tensor = {};
  tensor.data = bytes.data() + gap;
  tensor.bytes = elements.size();
  tensor.dtype = info.dtype;
  tensor.rank = info.rank;
  tensor.shape = info.dims;
  return true;
}

Expected<std::unique_ptr<LoadedKernel>> LoadedKernel::load(StringRef path) {
  std::unique_ptr<LoadedKernel> kernel(new LoadedKernel);
  kernel->library = dlopen(path.str().c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!kernel->library)
    return createStringError("cannot load: %s", dlerror());
  auto function = reinterpret_cast<TegulaModelFunction>(
      dlsym(kernel->library, "tegula_model"));
  if (!function)
    return createStringError("the library has no tegula_model");
  kernel->model = function();
  TegulaOptions options = {};
  options.size = sizeof(options);
  options.num_threads = 1;
  int32_t status = kernel->model->create(&options, &kernel->context);
  if (status != TEGULA_OK)
    return createStringError("create: %s", kernel->model->status_text(status));
  const TegulaManifest &manifest = *kernel->model->manifest;
  kernel->memory.resize(manifest.num_inputs);
  kernel->inputs.resize(manifest.num_inputs);
  kernel->results.resize(manifest.num_outputs);
  for (int64_t i = 0; i < manifest.num_inputs; ++i)
    if (!fill(manifest.inputs[i], i, kernel->memory[i], kernel->inputs[i]))
      return createStringError("no inputs of element type %d",
                               manifest.inputs[i].dtype);
  if (kernel->run(1) < 0)
    return createStringError("run: %s",
                             kernel->model->last_error(kernel->context));
  return kernel;
}

LoadedKernel::~LoadedKernel() {
  if (context)
    model->destroy(context);
  if (library)
    dlclose(library);
}

double tegula::tuning::threadSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

double LoadedKernel::run(int64_t times) {
  const double start = threadSeconds();
  for (int64_t i = 0; i < times; ++i) {
    for (TegulaTensor &result : results)
      result = {}; // The runtime's memory.
    if (model->run(context, inputs.data(), inputs.size(), results.data(),
                   results.size()) != TEGULA_OK)
      return -1;
  }
  return threadSeconds() - start;
}

/// Up to rounding, of which the largest value decides how much there is.
static bool areNear(ArrayRef<float> a, ArrayRef<float> b) {
  constexpr float tolerance = 1e-4f;
  float largest = 0;
  for (float value : b)
    largest = std::max(largest, std::abs(value));
  return llvm::all_of(llvm::zip_equal(a, b), [&](auto pair) {
    auto [one, other] = pair; // What is no number is not near.
    return std::abs(one - other) <= tolerance * largest;
  });
}

static ArrayRef<float> floatsOf(const TegulaTensor &tensor) {
  return {static_cast<const float *>(tensor.data),
          size_t(tensor.bytes) / sizeof(float)};
}

bool LoadedKernel::agreesWith(const LoadedKernel &other, bool exactly) const {
  constexpr int32_t kFloat = 1; // TensorProto.DataType
  return llvm::all_of(llvm::zip_equal(results, other.results), [&](auto pair) {
    auto &[a, b] = pair;
    if (a.bytes != b.bytes)
      return false;
    if (exactly || a.dtype != kFloat)
      return std::memcmp(a.data, b.data, a.bytes) == 0;
    return areNear(floatsOf(a), floatsOf(b));
  });
}

/// Sorts `values`, which are not none.
static double median(std::vector<double> &values) {
  llvm::sort(values);
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half]
                                : (values[half - 1] + values[half]) / 2;
}

/// `values` are changed.
static Timing summarise(std::vector<double> &values) {
  const double middle = median(values);
  for (double &value : values)
    value = std::abs(value - middle);
  return {middle, median(values)};
}

std::vector<Timing>
tegula::tuning::timeInRounds(ArrayRef<LoadedKernel *> kernels, unsigned rounds,
                             double blockSeconds) {
  std::vector<int64_t> repeats;
  for (LoadedKernel *kernel : kernels)
    repeats.push_back(std::max<int64_t>(
        1, int64_t(blockSeconds / std::max(kernel->run(1), 1e-7))));
  std::vector<std::vector<double>> ratios(kernels.size());
  std::vector<double> first;
  for (unsigned round = 0; round != rounds; ++round)
    for (size_t i = 0; i != kernels.size(); ++i) {
      const double spent = kernels[i]->run(repeats[i]);
      const double seconds = spent < 0 ? std::numeric_limits<double>::infinity()
                                       : spent / double(repeats[i]);
      if (i == 0)
        first.push_back(seconds);
      ratios[i].push_back(seconds / first.back());
    }
  const Timing unit = summarise(first);
  std::vector<Timing> timings = {unit};
  for (std::vector<double> &ratio : MutableArrayRef(ratios).drop_front()) {
    const Timing relative = summarise(ratio);
    timings.push_back(
        {unit.median * relative.median, unit.median * relative.mad});
  }
  return timings;
}
