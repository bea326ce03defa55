//===- LowerFamily.h - The frame of every family's lowering -----*- C++ -*-===//
//
// A pass of this folder lowers the kernel functions whose schedule is of its
// family. What it cannot lower, it says in a remark, and the function's
// schedule becomes plain loops, which tegula-tile-lower-loops takes.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_TILE_GRAPHTOTILE_LOWERFAMILY_H
#define TEGULA_TILE_GRAPHTOTILE_LOWERFAMILY_H

#include "tegula/Schedule/IR/Sched.h"
#include "tegula/Tile/GraphToTile/KernelFunction.h"

namespace tegula::tile {

/// Calls `lower(kernel, schedule, reason)` if `func` has a schedule of type
/// `ScheduleT`. On success the schedule has been obeyed and is taken off;
/// a failure must leave the function as it was, and say why in `reason`; its
/// schedule becomes `fallback`, or else plain loops.
template <typename ScheduleT, typename LowerFn>
void lowerFamily(mlir::func::FuncOp func, llvm::StringRef family,
                 LowerFn &&lower, mlir::Attribute fallback = {}) {
  auto schedule = func->getAttrOfType<ScheduleT>(sched::kScheduleAttrName);
  if (!schedule)
    return;
  std::string reason = "not in kernel-function form";
  mlir::FailureOr<KernelFunction> kernel = KernelFunction::read(func);
  if (succeeded(kernel) && succeeded(lower(*kernel, schedule, reason))) {
    func->removeAttr(sched::kScheduleAttrName);
    return;
  }
  func.emitRemark(family) << " lowering does not apply: " << reason;
  if (!fallback)
    fallback = sched::LoopsAttr::get(func.getContext(), "in-order");
  func->setAttr(sched::kScheduleAttrName, fallback);
}

} // namespace tegula::tile

#endif // TEGULA_TILE_GRAPHTOTILE_LOWERFAMILY_H
