//===- Registration.cpp - All dialects and passes of Tegula ---------------===//

#include "tegula/Pipeline/Registration.h"

void tegula::pipeline::registerTegulaDialects(mlir::DialectRegistry &registry) {
}

void tegula::pipeline::registerTegulaPasses() {}
