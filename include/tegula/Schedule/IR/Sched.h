//===- Sched.h - The sched dialect ------------------------------*- C++ -*-===//
//
// Schedules as attributes; Sched.td says what each parameter means.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_SCHEDULE_IR_SCHED_H
#define TEGULA_SCHEDULE_IR_SCHED_H

#include "mlir/IR/Attributes.h"
#include "mlir/IR/Dialect.h"

#include "tegula/Schedule/IR/SchedDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "tegula/Schedule/IR/SchedAttrs.h.inc"

namespace tegula::sched {

/// The name of the attribute that holds a kernel's schedule, on `graph.kernel`
/// and on the function that it becomes.
inline constexpr llvm::StringLiteral kScheduleAttrName = "schedule";

/// A unit attribute beside it: the kernel is predicted to be done before other
/// threads would have begun, so one thread runs all of its tasks.
inline constexpr llvm::StringLiteral kSequentialAttrName = "sequential";

} // namespace tegula::sched

#endif // TEGULA_SCHEDULE_IR_SCHED_H
