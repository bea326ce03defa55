//===- Products.h - Matrix products and convolutions, unrounded -*- C++ -*-===//
//
// What MatMul, Conv and their quantised variants share: sums of products in the
// compute type of an onnx element type, not yet stored.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_GRAPH_ONNXTOGRAPH_PRODUCTS_H
#define TEGULA_LIB_GRAPH_ONNXTOGRAPH_PRODUCTS_H

#include "Windows.h"

namespace tegula::graph {

/// What a product sums: products of elements, or lp.dot of i32 elements that
/// hold two 16-bit integers each (Pairs.h) or lp.dot_bytes of four bytes
/// (Quads.h).
enum class Terms { Products, Pairs, Quads };

/// NumPy's matmul of stored operands of the onnx type `element`; failure when
/// one is a scalar. Of pairs and quads `element` is i32.
llvm::FailureOr<mlir::Value> matrixProduct(mlir::OpBuilder &b,
                                           mlir::Location loc, mlir::Value a,
                                           mlir::Value w, mlir::Type element,
                                           Terms terms = Terms::Products);

/// The convolution of `x` [N, C, ...], padded with zeros, and the filters `w`
/// [F, C / groups, ...]; an error text for operands or attributes that do not
/// fit.
llvm::Expected<mlir::Value> convolution(mlir::OpBuilder &b, mlir::Location loc,
                                        mlir::Value x, mlir::Value w,
                                        const WindowAttributes &attributes,
                                        int64_t groups, mlir::Type element,
                                        Terms terms = Terms::Products);

} // namespace tegula::graph

#endif // TEGULA_LIB_GRAPH_ONNXTOGRAPH_PRODUCTS_H
