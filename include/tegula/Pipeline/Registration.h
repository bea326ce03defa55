//===- Registration.h - All dialects and passes of Tegula -------*- C++ -*-===//

#ifndef TEGULA_PIPELINE_REGISTRATION_H
#define TEGULA_PIPELINE_REGISTRATION_H

#include "mlir/IR/DialectRegistry.h"

namespace tegula::pipeline {

/// Adds Tegula's own dialects, and the interfaces that they need, to
/// `registry`. Upstream dialects are not added.
void registerTegulaDialects(mlir::DialectRegistry &registry);

/// Registers every pass and pipeline of Tegula with the textual pass-pipeline
/// parser, for tegula-opt.
void registerTegulaPasses();

} // namespace tegula::pipeline

#endif // TEGULA_PIPELINE_REGISTRATION_H
