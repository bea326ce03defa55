//===- MemoryCalls.cpp - cuMem*, cuMemcpy*, cuTensorMapEncodeTiled --------===//

#include "../Emulator/TensorMap.h"
#include "Driver.h"

#include <cstdlib>
#include <cstring>

using namespace tegula;
using namespace tegula::fakecuda;

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT int cuMemAlloc_v2(unsigned long long *address, size_t bytes) {
  Driver &driver = Driver::get();
  return driver.call([&] {
    constexpr size_t kDeviceBytes = size_t(16) << 30;
    if (!bytes)
      throw Failure{InvalidValue, "cuMemAlloc of 0 bytes"};
    if (bytes > kDeviceBytes)
      throw Failure{OutOfMemory,
                    "cuMemAlloc of " + std::to_string(bytes) + " bytes"};
    const uint64_t made =
        driver.memory
            .allocate(bytes,
                      "an allocation of " + std::to_string(bytes) + " bytes")
            .address;
    driver.allocations.insert(made);
    *address = made;
  });
}

EXPORT int cuMemFree_v2(unsigned long long address) {
  Driver &driver = Driver::get();
  return driver.call([&] {
    driver.flushAll(); // It waits for everything that may use the memory.
    if (!driver.allocations.erase(address)) {
      throw Failure{InvalidValue,
                    "cuMemFree of something that is not allocated: " +
                        driver.memory.describe(address)};
    }
    driver.memory.release(address);
  });
}

EXPORT int cuMemAllocHost_v2(void **pointer, size_t bytes) {
  Driver &driver = Driver::get();
  return driver.call([&] {
    *pointer = bytes ? malloc(bytes) : nullptr;
    if (!*pointer)
      throw Failure{InvalidValue,
                    "cuMemAllocHost of " + std::to_string(bytes) + " bytes"};
    driver.pinned.insert(*pointer);
  });
}

