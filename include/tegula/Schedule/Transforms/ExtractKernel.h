//===- ExtractKernel.h - A kernel as a model of its own ---------*- C++ -*-===//

#ifndef TEGULA_SCHEDULE_TRANSFORMS_EXTRACTKERNEL_H
#define TEGULA_SCHEDULE_TRANSFORMS_EXTRACTKERNEL_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "tegula/Graph/IR/Graph.h"

namespace tegula::sched {

/// A module whose @main runs a copy of `kernel`, without a schedule, and
/// nothing else: it can be compiled and timed alone. Inputs that are constants
/// are constants there, the others are arguments.
///
/// Null if the kernel cannot stand alone: an input that is no tensor, or a size
/// that is known at run time only.
mlir::OwningOpRef<mlir::ModuleOp> extractKernel(graph::KernelOp kernel);

/// The canonical text of a kernel, by which its measured times are found: two
/// kernels have the same text if the same code is generated for them under each
/// schedule. Constants are in it by their types only. Empty where extractKernel
/// gives null.
///
///   func.func @main(%arg0: tensor<4x8xf32>, %arg1: tensor<8x2xf32> {constant})
///     -> tensor<4x2xf32> { ... graph.kernel ins(%arg0, %arg1 : ...) ... }
std::string kernelText(graph::KernelOp kernel);

} // namespace tegula::sched

#endif // TEGULA_SCHEDULE_TRANSFORMS_EXTRACTKERNEL_H
