//===- OnnxProto.h - Dialect values as ONNX protobufs -----------*- C++ -*-===//
//
// Private to the Frontend: what ONNX's inference functions want to see.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_FRONTEND_IR_ONNXPROTO_H
#define TEGULA_LIB_FRONTEND_IR_ONNXPROTO_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

#include "onnx/onnx_pb.h"

namespace tegula::onnx {

/// `type` as ONNX has it; a dynamic dimension has neither value nor name.
::onnx::TypeProto typeToProto(mlir::Type type);

/// The dialect's type for `proto`; null where nothing is known, an unranked
/// tensor where only the element type is.
mlir::Type typeFromProto(const ::onnx::TypeProto &proto,
                         mlir::MLIRContext *context);

/// Shape, element type and, up to `maxElements`, the data of `value`.
::onnx::TensorProto tensorToProto(mlir::ElementsAttr value,
                                  int64_t maxElements);

/// `attribute` named `name`; tensors without data beyond 4,096 elements.
::onnx::AttributeProto attributeToProto(llvm::StringRef name,
                                        mlir::Attribute attribute);

} // namespace tegula::onnx

#endif // TEGULA_LIB_FRONTEND_IR_ONNXPROTO_H
