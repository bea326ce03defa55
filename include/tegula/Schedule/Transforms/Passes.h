//===- Passes.h - Passes that choose schedules ------------------*- C++ -*-===//

#ifndef TEGULA_SCHEDULE_TRANSFORMS_PASSES_H
#define TEGULA_SCHEDULE_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace tegula::sched {

#define GEN_PASS_DECL
#include "tegula/Schedule/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "tegula/Schedule/Transforms/Passes.h.inc"

} // namespace tegula::sched

#endif // TEGULA_SCHEDULE_TRANSFORMS_PASSES_H
