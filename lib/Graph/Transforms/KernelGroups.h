//===- KernelGroups.h - Which operations share a kernel ---------*- C++ -*-===//

#ifndef TEGULA_GRAPH_TRANSFORMS_KERNELGROUPS_H
#define TEGULA_GRAPH_TRANSFORMS_KERNELGROUPS_H

#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/SmallVector.h"

namespace tegula::graph {

/// Whether `op` computes or moves tensor data and so must end in a kernel.
bool isKernelWork(mlir::Operation *op);

/// Whether `op` is cheap and shapeless enough to be repeated inside each kernel
/// that uses it: empty tensors, fills, scalar and splat constants.
bool isInlinedIntoKernels(mlir::Operation *op);

/// Operations that form one kernel, in the order of their block. Only results
/// of the last one are used by operations outside the group.
using KernelGroup = llvm::SmallVector<mlir::Operation *, 4>;

struct GroupingOptions {
  bool fuse = true;      ///< Unset: every operation is alone.
  bool attention = true; ///< Two products and the softmax between them: one.
};

/// Cuts the kernel work of `block` (not of nested blocks) into groups.
llvm::SmallVector<KernelGroup> groupKernels(mlir::Block &block,
                                            const GroupingOptions &options);

} // namespace tegula::graph

#endif // TEGULA_GRAPH_TRANSFORMS_KERNELGROUPS_H
