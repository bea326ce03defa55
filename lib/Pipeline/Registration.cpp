//===- Registration.cpp - All dialects and passes of Tegula ---------------===//

#include "tegula/Pipeline/Registration.h"

#include "tegula/Frontend/IR/Onnx.h"
#include "tegula/Frontend/Transforms/Passes.h"
#include "tegula/Graph/IR/Graph.h"
#include "tegula/Graph/OnnxToGraph/Passes.h"
#include "tegula/Graph/Transforms/Passes.h"
#include "tegula/LowPrecision/IR/LowPrecision.h"
#include "tegula/LowPrecision/Transforms/Passes.h"
#include "tegula/Pipeline/Passes.h"
#include "tegula/Pipeline/Pipelines.h"
#include "tegula/Schedule/IR/Sched.h"
#include "tegula/Schedule/Transforms/Passes.h"
#include "tegula/Target/Common/Passes.h"
#include "tegula/Target/Common/Translate.h"
#include "tegula/Target/GPU/Passes.h"
#include "tegula/Tile/GraphToGpu/Passes.h"
#include "tegula/Tile/GraphToTile/Passes.h"
#include "tegula/Tile/Transforms/Passes.h"

void tegula::pipeline::registerTegulaDialects(mlir::DialectRegistry &registry) {
  registry.insert<graph::GraphDialect, lp::LowPrecisionDialect,
                  onnx::OnnxDialect, sched::SchedDialect>();
  registry.insert<mlir::gpu::GPUDialect, mlir::NVVM::NVVMDialect>();
  tile::registerBufferizationModels(registry);
  target::registerTranslation(registry);
}

void tegula::pipeline::registerTegulaPasses() {
  frontend::registerTegulaFrontendTransformsPasses();
  frontend::registerTegulaFrontendPipeline();
  graph::registerTegulaOnnxToGraphPasses();
  graph::registerTegulaGraphTransformsPasses();
  lp::registerTegulaLowPrecisionTransformsPasses();
  sched::registerTegulaScheduleTransformsPasses();
  tile::registerTegulaGraphToTilePasses();
  tile::registerTegulaTileTransformsPasses();
  tile::registerTegulaGraphToGpuPasses();
  target::registerTegulaTargetCommonPasses();
  target::registerTegulaTargetGpuPasses();
  registerTegulaPipelinePasses();
  registerPipelines();
}
