//===- Onnx.h - The onnx dialect --------------------------------*- C++ -*-===//

#ifndef TEGULA_FRONTEND_IR_ONNX_H
#define TEGULA_FRONTEND_IR_ONNX_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "tegula/Frontend/IR/OnnxDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "tegula/Frontend/IR/OnnxTypes.h.inc"

#define GET_OP_CLASSES
#include "tegula/Frontend/IR/OnnxOps.h.inc"

namespace tegula::onnx {

/// Whether `value` stands for an input that the node leaves out.
inline bool isAbsent(mlir::Value value) {
  return llvm::isa<mlir::NoneType>(value.getType());
}

/// ONNX's operator name of `op` without its prefix: "Gemm" for `onnx.Gemm`.
llvm::StringRef operatorName(mlir::Operation *op);

/// ONNX's domain of `op`: "" for `onnx.Gemm`, "ai.onnx.ml" for
/// `onnx.ml.Binarizer`, the attribute of `onnx.Custom`.
llvm::StringRef operatorDomain(mlir::Operation *op);

/// The constant data of `value` when it is a weight or a constant, else null.
mlir::ElementsAttr constantData(mlir::Value value);

/// The operator set of ONNX's own domain, or of another, that the dialect
/// holds: imported models are brought to it. 1 for domains that ONNX does not
/// know.
int64_t newestOpset(llvm::StringRef domain = "");

} // namespace tegula::onnx

#endif // TEGULA_FRONTEND_IR_ONNX_H
