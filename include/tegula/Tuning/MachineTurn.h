//===- MachineTurn.h - Processes that measure on one machine ----*- C++ -*-===//
//
// What runs on one thread may be compiled and timed by one process per core;
// what runs on several needs the machine for itself:
//
//   worker 0   compile, time (1 thread)  | wait      | time (2 threads)
//   worker 1   compile, time (1 thread)  | time (2)  | wait
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_TUNING_MACHINETURN_H
#define TEGULA_TUNING_MACHINETURN_H

#include "llvm/ADT/StringRef.h"
#include <string>

namespace tegula::tuning {

/// A turn on the machine, from construction to destruction, among the processes
/// that name the same lock file: shared with others', or alone. Who waits to be
/// alone is not overtaken by others that would share. Without a file, or where
/// it cannot be made, there is no waiting.
class MachineTurn {
public:
  enum class Kind { Shared, Alone };
  MachineTurn(llvm::StringRef lockFile, Kind kind);
  ~MachineTurn();
  MachineTurn(const MachineTurn &) = delete;
  MachineTurn &operator=(const MachineTurn &) = delete;

private:
  int lock = -1;
};

/// Runs the calling thread, and threads that it starts, before all ordinary
/// ones while it lives, if that is wanted and the system allows it: what else
/// runs on the machine does not interrupt what is timed.
class RealTimePriority {
public:
  explicit RealTimePriority(bool isWanted);
  ~RealTimePriority();
  RealTimePriority(const RealTimePriority &) = delete;
  RealTimePriority &operator=(const RealTimePriority &) = delete;

private:
  bool isHeld = false;
};

} // namespace tegula::tuning

#endif // TEGULA_TUNING_MACHINETURN_H
