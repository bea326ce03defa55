//===- ReadModel.h - Model files to protobufs -------------------*- C++ -*-===//
//
// Private to lib/Frontend/Import.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_FRONTEND_IMPORT_READMODEL_H
#define TEGULA_LIB_FRONTEND_IMPORT_READMODEL_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringRef.h"

#include "onnx/onnx_pb.h"

#include <memory>

namespace tegula::frontend {

/// A model as it was read. The bulk of its weights stays in the file.
struct ModelData {
  std::shared_ptr<::onnx::ModelProto> model =
      std::make_shared<::onnx::ModelProto>();
  /// Raw data of the initialisers of the main graph, by their index, that
  /// `model` does not hold. At any alignment.
  llvm::DenseMap<int, llvm::ArrayRef<char>> weights;
  /// Keeps `weights` alive.
  std::shared_ptr<const void> file;
};

/// Parses `bytes`. Raw data of at least `inPlaceBytes` bytes is left where it
/// is. False when the bytes are not a ModelProto.
bool parseModel(llvm::StringRef bytes, size_t inPlaceBytes, ModelData &data);

} // namespace tegula::frontend

#endif // TEGULA_LIB_FRONTEND_IMPORT_READMODEL_H
