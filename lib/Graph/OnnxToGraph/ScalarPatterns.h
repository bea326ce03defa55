//===- ScalarPatterns.h - Operators that are one scalar body ----*- C++ -*-===//

#ifndef TEGULA_LIB_GRAPH_ONNXTOGRAPH_SCALARPATTERNS_H
#define TEGULA_LIB_GRAPH_ONNXTOGRAPH_SCALARPATTERNS_H

#include "Patterns.h"

namespace tegula::graph {

/// A scalar body: the onnx element type of the inputs, then the operands.
using Scalar = mlir::Value (*)(mlir::OpBuilder &, mlir::Location,
                               mlir::Type element, mlir::ValueRange);

/// A scalar body that reads attributes of its operator.
template <typename Op>
using ScalarOf = mlir::Value (*)(Op, mlir::OpBuilder &, mlir::Location,
                                 mlir::Type element, mlir::ValueRange);

inline bool isFloat(mlir::Type element) {
  return llvm::isa<mlir::FloatType>(element);
}

/// What patterns of scalar bodies have in common.
template <typename Op>
struct ScalarPattern : OnnxPattern<Op> {
  using OnnxPattern<Op>::OnnxPattern;
  using typename OnnxPattern<Op>::Adaptor;

protected:
  llvm::SmallVector<TypedTensor> typedOperands(Op op, Adaptor in) const {
    llvm::SmallVector<TypedTensor> typed;
    for (auto [original, lowered] :
         llvm::zip_equal(op->getOperands(), in.getOperands()))
      typed.push_back({lowered, this->elementOf(original)});
    return typed;
  }
};

/// Any operator whose results are a scalar body of its operands.
template <typename Op, Scalar body>
struct LowerScalar : ScalarPattern<Op> {
  using ScalarPattern<Op>::ScalarPattern;
  using typename ScalarPattern<Op>::Adaptor;

  Lowered lower(Op op, Adaptor in, mlir::OpBuilder &b) const override {
    llvm::SmallVector<TypedTensor> inputs = this->typedOperands(op, in);
    mlir::Type element = inputs.back().element;
    mlir::Value result = elementwise(
        b, op->getLoc(), inputs, this->elementOf(op->getResult(0)),
        [&](mlir::OpBuilder &b, mlir::Location loc, mlir::ValueRange x) {
          return body(b, loc, element, x);
        });
    return llvm::SmallVector<mlir::Value>{result};
  }
};

/// Max, Min, Sum, Mean: a variadic chain of a binary body.
template <typename Op, Scalar body, bool mean = false>
struct LowerVariadic : OnnxPattern<Op> {
  using OnnxPattern<Op>::OnnxPattern;
  using typename OnnxPattern<Op>::Adaptor;

  Lowered lower(Op op, Adaptor in, mlir::OpBuilder &b) const override {
    mlir::Type element = this->elementOf(op->getResult(0));
    llvm::SmallVector<TypedTensor> inputs;
    for (mlir::Value value : in.getOperands())
      inputs.push_back({value, element});
    if (inputs.empty())
      return this->refuse(op, "there is no input");
    mlir::Value result = elementwise(
        b, op->getLoc(), inputs, element,
        [&](mlir::OpBuilder &b, mlir::Location loc, mlir::ValueRange x) {
          mlir::Value value = x[0];
          for (mlir::Value next : x.drop_front())
            value = body(b, loc, element, mlir::ValueRange{value, next});
          if (mean)
            value = mlir::arith::DivFOp::create(
                b, loc, value, constantOf(b, loc, element, x.size()));
          return value;
        });
    return llvm::SmallVector<mlir::Value>{result};
  }
};

/// LowerScalar for operators with attributes.
template <typename Op, ScalarOf<Op> body>
struct LowerScalarOf : ScalarPattern<Op> {
  using ScalarPattern<Op>::ScalarPattern;
  using typename ScalarPattern<Op>::Adaptor;

  Lowered lower(Op op, Adaptor in, mlir::OpBuilder &b) const override {
    llvm::SmallVector<TypedTensor> inputs = this->typedOperands(op, in);
    mlir::Type element = inputs.front().element;
    mlir::Value result = elementwise(
        b, op->getLoc(), inputs, this->elementOf(op->getResult(0)),
        [&](mlir::OpBuilder &b, mlir::Location loc, mlir::ValueRange x) {
          return body(op, b, loc, element, x);
        });
    return llvm::SmallVector<mlir::Value>{result};
  }
};

} // namespace tegula::graph

#endif // TEGULA_LIB_GRAPH_ONNXTOGRAPH_SCALARPATTERNS_H
