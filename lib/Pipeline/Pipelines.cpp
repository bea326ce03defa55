//===- Pipelines.cpp - One pipeline per stage -----------------------------===//

#include "tegula/Pipeline/Pipelines.h"

#include "mlir/Conversion/NVGPUToNVVM/NVGPUToNVVM.h"
#include "mlir/Conversion/NVVMToLLVM/NVVMToLLVM.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Transforms/Passes.h"
#include "tegula/Graph/Transforms/Passes.h"
#include "tegula/LowPrecision/Transforms/Passes.h"
#include "tegula/Pipeline/Passes.h"
#include "tegula/Schedule/Transforms/Passes.h"
#include "tegula/Target/Common/Passes.h"
#include "tegula/Target/GPU/Passes.h"
#include "tegula/Tile/GraphToGpu/Passes.h"
#include "tegula/Tile/GraphToTile/Passes.h"
#include "tegula/Tile/Transforms/Passes.h"

using namespace mlir;
using namespace tegula::pipeline;

static void verify(OpPassManager &pm, const StageOptions &options,
                   StringRef stage) {
  if (options.verifyContract)
    pm.addPass(createVerifyContractPass({stage.str()}));
}

void tegula::pipeline::buildGraphPipeline(OpPassManager &pm,
                                          const StageOptions &options) {
  if (options.optimize) {
    // Constants and shapes fold first, so that fusion sees static sizes.
    pm.addNestedPass<func::FuncOp>(createCanonicalizerPass());
    pm.addNestedPass<func::FuncOp>(graph::createCollapseReshapesPass());
    pm.addNestedPass<func::FuncOp>(graph::createFuseElementwisePass());
    // What moves before a transpose may fuse with what computes its operand.
    pm.addNestedPass<func::FuncOp>(graph::createFoldTransposesPass());
    pm.addNestedPass<func::FuncOp>(graph::createCollapseReshapesPass());
    pm.addNestedPass<func::FuncOp>(graph::createFuseElementwisePass());
    pm.addNestedPass<func::FuncOp>(graph::createExpandGroupsPass());
    pm.addNestedPass<func::FuncOp>(createCSEPass());
  }
  pm.addNestedPass<func::FuncOp>(
      graph::createFormKernelsPass({/*fuse=*/bool(options.optimize),
                                    /*attention=*/!options.gpu}));
  verify(pm, options, "graph");
}

/// The options of a pass that asks the cost model.
template <typename Options>
static Options machineOptions(const StageOptions &options) {
  Options machine;
  machine.vectorBits = options.vectorBits;
  machine.vectorRegisters = options.vectorRegisters;
  machine.fusedMultiplyAdd = options.useFma;
  machine.l1Bytes = options.l1Bytes;
  machine.l2Bytes = options.l2Bytes;
  machine.costModel = options.costModel;
  return machine;
}

void tegula::pipeline::buildSchedulePipeline(OpPassManager &pm,
                                             const StageOptions &options) {
  // Without optimisation no kernel has a schedule: all become plain loops.
  if (!options.optimize)
    return;
  if (options.gpu) {
    sched::SelectGpuSchedulePassOptions gpu;
    gpu.multiprocessors = options.multiprocessors;
    gpu.warpgroups = options.warpgroups;
    pm.addPass(sched::createSelectGpuSchedulePass(gpu));
    verify(pm, options, "schedule");
    return;
  }
  pm.addNestedPass<func::FuncOp>(sched::createDissolveAttentionPass(
      machineOptions<sched::DissolveAttentionPassOptions>(options)));
  pm.addNestedPass<func::FuncOp>(
      graph::createFormKernelsPass({/*fuse=*/true, /*attention=*/false}));
  auto machine = machineOptions<sched::SelectSchedulePassOptions>(options);
  machine.dotRegisters = options.dotRegisters;
  machine.schedules = options.schedules;
  machine.point = options.schedulePoint;
  machine.seed = options.scheduleSeed;
  machine.tuningDatabase = options.tuningDatabase;
  machine.machine = options.machine;
  pm.addNestedPass<func::FuncOp>(sched::createSelectSchedulePass(machine));
  if (options.profile)
    pm.addNestedPass<func::FuncOp>(sched::createDescribeKernelsPass());
  verify(pm, options, "schedule");
}

void tegula::pipeline::buildOutlinePipeline(OpPassManager &pm,
                                            const StageOptions &options) {
  // Schedules say which layout of the constants they want.
  if (options.optimize) {
    const std::string neon = options.neonProducts;
    // Elsewhere products of bytes are exact as they are.
    if (options.byteDotBits == 0 && (neon.empty() || neon == "base"))
      pm.addPass(tile::createPackStepsPass());
    pm.addPass(tile::createPackWeightsPass());
  }
  pm.addPass(tile::createOutlineKernelsPass());
}

