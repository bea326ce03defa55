//===- ConstantTensor.h - Tensors whose elements are known ------*- C++ -*-===//
//
// Private to lib/Frontend/Transforms: constants as the folding evaluators see
// them. Every element takes a whole number of bytes; a bool is one byte.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_FRONTEND_TRANSFORMS_CONSTANTTENSOR_H
#define TEGULA_LIB_FRONTEND_TRANSFORMS_CONSTANTTENSOR_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"

#include <optional>
#include <string>
#include <vector>

namespace tegula::frontend {

/// Bytes of one element, nothing for strings and types unknown to folding.
std::optional<int64_t> elementBytes(mlir::Type element);

/// Bytes of a static tensor; nothing when the product overflows.
std::optional<int64_t> tensorBytes(mlir::Type type);

/// A constant operand. Its bytes lie in the attribute, or in `own` when the
/// attribute holds them in another form.
class ConstantTensor {
public:
  /// Nothing for strings, and where the data of an attribute that is no
  /// resource would have more than `maxBytes`.
  static std::optional<ConstantTensor> get(mlir::ElementsAttr attribute,
                                           int64_t maxBytes);

  mlir::RankedTensorType type;
  llvm::ArrayRef<int64_t> shape() const { return type.getShape(); }
  int64_t rank() const { return type.getRank(); }
  int64_t count() const { return type.getNumElements(); }
  mlir::Type element() const { return type.getElementType(); }
  llvm::ArrayRef<char> bytes() const {
    return own ? llvm::ArrayRef(own->data(), own->size()) : held;
  }

  /// The elements as numbers of type T: float (which f16 and bf16 widen to),
  /// double, int64_t or uint64_t.
  template <typename T>
  std::vector<T> values() const;

private:
  std::shared_ptr<const std::string> own;
  llvm::ArrayRef<char> held;
};

/// The bytes of `values` as elements of `element`: integers wrap, floats are
/// rounded to nearest even.
template <typename T>
std::string packed(llvm::ArrayRef<T> values, mlir::Type element);

/// `bytes` as an attribute: in line when short, as a resource otherwise.
mlir::ElementsAttr constantAttribute(mlir::RankedTensorType type,
                                     std::string bytes);

/// Calls `function` with a value of the type that arithmetic on `element` is
/// done in; false for types without arithmetic here.
template <typename Function>
bool withArithmetic(mlir::Type element, Function function) {
  if (element.isF32() || element.isF16() || element.isBF16())
    return function(float());
  if (element.isF64())
    return function(double());
  auto integer = llvm::dyn_cast<mlir::IntegerType>(element);
  if (!integer || (integer.getWidth() < 8 && integer.getWidth() != 1))
    return false;
  if (integer.isUnsigned() || integer.getWidth() == 1)
    return function(uint64_t());
  return function(int64_t());
}

/// Row-major strides in elements.
llvm::SmallVector<int64_t> stridesOf(llvm::ArrayRef<int64_t> shape);

/// One operation being evaluated.
struct Evaluation {
  mlir::Operation *op;
  /// Absent operands are nothing.
  llvm::SmallVector<std::optional<ConstantTensor>> inputs;
  /// The types of the results, all static but where `typed` says otherwise.
  llvm::SmallVector<mlir::RankedTensorType> types;
  /// What the evaluator fills: the bytes of each result.
  llvm::SmallVector<std::string> outputs;

  bool has(size_t index) const {
    return index < inputs.size() && inputs[index];
  }
  const ConstantTensor &input(size_t index) const { return *inputs[index]; }
  int64_t integer(llvm::StringRef name, int64_t otherwise) const;
  std::optional<llvm::SmallVector<int64_t>>
  integers(llvm::StringRef name) const;
  /// An integer operand as numbers; nothing when it is absent or no integers.
  std::optional<std::vector<int64_t>> numbers(size_t index) const;
};

/// Evaluates an operation; false leaves it to the compiled model.
using Evaluator = bool (*)(Evaluation &evaluation);

struct EvaluatorRow {
  const char *op;
  Evaluator evaluate;
};

llvm::ArrayRef<EvaluatorRow> elementwiseEvaluators();
llvm::ArrayRef<EvaluatorRow> movementEvaluators();
llvm::ArrayRef<EvaluatorRow> indexingEvaluators();
llvm::ArrayRef<EvaluatorRow> reductionEvaluators();

} // namespace tegula::frontend

#endif // TEGULA_LIB_FRONTEND_TRANSFORMS_CONSTANTTENSOR_H
