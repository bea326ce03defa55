//===- Access.h - Checked accesses to memory -------------------*- C++ -*-===//
#ifndef TEGULA_TEST_GPU_EMULATOR_ACCESS_H
#define TEGULA_TEST_GPU_EMULATOR_ACCESS_H

#include "Machine.h"

namespace tegula::ptx {

struct AccessKind {
  bool isWrite = false;
  bool isRead = true;
  bool isStrong = false; ///< Atomic or volatile.
  bool isAsync = false;  ///< By the async proxy.
};

/// Where the bytes of an access lie on the host, after all checks: alignment,
/// bounds, values that nothing has written, races. Fails on the warp.
uint8_t *access(Warp &warp, int lane, Space space, uint64_t address,
                uint64_t bytes, AccessKind kind);

/// The allocation of a range, if it is one of those the warp accessed last.
inline Allocation *recentAllocation(Warp &warp, uint64_t address,
                                    uint64_t bytes) {
  for (Allocation *recent : warp.recent)
    if (recent && recent->contains(address, bytes))
      return recent;
  return nullptr;
}

/// The block and offset of a shared address of 32 bits.
Block &sharedTarget(Warp &warp, int lane, uint32_t address, uint32_t &offset);

/// The state space that an opcode names.
Space spaceOf(const Statement &s);

/// The bytes of a scalar type such as "f32"; 0 if it is none.
unsigned typeBytes(const std::string &type);

} // namespace tegula::ptx

#endif
