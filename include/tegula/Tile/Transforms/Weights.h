//===- Weights.h - The weight blob of a model -------------------*- C++ -*-===//

#ifndef TEGULA_TILE_TRANSFORMS_WEIGHTS_H
#define TEGULA_TILE_TRANSFORMS_WEIGHTS_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <deque>
#include <vector>

namespace tegula::tile {

/// The name of the external symbol that compiled code reads weights from.
inline constexpr llvm::StringLiteral kWeightsSymbol = "tegula_weights";

/// Every entry of the blob starts at a multiple of this many bytes.
inline constexpr int64_t kWeightAlignment = 64;

/// The layout of the weight blob. Entries are sorted by offset and do not
/// overlap; the gaps between them are zero. The bytes belong to the attributes
/// of the MLIR context (they are not copied), or to `owned` for constants that
/// have no dense form there, so the context must outlive this object.
struct WeightBlob {
  struct Entry {
    int64_t offset;
    llvm::ArrayRef<char> bytes;
  };
  std::vector<Entry> entries;
  std::deque<std::vector<char>> owned;
  /// Total size in bytes, a multiple of kWeightAlignment.
  int64_t size = 0;
};

/// Replaces the tensor constants of the functions of `module` (not of nested
/// modules) by views of the weights symbol and returns what it must contain.
/// Fails with a diagnostic on a constant whose bytes are not available.
llvm::FailureOr<WeightBlob> externalizeWeights(mlir::ModuleOp module);

} // namespace tegula::tile

#endif // TEGULA_TILE_TRANSFORMS_WEIGHTS_H
