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
  case 4: // uint16
    return append(uint16_t(64 + 32 * value));
  case 5: // int16
    return append(int16_t(32 * value));
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

struct LoadedKernel::Library {
  void *handle = nullptr;
  const TegulaModel *model = nullptr;
  std::vector<std::vector<char>> memory;
  std::vector<TegulaTensor> inputs;
  MachineCode code;

  ~Library() {
    if (handle)
      dlclose(handle);
  }
  Error open(StringRef path);
};

Error LoadedKernel::Library::open(StringRef path) {
  if (Error error = readMachineCode(path).moveInto(code))
    return error;
  handle = dlopen(path.str().c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle)
    return createStringError("cannot load: %s", dlerror());
  auto function =
      reinterpret_cast<TegulaModelFunction>(dlsym(handle, "tegula_model"));
  if (!function)
    return createStringError("the library has no tegula_model");
  model = function();
  const TegulaManifest &manifest = *model->manifest;
  memory.resize(manifest.num_inputs);
  inputs.resize(manifest.num_inputs);
  for (int64_t i = 0; i < manifest.num_inputs; ++i)
    if (!fill(manifest.inputs[i], i, memory[i], inputs[i]))
      return createStringError("no inputs of element type %d",
                               manifest.inputs[i].dtype);
  return Error::success();
}

/// Makes a context with so many threads, and runs it once.
Error LoadedKernel::start(unsigned number) {
  threads = number;
  TegulaOptions options = {};
  options.size = sizeof(options);
  options.num_threads = int32_t(number);
  const TegulaModel *model = library->model;
  int32_t status = model->create(&options, &context);
  if (status != TEGULA_OK)
    return createStringError("create: %s", model->status_text(status));
  results.resize(model->manifest->num_outputs);
  if (run(1) < 0)
    return createStringError("run: %s", model->last_error(context));
  return Error::success();
}

Expected<std::unique_ptr<LoadedKernel>> LoadedKernel::load(StringRef path) {
  std::unique_ptr<LoadedKernel> kernel(new LoadedKernel);
  kernel->library = std::make_shared<Library>();
  if (Error error = kernel->library->open(path))
    return std::move(error);
  if (Error error = kernel->start(1))
    return std::move(error);
  return kernel;
}

Expected<std::unique_ptr<LoadedKernel>>
LoadedKernel::onThreads(unsigned number) const {
  std::unique_ptr<LoadedKernel> kernel(new LoadedKernel);
  kernel->library = library;
  if (Error error = kernel->start(number))
    return std::move(error);
  return kernel;
}

const MachineCode &LoadedKernel::code() const { return library->code; }

LoadedKernel::~LoadedKernel() {
  if (context)
    library->model->destroy(context);
}

static double secondsOf(clockid_t clock) {
  timespec now;
  clock_gettime(clock, &now);
  return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

double tegula::tuning::threadSeconds() {
  return secondsOf(CLOCK_THREAD_CPUTIME_ID);
}

double tegula::tuning::processSeconds() {
  return secondsOf(CLOCK_PROCESS_CPUTIME_ID);
}

double LoadedKernel::run(int64_t times) {
  const clockid_t clock =
      threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
  const double start = secondsOf(clock);
  for (int64_t i = 0; i < times; ++i) {
    for (TegulaTensor &result : results)
      result = {}; // The runtime's memory.
    if (library->model->run(context, library->inputs.data(),
                            library->inputs.size(), results.data(),
                            results.size()) != TEGULA_OK)
      return -1;
  }
  return secondsOf(clock) - start;
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

static double medianOf(std::vector<double> values) { return median(values); }

/// Takes what is common to a round out of `logs`, logarithms of times by kernel
/// and round: how far the kernels are from their medians, in the middle.
static void level(MutableArrayRef<std::vector<double>> logs) {
  std::vector<double> common;
  for (size_t round = 0; round != logs.front().size(); ++round) {
    std::vector<double> aways;
    for (const std::vector<double> &rounds : logs)
      if (double away = rounds[round] - medianOf(rounds); std::isfinite(away))
        aways.push_back(away);
    common.push_back(aways.empty() ? 0 : median(aways));
  }
  const double usual = medianOf(common);
  for (std::vector<double> &rounds : logs)
    for (auto [value, all] : llvm::zip_equal(rounds, common))
      value -= all - usual;
}

static Timing summarise(const std::vector<double> &logs) {
  std::vector<double> seconds, halves[2];
  for (double value : logs) {
    halves[seconds.size() % 2].push_back(std::exp(value));
    seconds.push_back(std::exp(value));
  }
  Timing timing;
  timing.median = medianOf(seconds);
  timing.even = median(halves[0]);
  timing.odd = halves[1].empty() ? timing.even : median(halves[1]);
  for (double &value : seconds)
    value = std::abs(value - timing.median);
  timing.mad = median(seconds);
  return timing;
}

/// How often to run each kernel in a round; fewer `rounds` where that is long.
static std::vector<int64_t> planRounds(ArrayRef<LoadedKernel *> kernels,
                                       double blockSeconds, unsigned &rounds) {
  // Times of slow kernels vary less.
  constexpr unsigned kFewRounds = 6;
  constexpr double kLongRound = 4;
  std::vector<int64_t> repeats;
  double blocks = 0;
  for (LoadedKernel *kernel : kernels) {
    const double share = std::max(kernel->run(1), 1e-7) / blockSeconds;
    repeats.push_back(std::max<int64_t>(1, int64_t(1 / share)));
    blocks += share * double(repeats.back());
  }
  const double longer = blocks / (kLongRound * double(kernels.size()));
  if (longer > 1 && rounds > kFewRounds)
    rounds = std::max(kFewRounds, unsigned(rounds / longer));
  return repeats;
}

std::vector<Timing>
tegula::tuning::timeInRounds(ArrayRef<LoadedKernel *> kernels, unsigned rounds,
                             double blockSeconds) {
  const std::vector<int64_t> repeats =
      planRounds(kernels, blockSeconds, rounds);
  std::vector<std::vector<double>> logs(kernels.size());
  for (unsigned round = 0; round != rounds; ++round)
    for (size_t i = 0; i != kernels.size(); ++i) {
      const double spent = kernels[i]->run(repeats[i]);
      logs[i].push_back(spent < 0 ? std::numeric_limits<double>::infinity()
                                  : std::log(spent / double(repeats[i])));
    }
  // Fewer have nothing in common that is not their own.
  constexpr size_t kEnough = 3;
  if (kernels.size() >= kEnough)
    for (int time = 0; time != 2; ++time)
      level(logs);
  std::vector<Timing> timings;
  for (const std::vector<double> &times : logs)
    timings.push_back(summarise(times));
  return timings;
}