EXPORT int cuMemFreeHost(void *pointer) {
  Driver &driver = Driver::get();
  return driver.call([&] {
    driver.flushAll();
    if (!driver.pinned.erase(pointer))
      throw Failure{InvalidValue,
                    "cuMemFreeHost of something that is not allocated"};
    free(pointer);
  });
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

EXPORT int cuMemcpyHtoDAsync_v2(unsigned long long target, const void *source,
                                size_t bytes, void *stream) {
  Driver &driver = Driver::get();
  return driver.call([&] {
    if (!bytes)
      return;
    driver.range(target, bytes, "copy to the device");
    // Memory that is not page-locked is read before the call returns; of
    // other memory nobody promised that it is not.
    auto staged = std::make_shared<std::vector<uint8_t>>(bytes);
    memcpy(staged->data(), source, bytes);
    driver.enqueue(stream, [&driver, target, staged] {
      memcpy(reinterpret_cast<void *>(target), staged->data(), staged->size());
      driver.range(target, staged->size(), "copy to the device")
          .markWritten(target, staged->size());
    });
  });
}

/// The bytes of a copy's source must have been written.
static void checkWritten(const ptx::Allocation &from, uint64_t address,
                         size_t bytes, const char *what) {
  for (uint64_t at = address; at < address + bytes; ++at)
    if (!from.isWritten(at, 1))
      throw ptx::Fault(ptx::FaultKind::Hazard,
                       std::string(what) + " reads byte " +
                           std::to_string(at - from.address) + " of " +
                           from.name + ", that nothing has written");
}

EXPORT int cuMemcpyDtoHAsync_v2(void *target, unsigned long long source,
                                size_t bytes, void *stream) {
  Driver &driver = Driver::get();
  return driver.call([&] {
    if (!bytes)
      return;
    driver.range(source, bytes, "copy to the host");
    driver.enqueue(stream, [&driver, target, source, bytes] {
      checkWritten(driver.range(source, bytes, "copy to the host"), source,
                   bytes, "a copy to the host");
      memcpy(target, reinterpret_cast<const void *>(source), bytes);
    });
  });
}

EXPORT int cuMemcpyDtoDAsync_v2(unsigned long long target,
                                unsigned long long source, size_t bytes,
                                void *stream) {
  Driver &driver = Driver::get();
  return driver.call([&] {
    if (!bytes)
      return;
    driver.range(target, bytes, "copy on the device, to a range");
    driver.range(source, bytes, "copy on the device, from a range");
    if (target < source + bytes && source < target + bytes)
      throw Failure{InvalidValue, "copy on the device between ranges that "
                                  "overlap"};
    driver.enqueue(stream, [&driver, target, source, bytes] {
      ptx::Allocation &to = driver.range(target, bytes, "copy");
      ptx::Allocation &from = driver.range(source, bytes, "copy");
      memcpy(reinterpret_cast<void *>(target),
             reinterpret_cast<const void *>(source), bytes);
      memcpy(&to.written[target - to.address],
             &from.written[source - from.address], bytes);
    });
  });
}

EXPORT int cuMemsetD8Async(unsigned long long target, unsigned char value,
                           size_t bytes, void *stream) {
  Driver &driver = Driver::get();
  return driver.call([&] {
    if (!bytes)
      return;
    driver.range(target, bytes, "memset");
    driver.enqueue(stream, [&driver, target, value, bytes] {
      memset(reinterpret_cast<void *>(target), value, bytes);
      driver.range(target, bytes, "memset").markWritten(target, bytes);
    });
  });
}

//===----------------------------------------------------------------------===//
// Tensor maps
//===----------------------------------------------------------------------===//

/// Bytes of an element, by CUtensorMapDataType; 0: not supported.
static unsigned elementBytes(int type) {
  static const unsigned char bytes[] = {1, 2, 4, 4, 8, 8, 2, 4, 8, 2, 4, 4, 4};
  return type >= 0 && type < (int)sizeof(bytes) ? bytes[type] : 0;
}

static void refuse(bool isWrong, const std::string &why) {
  if (isWrong)
    throw Failure{InvalidValue, "cuTensorMapEncodeTiled: " + why};
}

static void encodeDimensions(ptx::TensorMap &map,
                             const unsigned long long *size,
                             const unsigned long long *strides,
                             const unsigned *box, const unsigned *steps) {
  for (unsigned d = 0; d < map.rank; ++d) {
    refuse(!size[d] || size[d] > 1ull << 32, "a size is out of range");
    refuse(!box[d] || box[d] > 256, "a box dimension is not from 1 to 256");
    refuse(!steps[d] || steps[d] > 8, "an element stride is not from 1 to 8");
    map.size[d] = static_cast<uint32_t>(size[d]);
    map.box[d] = static_cast<uint16_t>(box[d]);
    map.steps[d] = static_cast<uint8_t>(steps[d]);
    if (d + 1 == map.rank)
      continue;
    refuse(strides[d] % 16 || strides[d] >= 1ull << 40,
           "a stride is not a multiple of 16 bytes");
    map.strides[d] = strides[d];
  }
}

EXPORT int cuTensorMapEncodeTiled(void *result, int type, unsigned rank,
                                  void *address, const unsigned long long *size,
                                  const unsigned long long *strides,
                                  const unsigned *box, const unsigned *steps,
                                  int interleave, int swizzle, int, int fill) {
  return Driver::get().call([&] {
    ptx::TensorMap map = {};
    const auto at = reinterpret_cast<uint64_t>(address);
    refuse(reinterpret_cast<uint64_t>(result) % 64,
           "the map must be aligned to 64 bytes");
    refuse(at % 16, "the address must be aligned to 16 bytes");
    refuse(!rank || rank > 5, "the rank is not from 1 to 5");
    refuse(!elementBytes(type), "the data type is not supported");
    refuse(interleave != 0, "interleaving is not supported");
    refuse(swizzle < 0 || swizzle > 3, "the swizzle is not supported");
    map.magic = ptx::TensorMap::kMagic;
    map.dataType = static_cast<uint8_t>(type);
    map.rank = static_cast<uint8_t>(rank);
    map.swizzle = static_cast<uint8_t>(swizzle);
    map.fillsWithNaN = fill == 1;
    map.elementBytes = static_cast<uint8_t>(elementBytes(type));
    map.address = at;
    encodeDimensions(map, size, strides, box, steps);
    const unsigned inner = box[0] * map.elementBytes;
    refuse(inner % 16, "the box's rows are not a multiple of 16 bytes");
    refuse(swizzle && inner > 16u << swizzle,
           "the box's rows are longer than the swizzle's span");
    memset(result, 0, 128);
    memcpy(result, &map, sizeof(map));
  });
}
