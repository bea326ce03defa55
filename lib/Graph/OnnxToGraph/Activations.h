//===- Activations.h - Activation functions of recurrent cells --*- C++ -*-===//

#ifndef TEGULA_LIB_GRAPH_ONNXTOGRAPH_ACTIVATIONS_H
#define TEGULA_LIB_GRAPH_ONNXTOGRAPH_ACTIVATIONS_H

#include "mlir/IR/Builders.h"

namespace tegula::graph {

/// An activation as the attribute `activations` names it.
struct Activation {
  enum class Kind {
    Affine,
    Elu,
    HardSigmoid,
    LeakyRelu,
    Relu,
    ScaledTanh,
    Sigmoid,
    Softplus,
    Softsign,
    Tanh,
    ThresholdedRelu
  };
  Kind kind = Kind::Tanh;
  double alpha = 0, beta = 0;

  bool operator==(const Activation &other) const {
    return kind == other.kind && alpha == other.alpha && beta == other.beta;
  }
};

/// The activation of this name (in any case) with its default alpha and beta;
/// nothing for an unknown name.
std::optional<Activation> activationNamed(llvm::StringRef name);

/// Applies it to an f32.
mlir::Value activate(mlir::OpBuilder &b, mlir::Location loc,
                     const Activation &activation, mlir::Value x);

} // namespace tegula::graph

#endif // TEGULA_LIB_GRAPH_ONNXTOGRAPH_ACTIVATIONS_H
