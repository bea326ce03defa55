//===- ImportModel.h - ONNX files to the onnx dialect -----------*- C++ -*-===//
//
// Reads a model of any operator set and leaves a module with one function:
//
//   func.func @main(%arg0: tensor<?x3xf32> {onnx.name = "x",
//                                            onnx.dims = ["batch", ""]})
//       -> (tensor<?x8xf32> {onnx.name = "y", onnx.dims = ["batch", ""]}) {
//     %w = onnx.Weight dense_resource<w> : tensor<3x8xf32>
//     %y = "onnx.MatMul"(%arg0, %w) : ...
//     return %y : tensor<?x8xf32>
//   }
//
// A model is untrusted input: every failure is a diagnostic on the context that
// names the node, what was expected and what was found.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_FRONTEND_IMPORTMODEL_H
#define TEGULA_FRONTEND_IMPORTMODEL_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringMap.h"

#include <cstdint>
#include <string>

namespace tegula::frontend {

/// What a model may ask for before it is refused. Zero is not "no limit".
struct ImportLimits {
  /// Bytes of the model file itself; protobuf allows no more than 2 GiB.
  int64_t modelBytes = int64_t(1) << 31;
  /// Elements of one tensor.
  int64_t tensorElements = int64_t(1) << 36;
  int64_t nodes = 1000000;
  int64_t inputsPerNode = 10000;
  int64_t functions = 10000;
  /// How deep functions may call functions and graphs hold graphs.
  int64_t callDepth = 100;
  int64_t graphDepth = 32;
  int64_t nameBytes = 65536;
  int64_t rank = 32;
};

struct ImportOptions {
  ImportLimits limits;
  /// Extents for symbolic dimensions, by name: {"batch": 1}. They become
  /// static. A name that the model does not have is an error.
  llvm::StringMap<int64_t> dims;
  /// Name of the model in messages and artifacts; empty takes the file's stem.
  std::string name;
};

/// Imports the file at `path`. External data is read from the directory of the
/// file only. Null after an error diagnostic.
mlir::OwningOpRef<mlir::ModuleOp> importModelFile(llvm::StringRef path,
                                                  const ImportOptions &options,
                                                  mlir::MLIRContext *context);

/// Imports a model held in memory, which may not refer to external data.
mlir::OwningOpRef<mlir::ModuleOp> importModelBytes(llvm::StringRef bytes,
                                                   const ImportOptions &options,
                                                   mlir::MLIRContext *context);

} // namespace tegula::frontend

#endif // TEGULA_FRONTEND_IMPORTMODEL_H
