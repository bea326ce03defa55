//===- NodeName.h - What the model calls a kernel ---------------*- C++ -*-===//

#ifndef TEGULA_SCHEDULE_IR_NODENAME_H
#define TEGULA_SCHEDULE_IR_NODENAME_H

#include "mlir/IR/Location.h"
#include "tegula/Schedule/IR/KernelBody.h"

namespace tegula::sched {

/// Name and type, "conv1 (Conv)", that the importer has given to the node of an
/// operation; empty if there is none.
inline llvm::StringRef nodeLabel(mlir::Location loc) {
  auto named = llvm::dyn_cast<mlir::NameLoc>(loc);
  while (named && llvm::isa<mlir::NameLoc>(named.getChildLoc()))
    named = llvm::cast<mlir::NameLoc>(named.getChildLoc());
  return named ? named.getName().getValue() : llvm::StringRef();
}

/// Its name alone.
inline llvm::StringRef nodeName(mlir::Location loc) {
  return nodeLabel(loc).rsplit(" (").first;
}

/// That of the kernel's first reduction, or of what makes its first result.
inline llvm::StringRef nodeName(const KernelBody &body) {
  if (!body.reductions.empty())
    return nodeName(body.reductions.front()->getLoc());
  return body.results.empty() ? llvm::StringRef()
                              : nodeName(body.results.front().getLoc());
}

} // namespace tegula::sched

#endif // TEGULA_SCHEDULE_IR_NODENAME_H
