//===- Pipelines.h - One pipeline per stage ---------------------*- C++ -*-===//
//
// All of them run on the top module. What a stage leaves is checked at its end
// (Contracts.def) unless the options say otherwise.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_PIPELINE_PIPELINES_H
#define TEGULA_PIPELINE_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace tegula::pipeline {

struct StageOptions : mlir::PassPipelineOptions<StageOptions> {
  Option<bool> optimize{*this, "optimize",
                        llvm::cl::desc("Fuse, and use the tuned lowerings"),
                        llvm::cl::init(true)};
  Option<bool> verifyContract{*this, "verify-contract",
                              llvm::cl::desc("Check the stage's contract"),
                              llvm::cl::init(true)};
  Option<bool> profile{*this, "profile",
                       llvm::cl::desc("Record when kernels run"),
                       llvm::cl::init(false)};
  Option<bool> gpu{*this, "gpu", llvm::cl::desc("Kernels run on a GPU"),
                   llvm::cl::init(false)};
  Option<int64_t> multiprocessors{*this, "multiprocessors",
                                  llvm::cl::desc("Of the GPU"),
                                  llvm::cl::init(108)};
  Option<bool> warpgroups{*this, "warpgroups",
                          llvm::cl::desc("The GPU has products of warpgroups"),
                          llvm::cl::init(false)};
  /// Facts of the target machine, in its own units (Machine.h).
  Option<bool> useFma{*this, "use-fma",
                      llvm::cl::desc("The target multiplies and adds at once"),
                      llvm::cl::init(true)};
  Option<int64_t> vectorBits{*this, "vector-bits",
                             llvm::cl::desc("Width of vector registers"),
                             llvm::cl::init(256)};
  Option<int64_t> byteProductBits{
      *this, "byte-product-bits",
      llvm::cl::desc("Widest vector of vpmaddubsw; 0: there is none"),
      llvm::cl::init(0)};
  Option<int64_t> dotRegisters{
      *this, "dot-registers",
      llvm::cl::desc("Vectors that lp.dot needs besides operands and sum"),
      llvm::cl::init(1)};
  Option<std::string> neonProducts{
      *this, "neon-products",
      llvm::cl::desc("Products of AArch64: base, dotprod or i8mm"),
      llvm::cl::init("")};
  Option<int64_t> byteDotBits{
      *this, "byte-dot-bits",
      llvm::cl::desc("Widest vector of vpdpbusd; 0: there is none"),
      llvm::cl::init(0)};
  Option<int64_t> vectorRegisters{*this, "vector-registers",
                                  llvm::cl::desc("Number of vector registers"),
                                  llvm::cl::init(16)};
  Option<int64_t> l1Bytes{*this, "l1-bytes",
                          llvm::cl::desc("Level-1 data cache"),
                          llvm::cl::init(32 << 10)};
  Option<int64_t> l2Bytes{*this, "l2-bytes",
                          llvm::cl::desc("Level-2 cache of one core"),
                          llvm::cl::init(512 << 10)};
  Option<std::string> costModel{*this, "cost-model",
                                llvm::cl::desc("See SelectSchedulePass")};
  /// Schedules that are not chosen, see SelectSchedulePass.
  Option<std::string> schedules{*this, "schedules",
                                llvm::cl::desc("A file of schedules")};
  Option<int64_t> schedulePoint{*this, "schedule-point",
                                llvm::cl::desc("Point of every space"),
                                llvm::cl::init(-1)};
  Option<int64_t> scheduleSeed{*this, "schedule-seed",
                               llvm::cl::desc("Draws a point of every space"),
                               llvm::cl::init(-1)};
  Option<std::string> tuningDatabase{*this, "tuning-database",
                                     llvm::cl::desc("Measured schedules")};
  Option<std::string> machine{*this, "machine",
                              llvm::cl::desc("What they were measured on")};
};

/// From linalg on tensors to kernels: fusion and grouping.
void buildGraphPipeline(mlir::OpPassManager &pm, const StageOptions &options);

/// Chooses a schedule for every kernel.
void buildSchedulePipeline(mlir::OpPassManager &pm,
                           const StageOptions &options);

/// From kernels in @main to kernel functions in modules of their own, and @main
/// on tensors. Weights leave @main after this and before the next.
void buildOutlinePipeline(mlir::OpPassManager &pm, const StageOptions &options);

/// From kernel functions to loops, and from @main to planned buffers.
void buildTilePipeline(mlir::OpPassManager &pm, const StageOptions &options);

/// From loops to functions with the runtime's calling convention. The nested
/// modules and @main may be merged in any way after this.
void buildAbiPipeline(mlir::OpPassManager &pm, const StageOptions &options);

/// From there to the LLVM dialect, in every nested module.
void buildLLVMPipeline(mlir::OpPassManager &pm, const StageOptions &options);

/// From the kernels of GPU modules, moved to a module of their own, to NVVM.
void buildGpuPipeline(mlir::OpPassManager &pm);

/// Registers every stage with the pass-pipeline parser.
void registerPipelines();

} // namespace tegula::pipeline

#endif // TEGULA_PIPELINE_PIPELINES_H
