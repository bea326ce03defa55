//===- Memory.h - Global memory of the emulated device ---------*- C++ -*-===//
//
// Every allocation of the driver with, for each byte, whether something has
// been written to it. Device addresses are host addresses, so that a pointer
// that the emulator hands out can be used by both sides.
//
//===----------------------------------------------------------------------===//
#ifndef TEGULA_TEST_GPU_EMULATOR_MEMORY_H
#define TEGULA_TEST_GPU_EMULATOR_MEMORY_H

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace tegula::ptx {

/// One allocation. `written` has a byte per byte: 1 once it has a value.
struct Allocation {
  uint64_t address = 0;
  uint64_t bytes = 0;
  std::string name; ///< Who made it, for messages.
  bool readOnly = false;
  std::unique_ptr<uint8_t[]> storage;
  std::vector<uint8_t> written;

  bool contains(uint64_t at, uint64_t count) const {
    return at - address < bytes && count <= bytes - (at - address);
  }
  bool isWritten(uint64_t at, uint64_t count) const;
  /// The same of as many bytes as `Word` has, which must be in range.
  template <typename Word>
  bool isWordWritten(uint64_t at) const {
    Word state;
    memcpy(&state, &written[at - address], sizeof(Word));
    return state == static_cast<Word>(0x0101010101010101ull);
  }
  void markWritten(uint64_t at, uint64_t count);
};

class GlobalMemory {
public:
  /// A new allocation, aligned to 256 bytes as the driver's are. Its contents
  /// are all ones (NaN) and count as never written.
  Allocation &allocate(uint64_t bytes, const std::string &name);

  /// False if no living allocation starts at `address`.
  bool release(uint64_t address);

  /// The allocation that holds the byte at `address`, or null.
  Allocation *find(uint64_t address);

  /// What is known about an address outside of every allocation: which is the
  /// nearest below, or which released one held it.
  std::string describe(uint64_t address) const;

private:
  struct Released {
    uint64_t address, bytes;
    std::string name;
  };
  std::map<uint64_t, Allocation> allocations;
  std::vector<Released> released; ///< Their addresses may be used again.
};

} // namespace tegula::ptx

#endif
