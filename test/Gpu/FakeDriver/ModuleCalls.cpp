//===- ModuleCalls.cpp - cuModule*, cuFunc*, cuLaunchKernel* --------------===//

#include "Driver.h"

#include <cstdlib>
#include <cstring>

using namespace tegula;
using namespace tegula::fakecuda;

#define EXPORT extern "C" __attribute__((visibility("default")))

/// PTX for one architecture runs on later ones; with an `a`, only on that.
static void checkTarget(const std::string &target, const Device &device) {
  const int wanted = target.compare(0, 3, "sm_") ? 0 : atoi(&target[3]);
  const int have = device.major * 10 + device.minor;
  const bool isExact = target.back() == 'a';
  if (!wanted || wanted > have || (isExact && wanted != have))
    throw Failure{NoBinaryForGpu, "a module for " + target +
                                      " on a device of compute capability " +
                                      std::to_string(device.major) + "." +
                                      std::to_string(device.minor)};
}

EXPORT int cuModuleLoadDataEx(void **module, const void *image, unsigned, int *,
                              void **) {
  Driver &driver = Driver::get();
  return driver.call([&] {
    if (!memcmp(image,
                "\x7f"
                "ELF",
                4))
      throw Failure{NoBinaryForGpu,
                    "this driver runs PTX, and the image is a cubin"};
    auto made = std::make_unique<Module>();
    made->loaded = std::make_unique<ptx::LoadedModule>(
        static_cast<const char *>(image), driver.memory);
    checkTarget(made->loaded->text().target, driver.device);
    *module = made.get();
    driver.modules[made.get()] = std::move(made);
  });
}

EXPORT int cuModuleLoadData(void **module, const void *image) {
  return cuModuleLoadDataEx(module, image, 0, nullptr, nullptr);
}

EXPORT int cuModuleUnload(void *module) {
  Driver &driver = Driver::get();
  return driver.call([&] {
    driver.flushAll();
    for (auto it = driver.functions.begin(); it != driver.functions.end();)
      it = it->second->module == module ? driver.functions.erase(it) : ++it;
    if (!driver.modules.erase(module))
      throw Failure{InvalidHandle, "cuModuleUnload of no module"};
  });
}

EXPORT int cuModuleGetFunction(void **function, void *module,
                               const char *name) {
  Driver &driver = Driver::get();
  return driver.call([&] {
    auto it = driver.modules.find(module);
    if (it == driver.modules.end())
      throw Failure{InvalidHandle, "cuModuleGetFunction of no module"};
    const ptx::Program *program = it->second->loaded->kernel(name);
    if (!program)
      throw Failure{NotFound, std::string("the module has no kernel ") + name};
    auto made = std::make_unique<Function>();
    made->module = it->second.get();
    made->program = program;
    *function = made.get();
    driver.functions[made.get()] = std::move(made);
  });
}

static Function &functionOf(void *handle) {
  auto &functions = Driver::get().functions;
  auto it = functions.find(handle);
  if (it == functions.end())
    throw Failure{InvalidHandle, "there is no such function"};
  return *it->second;
}

