//===- ElementType.h - What memory holds and what is computed ---*- C++ -*-===//
//
// An ONNX element type has two MLIR types below the Frontend:
//
//   ONNX        stored as   computed as
//   bool        i8 (0, 1)   i1
//   int8 uint8  i8          i8          (the operation knows the sign)
//   float16     f16         f32
//   bfloat16    bf16        f32
//   float8*, float4, e8m0   i8 (bits)   f32
//   int4 uint4 int2 uint2   i8 (value)  i8
//   others      themselves, signless
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_GRAPH_ONNXTOGRAPH_ELEMENTTYPE_H
#define TEGULA_LIB_GRAPH_ONNXTOGRAPH_ELEMENTTYPE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace tegula::graph {

/// The type in memory of an element of the onnx type `element`; null for
/// strings, which Tegula does not store.
mlir::Type storageType(mlir::Type element);

/// The type that arithmetic on elements of the onnx type `element` uses.
mlir::Type computeType(mlir::Type element);

/// Whether the onnx type `element` is an unsigned integer or bool.
bool isUnsignedElement(mlir::Type element);

/// A stored element as one to compute with, and back (rounding once to
/// nearest even; integers wrap).
mlir::Value toCompute(mlir::OpBuilder &b, mlir::Location loc,
                      mlir::Value stored, mlir::Type element);
mlir::Value toStorage(mlir::OpBuilder &b, mlir::Location loc,
                      mlir::Value computed, mlir::Type element);

/// A constant of computeType(element).
mlir::Value constantOf(mlir::OpBuilder &b, mlir::Location loc,
                       mlir::Type element, double value);

/// The element that loses against every other in a maximum (lowest) or a
/// minimum: infinities for floats, the limits of the integer type; compute
/// type.
mlir::Value lowestOf(mlir::OpBuilder &b, mlir::Location loc,
                     mlir::Type element);
mlir::Value highestOf(mlir::OpBuilder &b, mlir::Location loc,
                      mlir::Type element);

} // namespace tegula::graph

#endif // TEGULA_LIB_GRAPH_ONNXTOGRAPH_ELEMENTTYPE_H
