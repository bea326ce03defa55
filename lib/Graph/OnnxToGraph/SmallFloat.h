//===- SmallFloat.h - Floats of 4 and 8 bits as integers --------*- C++ -*-===//
//
// LLVM has no code for these formats, so their bits, held in an i8, are decoded
// to f32 and encoded from it (to nearest even) with shifts and selects.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_GRAPH_ONNXTOGRAPH_SMALLFLOAT_H
#define TEGULA_LIB_GRAPH_ONNXTOGRAPH_SMALLFLOAT_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace tegula::graph {

/// Whether `element` is a float of fewer than 16 bits.
bool isSmallFloat(mlir::Type element);

/// How e8m0, which has no mantissa, rounds.
enum class ScaleRounding { Up, Down, Nearest };

/// The f32 value of the bits `stored` (i8) of the format `element`.
mlir::Value decodeSmallFloat(mlir::OpBuilder &b, mlir::Location loc,
                             mlir::Value stored, mlir::FloatType element);

/// The bits (i8) of the f32 `value` in the format `element`. What is too large
/// becomes the largest finite value if `saturate`, else infinity or NaN.
mlir::Value encodeSmallFloat(mlir::OpBuilder &b, mlir::Location loc,
                             mlir::Value value, mlir::FloatType element,
                             bool saturate = true,
                             ScaleRounding rounding = ScaleRounding::Up);

} // namespace tegula::graph

#endif // TEGULA_LIB_GRAPH_ONNXTOGRAPH_SMALLFLOAT_H