EXPORT int cuFuncSetAttribute(void *handle, int attribute, int value) {
  Driver &driver = Driver::get();
  return driver.call([&] {
    Function &function = functionOf(handle);
    if (attribute == 8) { // MAX_DYNAMIC_SHARED_SIZE_BYTES
      const uint64_t limit = driver.device.sharedLimit();
      if (value < 0 || value + function.program->staticShared > limit)
        throw Failure{InvalidValue,
                      "kernel " + function.program->name + ": " +
                          std::to_string(value) +
                          " bytes of shared memory are asked for, and a block "
                          "can have " +
                          std::to_string(limit)};
      function.dynamicSharedLimit = value;
    } else if (attribute == 14) { // NON_PORTABLE_CLUSTER_SIZE_ALLOWED
      function.allowsLargeClusters = value;
    } else if (attribute != 9) { // PREFERRED_SHARED_MEMORY_CARVEOUT
      throw Failure{InvalidValue, "unknown attribute of a function"};
    }
  });
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

namespace {
/// CUlaunchAttribute
struct LaunchAttribute {
  int id;
  char padding[4];
  union {
    char bytes[64];
    unsigned dimensions[3];
  } value;
};
static_assert(sizeof(LaunchAttribute) == 72, "differs from cuda.h");

/// CUlaunchConfig
struct CuLaunchConfig {
  unsigned grid[3];
  unsigned block[3];
  unsigned sharedBytes;
  void *stream;
  const LaunchAttribute *attributes;
  unsigned numAttributes;
};
static_assert(sizeof(CuLaunchConfig) == 56, "differs from cuda.h");
} // namespace

static std::string triple(const unsigned value[3]) {
  return "(" + std::to_string(value[0]) + "," + std::to_string(value[1]) + "," +
         std::to_string(value[2]) + ")";
}

static void checkShape(const Function &function,
                       const ptx::LaunchConfig &config) {
  const ptx::Program &program = *function.program;
  const std::string name = "launch of kernel " + program.name + ": ";
  auto require = [&](bool holds, const std::string &what, int result) {
    if (!holds)
      throw Failure{result, name + what};
  };
  const unsigned *grid = config.grid, *block = config.block;
  const uint64_t threads = uint64_t(block[0]) * block[1] * block[2];
  require(grid[0] && grid[1] && grid[2] && grid[0] <= 0x7fffffff &&
              grid[1] <= 65535 && grid[2] <= 65535,
          "a grid of " + triple(grid), InvalidValue);
  require(threads && threads <= 1024 && block[2] <= 64,
          "a block of " + triple(block), InvalidValue);
  require(!program.reqntid[0] || (block[0] == unsigned(program.reqntid[0]) &&
                                  block[1] == unsigned(program.reqntid[1]) &&
                                  block[2] == unsigned(program.reqntid[2])),
          "a block of " + triple(block) + ", .reqntid says otherwise",
          InvalidValue);
  require(!program.maxntid || threads <= uint64_t(program.maxntid),
          "more threads than .maxntid", InvalidValue);
  const unsigned *cluster = config.cluster;
  const unsigned blocks = cluster[0] * cluster[1] * cluster[2];
  require(blocks <= (function.allowsLargeClusters ? 16 : 8),
          "a cluster of " + triple(cluster), InvalidValue);
}

static void checkShared(const Function &function, uint64_t dynamic,
                        const Device &device) {
  const ptx::Program &program = *function.program;
  const uint64_t total = dynamic + program.staticShared;
  if (dynamic > function.dynamicSharedLimit || total > device.sharedLimit())
    throw Failure{OutOfResources,
                  "launch of kernel " + program.name + ": " +
                      std::to_string(total) +
                      " bytes of shared memory, where the function may have " +
                      std::to_string(function.dynamicSharedLimit) +
                      " dynamic ones and a block " +
                      std::to_string(device.sharedLimit())};
}

/// The bytes of the parameters: from a pointer for each, or from the buffer
/// that `extra` describes.
static std::vector<uint8_t> gather(const ptx::Program &program, void **pointers,
                                   void **extra) {
  const std::string name = "launch of kernel " + program.name + ": ";
  std::vector<uint8_t> bytes(program.parameterBytes);
  if (pointers) {
    for (size_t i = 0; i < program.parameters.size(); ++i) {
      const ptx::Parameter &parameter = program.parameters[i];
      if (!pointers[i])
        throw Failure{InvalidValue,
                      name + "parameter " + std::to_string(i) + " is null"};
      memcpy(&bytes[parameter.offset], pointers[i], parameter.bytes);
    }
    return bytes;
  }
  const void *buffer = nullptr;
  size_t size = 0;
  for (; extra && *extra; extra += 2) {
    if (*extra == reinterpret_cast<void *>(1))
      buffer = extra[1];
    else if (*extra == reinterpret_cast<void *>(2))
      size = *static_cast<size_t *>(extra[1]);
  }
  if (size != bytes.size() || (size && !buffer))
    throw Failure{InvalidValue, name + std::to_string(size) +
                                    " bytes of parameters, and it has " +
                                    std::to_string(bytes.size())};
  if (size)
    memcpy(bytes.data(), buffer, size);
  return bytes;
}

static void enqueueLaunch(const CuLaunchConfig &from, void *handle,
                          void **pointers, void **extra) {
  Driver &driver = Driver::get();
  Function &function = functionOf(handle);
  const ptx::Program *program = function.program;
  ptx::LaunchConfig config;
  memcpy(config.grid, from.grid, sizeof(config.grid));
  memcpy(config.block, from.block, sizeof(config.block));
  for (int d = 0; d < 3; ++d)
    config.cluster[d] = program->cluster[0] ? program->cluster[d] : 1;
  for (unsigned i = 0; i < from.numAttributes; ++i)
    if (from.attributes[i].id == 4) // CLUSTER_DIMENSION
      memcpy(config.cluster, from.attributes[i].value.dimensions,
             sizeof(config.cluster));
  config.dynamicShared = from.sharedBytes;
  config.delivery = driver.delivery;
  config.seed = driver.seed;
  checkShape(function, config);
  checkShared(function, config.dynamicShared, driver.device);
  auto parameters = gather(*program, pointers, extra);
  driver.enqueue(from.stream, [&driver, program, config,
                               parameters = std::move(parameters)] {
    if (!parameters.empty()) {
      ptx::Allocation &place = *driver.memory.find(program->parameterAddress);
      memcpy(reinterpret_cast<void *>(place.address), parameters.data(),
             parameters.size());
      place.markWritten(place.address, parameters.size());
    }
    ptx::launch(driver.memory, *program, config);
  });
}

EXPORT int cuLaunchKernelEx(const void *config, void *function,
                            void **parameters, void **extra) {
  return Driver::get().call([&] {
    enqueueLaunch(*static_cast<const CuLaunchConfig *>(config), function,
                  parameters, extra);
  });
}

EXPORT int cuLaunchKernel(void *function, unsigned gridX, unsigned gridY,
                          unsigned gridZ, unsigned blockX, unsigned blockY,
                          unsigned blockZ, unsigned sharedBytes, void *stream,
                          void **parameters, void **extra) {
  const CuLaunchConfig config = {{gridX, gridY, gridZ},
                                 {blockX, blockY, blockZ},
                                 sharedBytes,
                                 stream,
                                 nullptr,
                                 0};
  return cuLaunchKernelEx(&config, function, parameters, extra);
}
