//===- Passes.h - Passes of the GPU target ----------------------*- C++ -*-===//

#ifndef TEGULA_TARGET_GPU_PASSES_H
#define TEGULA_TARGET_GPU_PASSES_H

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace tegula::target {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "tegula/Target/GPU/Passes.h.inc"
} // namespace tegula::target

#endif // TEGULA_TARGET_GPU_PASSES_H
