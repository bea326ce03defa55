//===- Passes.h - Passes that every target uses -----------------*- C++ -*-===//

#ifndef TEGULA_TARGET_COMMON_PASSES_H
#define TEGULA_TARGET_COMMON_PASSES_H

#include "mlir/Pass/Pass.h"

namespace tegula::target {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "tegula/Target/Common/Passes.h.inc"

} // namespace tegula::target

#endif // TEGULA_TARGET_COMMON_PASSES_H
