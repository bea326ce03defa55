//===- Passes.h - From kernel functions to GPU kernels ----------*- C++ -*-===//

#ifndef TEGULA_TILE_GRAPHTOGPU_PASSES_H
#define TEGULA_TILE_GRAPHTOGPU_PASSES_H

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "tegula/Schedule/IR/Sched.h"

namespace tegula::tile {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "tegula/Tile/GraphToGpu/Passes.h.inc"
} // namespace tegula::tile

#endif // TEGULA_TILE_GRAPHTOGPU_PASSES_H
