//===- MachineTurn.cpp - Processes that measure on one machine ------------===//

#include "tegula/Tuning/MachineTurn.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/file.h>
#include <unistd.h>

using namespace tegula::tuning;

static int openLock(const std::string &path) {
  return open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
}

MachineTurn::MachineTurn(llvm::StringRef lockFile, Kind kind) {
  if (lockFile.empty())
    return;
  // Whoever waits holds the gate, through which all others come.
  const int gate = openLock(lockFile.str() + ".gate");
  if (gate < 0)
    return;
  flock(gate, LOCK_EX);
  lock = openLock(lockFile.str());
  if (lock >= 0)
    flock(lock, kind == Kind::Alone ? LOCK_EX : LOCK_SH);
  close(gate);
}

MachineTurn::~MachineTurn() {
  if (lock >= 0)
    close(lock);
}

RealTimePriority::RealTimePriority(bool isWanted) {
  sched_param parameters = {};
  parameters.sched_priority = sched_get_priority_min(SCHED_FIFO);
  isHeld = isWanted && sched_setscheduler(0, SCHED_FIFO, &parameters) == 0;
}

RealTimePriority::~RealTimePriority() {
  sched_param parameters = {};
  if (isHeld)
    sched_setscheduler(0, SCHED_OTHER, &parameters);
}
