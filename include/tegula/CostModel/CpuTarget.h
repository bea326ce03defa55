//===- CpuTarget.h - What a cost model knows of a CPU -----------*- C++ -*-===//

#ifndef TEGULA_COSTMODEL_CPUTARGET_H
#define TEGULA_COSTMODEL_CPUTARGET_H

#include <cstdint>

namespace tegula::cost {

/// One core of a CPU, its share of the memory system, and how many of them
/// there are. The defaults are those of a common x86-64-v3 machine.
struct CpuTarget {
  int64_t vectorBits = 256;     ///< Width of the vector registers.
  int64_t vectorRegisters = 16; ///< How many there are.
  bool fusedMultiplyAdd = true; ///< One instruction, one rounding.
  /// Vectors that a product of pairs or bytes needs besides its operands and
  /// the sum.
  int64_t dotRegisters = 1;
  double fmaPerCycle = 2;   ///< Vector multiply-adds that start in a cycle.
  double fmaLatency = 4;    ///< Cycles.
  double loadsPerCycle = 2; ///< Vector or broadcast loads.
  int64_t l1Bytes = 32 * 1024;
  int64_t l2Bytes = 512 * 1024;
  /// A guess for what one core may count on of the last-level cache.
  int64_t lastLevelBytes = 16 << 20;
  double l2BytesPerCycle = 24;
  double memoryBytesPerCycle = 6; ///< Of one core reading memory.
  double cyclesPerSecond = 3.0e9;
  /// Threads that share the tasks of a kernel; one core each.
  int64_t threads = 1;
  /// Handing out tasks to other threads and waiting for them.
  double dispatchSeconds = 2e-6;
  /// What all cores together read from memory, over what one reads.
  double sharedBandwidth = 1.6;

  /// Elements of `bytes` bytes that a vector register holds.
  int64_t lanes(int64_t bytes) const { return vectorBits / 8 / bytes; }
};

} // namespace tegula::cost

#endif // TEGULA_COSTMODEL_CPUTARGET_H
