//===- Passes.h - From onnx operators to linalg on tensors ------*- C++ -*-===//

#ifndef TEGULA_GRAPH_ONNXTOGRAPH_PASSES_H
#define TEGULA_GRAPH_ONNXTOGRAPH_PASSES_H

#include "tegula/Graph/OnnxToGraph/ConvertOptions.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

#include <string>
#include <vector>

namespace tegula::graph {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "tegula/Graph/OnnxToGraph/Passes.h.inc"

/// An operator that could not be lowered, and why.
struct UnsupportedOp {
  mlir::Operation *op;
  std::string reason;
};

/// Lowers every onnx operator of `module` that can be; the others stay and are
/// returned, in order.
std::vector<UnsupportedOp> convertOnnx(mlir::ModuleOp module,
                                       const ConvertOptions &options = {});

/// Whether the operator named `name` ("Gemm", "ml.Scaler") has a pattern of its
/// own here. Others may still be inlined from ONNX's function bodies.
bool hasLowering(llvm::StringRef name);

} // namespace tegula::graph

#endif // TEGULA_GRAPH_ONNXTOGRAPH_PASSES_H
