//===- ConstantFolder.h - Folding of onnx operations ------------*- C++ -*-===//
//
// Private to lib/Frontend/Transforms.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_FRONTEND_TRANSFORMS_CONSTANTFOLDER_H
#define TEGULA_LIB_FRONTEND_TRANSFORMS_CONSTANTFOLDER_H

#include "tegula/Frontend/IR/Onnx.h"

#include "llvm/ADT/DenseMap.h"

#include <string>

namespace tegula::frontend {

/// Folds operations in program order, refining their types as it goes.
class ConstantFolder {
public:
  /// A result has at most `resultBytes`; all prepared weights together have at
  /// most `weightBytes`.
  ConstantFolder(int64_t resultBytes, int64_t weightBytes)
      : resultBytes(resultBytes), weightBytes(weightBytes) {}

  /// Folds the operations of a region. `mayFail` as in refineTypes.
  mlir::LogicalResult foldRegion(mlir::Region &region, bool mayFail);

private:
  mlir::LogicalResult foldOp(mlir::Operation *op, bool mayFail);
  /// Folds `op` and what stands behind it in its block.
  mlir::LogicalResult foldFrom(mlir::Operation *op, bool mayFail);

  bool reshapeWeight(mlir::Operation *op);
  bool evaluate(mlir::Operation *op);
  bool foldShape(mlir::Operation *op);
  bool replace(mlir::Operation *op, llvm::ArrayRef<mlir::ElementsAttr> values);

  /// An If gives way to the branch that it takes. FoldBranches.cpp.
  bool takeKnownBranch(onnx::IfOp op);
  /// One whose other branch is an error gives way to a check and a branch.
  bool takeOnlyPossibleBranch(onnx::IfOp op);
  /// What ONNX says of the operations behind `op` when it takes a branch; empty
  /// when it has no objection.
  std::string objection(onnx::IfOp op, bool taken);

  /// Bytes that the results of `op` may have.
  int64_t budget(mlir::Operation *op, int64_t inputBytes) const;

  int64_t resultBytes, weightBytes;
  /// How many more Ifs may be tried out both ways.
  unsigned numTrials = 64;
  /// Regions that hold an operation which always fails, and why it does.
  llvm::DenseMap<mlir::Region *, std::string> illFormed;
};

} // namespace tegula::frontend

#endif // TEGULA_LIB_FRONTEND_TRANSFORMS_CONSTANTFOLDER_H
