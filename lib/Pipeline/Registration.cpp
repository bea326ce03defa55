//===- Registration.cpp - All dialects and passes of Tegula ---------------===//

#include "tegula/Pipeline/Registration.h"

#include "tegula/Graph/IR/Graph.h"

void tegula::pipeline::registerTegulaDialects(mlir::DialectRegistry &registry) {
  registry.insert<graph::GraphDialect>();
}

void tegula::pipeline::registerTegulaPasses() {}
