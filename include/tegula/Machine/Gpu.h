//===- Gpu.h - What the compiler knows about a GPU -----------------------===//
//
// Plain facts, without MLIR or LLVM. Compiling for a GPU needs none at hand.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_MACHINE_GPU_H
#define TEGULA_MACHINE_GPU_H

#include <cstdint>
#include <string>

namespace tegula {
namespace machine {

/// A GPU target. Sizes are in bytes.
struct Gpu {
  std::string chip;        ///< "sm_80", "sm_90a".
  std::string ptxFeatures; ///< LLVM's: which PTX version to write, "+ptx80".
  int32_t computeMajor = 8;
  int32_t computeMinor = 0;
  /// Code for this chip runs on this compute capability only (the "a" chips).
  bool isExact = false;
  /// Products of four warps (wgmma) and copies by tensor maps (TMA).
  bool hasWarpgroups = false;
  int64_t multiprocessors = 108;
  int64_t sharedBytesPerBlock = 48 << 10; ///< Dynamic shared memory, at most.
};

/// Is `target` of the form "cuda:..."?
bool isGpuTarget(const std::string &target);

/// The GPU of a --target= string such as "cuda:sm_80". Returns false and says
/// in `message` what is wrong and what would be right.
bool gpuFor(const std::string &target, Gpu &gpu, std::string &message);

} // namespace machine
} // namespace tegula

#endif // TEGULA_MACHINE_GPU_H
