//===- Convert.h - Scalars of one ONNX element type as another --*- C++ -*-===//

#ifndef TEGULA_LIB_GRAPH_ONNXTOGRAPH_CONVERT_H
#define TEGULA_LIB_GRAPH_ONNXTOGRAPH_CONVERT_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace tegula::graph {

/// `value`, in the compute type of the onnx type `from`, as one in the compute
/// type of the onnx type `to`. Defined for all values: integers wrap to fewer
/// bits; floats are truncated towards zero, NaN becomes 0, what is outside of
/// 64 (signed: 32) bits saturates there first. bool is "is not zero".
mlir::Value convertScalar(mlir::OpBuilder &b, mlir::Location loc,
                          mlir::Value value, mlir::Type from, mlir::Type to);

/// An f64 as f32 that can be rounded again to fewer bits without an error: to
/// odd.
mlir::Value truncateToOdd(mlir::OpBuilder &b, mlir::Location loc,
                          mlir::Value value);

/// round(value) + zero in the compute type of the quantised integer type `to`,
/// saturated; NaN becomes the lowest. `zero`, of that type, may be null.
mlir::Value quantiseScalar(mlir::OpBuilder &b, mlir::Location loc,
                           mlir::Value value, mlir::Value zero, mlir::Type to);

/// `value` (i8, any bits) cut to the range of a 4 or 2 bit integer type.
mlir::Value wrapNarrow(mlir::OpBuilder &b, mlir::Location loc,
                       mlir::Value value, mlir::Type element);

} // namespace tegula::graph

#endif // TEGULA_LIB_GRAPH_ONNXTOGRAPH_CONVERT_H
