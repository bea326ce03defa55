//===- EmitElementwise.h - Elementwise code at one point --------*- C++ -*-===//
//
// Elementwise bodies are vectorised in one place for every family: here. A
// family's lowering builds the loops and asks for the value of a tensor at a
// point; this emits the loads and the arithmetic that make it.
//
// Example: with `lanes = 8`, and
//   %s = linalg.generic (d0, d1) ins(%x (d0, d1), %bias (d1)) { x + bias }
// emit(%s, [Scalar %i, Lanes %j]) makes
//   %0 = vector.load %x[%i, %j]; %1 = vector.load %bias[%j]
//   %2 = arith.addf %0, %1 : vector<8xf32>
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_TILE_GRAPHTOTILE_EMITELEMENTWISE_H
#define TEGULA_TILE_GRAPHTOTILE_EMITELEMENTWISE_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"

#include <functional>

namespace tegula::tile {

/// One coordinate of a point of a tensor.
struct Coord {
  enum Kind {
    /// One index.
    Scalar,
    /// Lane l stands at `base + l * stride`.
    Lanes,
    /// The dimension is folded into the next one, whose coordinate counts
    /// through both: a tensor<4x8> seen as tensor<32>.
    Folded
  };
  Kind kind = Scalar;
  mlir::Value base;
  int64_t stride = 1;

  static Coord scalar(mlir::Value base) { return {Scalar, base, 1}; }
  static Coord lanes(mlir::Value base) { return {Lanes, base, 1}; }
  static Coord folded() { return {Folded, mlir::Value(), 1}; }
  bool operator==(const Coord &other) const {
    return kind == other.kind && base == other.base && stride == other.stride;
  }
};

/// One access to a tensor that is not computed here: which result dimension of
/// the traced tensor each of its dimensions follows, or one of the negatives.
struct TensorAccess {
  static constexpr int64_t kConstant = -1; ///< The same index everywhere.
  static constexpr int64_t kComplex = -2;  ///< Anything else.
  mlir::Value tensor;                      ///< Null: a use as loop number.
  llvm::SmallVector<int64_t> dims;
};

class ElementwiseEmitter {
public:
  using Coords = llvm::ArrayRef<Coord>;
  using Source =
      std::function<mlir::Value(mlir::OpBuilder &, mlir::Location, Coords)>;

  /// `lanes` == 1 emits scalar code.
  explicit ElementwiseEmitter(int64_t lanes) : lanes(lanes) {}

  /// Points after the next beginPoint have so many lanes.
  void setLanes(int64_t count) { lanes = count; }
  int64_t getLanes() const { return lanes; }

  /// `tensor` lies in `memref`, dense and row-major.
  void bindMemory(mlir::Value tensor, mlir::Value memref);
  /// `source` makes the value of `tensor` (accumulators, packed panels, ...).
  void bindSource(mlir::Value tensor, Source source);
  void unbindSource(mlir::Value tensor) { sources.erase(tensor); }
  bool isBound(mlir::Value tensor) const;
  mlir::Value getMemory(mlir::Value tensor) const {
    return memory.lookup(tensor);
  }

  /// All accesses to bound tensors that the value of `tensor` needs. Fails with
  /// a reason on the first operation that emit() cannot do.
  llvm::FailureOr<llvm::SmallVector<TensorAccess>>
  trace(mlir::Value tensor, std::string *reason = nullptr) const;

  /// Starts a new point: values are shared within one point only, and `mask`
  /// (a vector<lanes x i1>, or null for all lanes) says which lanes are loaded
  /// and stored.
  void beginPoint(mlir::Value mask);
  mlir::Value getMask() const { return mask; }

  /// The value of `tensor` at `coords`: a vector if any lane differs, else a
  /// scalar. The insertion point must stay in one block between beginPoint and
  /// the last emit.
  mlir::Value emit(mlir::OpBuilder &builder, mlir::Location loc,
                   mlir::Value tensor, Coords coords);

  /// As emit, and always a vector (a scalar for `lanes` == 1).
  mlir::Value emitVector(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::Value tensor, Coords coords);

  /// Stores `value` at `coords` of a dense row-major `memref` under the mask.
  void store(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
             mlir::Value memref, Coords coords);

  /// Loads from a dense row-major `memref` under the mask.
  mlir::Value load(mlir::OpBuilder &builder, mlir::Location loc,
                   mlir::Value memref, Coords coords);

  /// `value` as a vector of all lanes.
  mlir::Value broadcast(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value value) const;

  /// Clones the computation of `results` in the scalar body of `op`, on values
  /// (scalars or vectors) for its block arguments and on the loops'
  /// coordinates.
  llvm::SmallVector<mlir::Value>
  cloneBody(mlir::OpBuilder &builder, mlir::linalg::LinalgOp op,
            mlir::ValueRange arguments, Coords loops, mlir::ValueRange results);

  /// What `operands` of `op` are where its loops are at `loops`; null for those
  /// that its body does not use.
  llvm::SmallVector<mlir::Value>
  emitOperands(mlir::OpBuilder &builder, mlir::Location loc,
               mlir::linalg::LinalgOp op,
               llvm::ArrayRef<mlir::OpOperand *> operands, Coords loops);

  /// What the reduction `op` makes of `accumulator` at `loops`.
  mlir::Value emitTerm(mlir::OpBuilder &builder, mlir::Location loc,
                       mlir::linalg::LinalgOp op, Coords loops,
                       mlir::Value accumulator);

  /// The coordinate that a linear `expr` of the loops makes.
  Coord applyMap(mlir::OpBuilder &builder, mlir::Location loc,
                 mlir::AffineExpr expr, Coords loops);

private:
  struct Emitted {
    mlir::Value tensor;
    llvm::SmallVector<Coord> coords;
    mlir::Value value;
  };

  /// Lanes that do not lie next to each other: lane i is element
  /// `offset + indices[i]` of `flat`, if `mask` says so.
  struct StridedLanes {
    mlir::Value flat, offset, indices, mask;
  };

  StridedLanes stridedLanes(mlir::OpBuilder &builder, mlir::Location loc,
                            mlir::Value memref, Coords coords) const;
  mlir::Value emitUncached(mlir::OpBuilder &builder, mlir::Location loc,
                           mlir::Value tensor, Coords coords);
  mlir::Value emitLinalg(mlir::OpBuilder &builder, mlir::Location loc,
                         mlir::OpResult result, Coords coords);
  mlir::Value emitPad(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::tensor::PadOp pad, Coords coords);
  mlir::Value emitSlice(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::tensor::ExtractSliceOp slice, Coords coords);
  mlir::Value emitExtract(mlir::OpBuilder &builder, mlir::Location loc,
                          mlir::Value tensor, mlir::ValueRange indices);
  mlir::Value cloneOp(mlir::OpBuilder &builder, mlir::Operation *op,
                      mlir::IRMapping &mapping, Coords loops);
  mlir::Value laneIndices(mlir::OpBuilder &builder, mlir::Location loc,
                          const Coord &coord) const;
  mlir::VectorType vectorOf(mlir::Type element) const;

  int64_t lanes;
  mlir::Value mask;
  llvm::DenseMap<mlir::Value, mlir::Value> memory;
  llvm::DenseMap<mlir::Value, Source> sources;
  llvm::SmallVector<Emitted> emitted;
};

} // namespace tegula::tile

#endif // TEGULA_TILE_GRAPHTOTILE_EMITELEMENTWISE_H
