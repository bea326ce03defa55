//===- ShapeInference.h - Types of an onnx op's results ---------*- C++ -*-===//
//
// ONNX's own inference functions, run on operations of the dialect: nothing is
// said twice about what an operator returns. Values of shapes that are only
// partly known (`Concat(Shape(x)[0], 64)`) are followed by ONNX's data
// propagation, so that `Reshape` knows its static dimensions.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_FRONTEND_IR_SHAPEINFERENCE_H
#define TEGULA_FRONTEND_IR_SHAPEINFERENCE_H

#include "mlir/IR/Operation.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>
#include <string>

namespace tegula::onnx {

/// The types of the results of `op` as ONNX infers them from its operands,
/// attributes and regions; `present` says which outputs the node names (all
/// when empty). A result of unknown type is null. Fails when ONNX finds the op
/// ill-typed: with the reason in `message`, or with an error diagnostic on the
/// op when that is null.
llvm::FailureOr<llvm::SmallVector<mlir::Type>>
inferResultTypes(mlir::Operation *op, llvm::ArrayRef<bool> present = {},
                 std::string *message = nullptr);

/// What is known of the elements of an integer scalar or vector that computes
/// shapes: a value, or nothing for an element only known at run time. Nothing
/// at all when `value` is not such a computation.
std::optional<llvm::SmallVector<std::optional<int64_t>>>
partialShapeValue(mlir::Value value);

/// ONNX's element type number (TensorProto.DataType) of an element type of the
/// dialect, and back; 0 and null for what has none.
int32_t elementTypeNumber(mlir::Type elementType);
mlir::Type elementTypeOf(int32_t number, mlir::MLIRContext *context);

} // namespace tegula::onnx

#endif // TEGULA_FRONTEND_IR_SHAPEINFERENCE_H