void tegula::pipeline::buildTilePipeline(OpPassManager &pm,
                                         const StageOptions &options) {
  pm.addNestedPass<func::FuncOp>(tile::createBufferizeEntryPass());
  // While a concatenation can be told from other kernels.
  if (options.optimize && !options.gpu)
    pm.addPass(tile::createPlaceConcatsPass());
  OpPassManager &kernels = pm.nest<ModuleOp>();
  if (options.gpu) {
    kernels.addNestedPass<func::FuncOp>(lp::createDecomposeDequantizePass());
    kernels.addNestedPass<func::FuncOp>(tile::createLowerGpuMatmulPass());
    kernels.addNestedPass<func::FuncOp>(tile::createLowerGpuRowsPass());
    kernels.addNestedPass<func::FuncOp>(tile::createLowerGpuPointsPass());
    kernels.addNestedPass<func::FuncOp>(tile::createLowerGpuLoopsPass());
    kernels.addPass(lp::createExpandDotPass());
    kernels.addPass(tile::createOutlineGpuKernelsPass());
    pm.addPass(tile::createPlanArenaPass());
    verify(pm, options, "tile");
    return;
  }
  if (options.optimize) {
    kernels.addNestedPass<func::FuncOp>(tile::createLowerContractionPass());
    kernels.addNestedPass<func::FuncOp>(tile::createLowerAttentionPass());
    kernels.addNestedPass<func::FuncOp>(tile::createLowerConvolutionPass());
    kernels.addNestedPass<func::FuncOp>(tile::createLowerFilterLanesPass());
    kernels.addNestedPass<func::FuncOp>(tile::createLowerWinogradPass());
    kernels.addNestedPass<func::FuncOp>(tile::createLowerDepthwisePass());
    kernels.addNestedPass<func::FuncOp>(tile::createLowerElementwisePass());
    kernels.addNestedPass<func::FuncOp>(tile::createLowerRowsPass());
  }
  // Every kernel that no family has taken.
  kernels.addNestedPass<func::FuncOp>(lp::createDecomposeDequantizePass());
  kernels.addNestedPass<func::FuncOp>(lp::createDecomposeSumStepsPass());
  kernels.addNestedPass<func::FuncOp>(
      tile::createDecomposeWinogradFilterPass());
  kernels.addNestedPass<func::FuncOp>(tile::createLowerLoopsPass());
  lp::ExpandDotPassOptions dot;
  dot.byteProductBits = options.byteProductBits;
  dot.byteDotBits = options.byteDotBits;
  dot.neon = options.neonProducts;
  kernels.addPass(lp::createExpandDotPass(dot));
  kernels.addNestedPass<func::FuncOp>(tile::createPlaceTemporariesPass());
  kernels.addPass(tile::createLowerTasksPass());
  // The scratch that kernels ask for is known now.
  pm.addPass(tile::createPlanArenaPass());
  verify(pm, options, "tile");
}

void tegula::pipeline::buildAbiPipeline(OpPassManager &pm,
                                        const StageOptions &options) {
  OpPassManager &kernels = pm.nest<ModuleOp>();
  target::ExpandMathPassOptions math;
  math.useFma = options.useFma;
  kernels.addPass(target::createExpandMathPass(math));
  kernels.addNestedPass<func::FuncOp>(createSCFToControlFlowPass());
  kernels.addPass(target::createLowerKernelPass({options.gpu}));
  // Failures return from the middle of the function: no nested regions.
  pm.addNestedPass<func::FuncOp>(target::createExpandMathPass(math));
  pm.addNestedPass<func::FuncOp>(createSCFToControlFlowPass());
  target::LowerEntryPassOptions entry;
  entry.onDevice = options.gpu;
  entry.profile = options.profile;
  pm.addPass(target::createLowerEntryPass(entry));
  if (options.gpu)
    pm.addPass(target::createLowerDevicePass());
}

void tegula::pipeline::buildGpuPipeline(OpPassManager &pm) {
  pm.addPass(target::createExpandMathPass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(target::createConvertGpuKernelsPass());
  pm.addPass(createConvertNVGPUToNVVMPass());
  pm.addPass(target::createConvertToLLVMPass());
  pm.addPass(createConvertNVVMToLLVMPass()); // Instructions without intrinsic.
}

void tegula::pipeline::buildLLVMPipeline(OpPassManager &pm,
                                         const StageOptions &options) {
  pm.addNestedPass<ModuleOp>(target::createConvertToLLVMPass());
  verify(pm, options, "target");
}

void tegula::pipeline::registerPipelines() {
  PassPipelineRegistration<StageOptions>("tegula-graph-pipeline",
                                         "linalg on tensors to kernels",
                                         buildGraphPipeline);
  PassPipelineRegistration<StageOptions>("tegula-outline-pipeline",
                                         "Kernels to functions of their own",
                                         buildOutlinePipeline);
  PassPipelineRegistration<StageOptions>(
      "tegula-tile-pipeline", "Kernel functions to loops, @main to buffers",
      buildTilePipeline);
  PassPipelineRegistration<StageOptions>(
      "tegula-abi-pipeline", "Loops to the runtime's calling convention",
      buildAbiPipeline);
  PassPipelineRegistration<StageOptions>("tegula-llvm-pipeline",
                                         "Nested modules to the LLVM dialect",
                                         buildLLVMPipeline);
}
