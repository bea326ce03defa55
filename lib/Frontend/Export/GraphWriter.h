//===- GraphWriter.h - Operations as ONNX protobufs -------------*- C++ -*-===//
//
// Private to the Frontend.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_FRONTEND_EXPORT_GRAPHWRITER_H
#define TEGULA_LIB_FRONTEND_EXPORT_GRAPHWRITER_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringSet.h"

#include "onnx/onnx_pb.h"

namespace tegula::frontend {

/// Writes operations of the onnx dialect as nodes. Values get names when they
/// are first met.
class GraphWriter {
public:
  /// Names that values get begin with `prefix`.
  explicit GraphWriter(std::string prefix) : prefix(std::move(prefix)) {}

  /// Gives `value` a name of its own; false when another value has it.
  bool setName(mlir::Value value, llvm::StringRef name);
  /// The name of `value`; empty for an absent one.
  std::string nameOf(mlir::Value value);

  /// `op` as a node, its regions as graphs.
  ::onnx::NodeProto node(mlir::Operation *op);
  /// The operations of `block` but for its terminator: weights as initialisers,
  /// or as Constants with `weightsAsNodes`, others as nodes.
  void appendBody(mlir::Block &block, ::onnx::GraphProto &graph,
                  bool weightsAsNodes = false);

  const llvm::DenseMap<mlir::Value, std::string> &names() const {
    return given;
  }

private:
  ::onnx::GraphProto graph(mlir::Region &region);

  std::string prefix;
  llvm::DenseMap<mlir::Value, std::string> given;
  llvm::StringSet<> taken;
  int64_t numFresh = 0;
};

/// `value` with all of its data.
::onnx::TensorProto wholeTensor(mlir::ElementsAttr value);

} // namespace tegula::frontend

#endif // TEGULA_LIB_FRONTEND_EXPORT_GRAPHWRITER_H
