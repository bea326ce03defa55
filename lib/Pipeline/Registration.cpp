//===- Registration.cpp - All dialects and passes of Tegula ---------------===//

#include "tegula/Pipeline/Registration.h"

#include "tegula/Frontend/IR/Onnx.h"
#include "tegula/Graph/IR/Graph.h"
#include "tegula/Graph/OnnxToGraph/Passes.h"
#include "tegula/Target/Common/Passes.h"
#include "tegula/Schedule/IR/Sched.h"
#include "tegula/Tile/GraphToTile/Passes.h"

void tegula::pipeline::registerTegulaDialects(mlir::DialectRegistry &registry) {
  registry.insert<graph::GraphDialect, onnx::OnnxDialect,
                  sched::SchedDialect>();
}

void tegula::pipeline::registerTegulaPasses() {
  graph::registerTegulaOnnxToGraphPasses();
  target::registerTegulaTargetCommonPasses();
  tile::registerTegulaGraphToTilePasses();
}
