//===- IndexBuilder.h - Index arithmetic that folds -------------*- C++ -*-===//

#ifndef TEGULA_TILE_GRAPHTOTILE_INDEXBUILDER_H
#define TEGULA_TILE_GRAPHTOTILE_INDEXBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"

#include <optional>

namespace tegula::tile {

/// Arithmetic on non-negative `index` values. Everything folds, so that static
/// shapes leave constants only.
struct IndexBuilder {
  mlir::OpBuilder &builder;
  mlir::Location loc;

  mlir::Value constant(int64_t value) const {
    return mlir::arith::ConstantIndexOp::create(builder, loc, value);
  }
  mlir::Value add(mlir::Value a, mlir::Value b) const {
    return builder.createOrFold<mlir::arith::AddIOp>(loc, a, b);
  }
  mlir::Value add(mlir::Value a, int64_t b) const {
    return b == 0 ? a : add(a, constant(b));
  }
  mlir::Value sub(mlir::Value a, mlir::Value b) const {
    return builder.createOrFold<mlir::arith::SubIOp>(loc, a, b);
  }
  mlir::Value mul(mlir::Value a, mlir::Value b) const {
    return builder.createOrFold<mlir::arith::MulIOp>(loc, a, b);
  }
  mlir::Value mul(mlir::Value a, int64_t b) const {
    return b == 1 ? a : mul(a, constant(b));
  }
  mlir::Value div(mlir::Value a, int64_t b) const {
    return b == 1 ? a
                  : builder.createOrFold<mlir::arith::DivUIOp>(loc, a,
                                                               constant(b));
  }
  mlir::Value ceilDiv(mlir::Value a, int64_t b) const {
    return b == 1 ? a : div(add(a, b - 1), b);
  }
  /// `a` without its remainder by `b`.
  mlir::Value roundDown(mlir::Value a, int64_t b) const {
    return b == 1 ? a : mul(div(a, b), b);
  }
  mlir::Value min(mlir::Value a, mlir::Value b) const {
    return builder.createOrFold<mlir::arith::MinUIOp>(loc, a, b);
  }
  /// `a`, or 1 where it is 0.
  mlir::Value atLeastOne(mlir::Value a) const {
    return builder.createOrFold<mlir::arith::MaxUIOp>(loc, a, constant(1));
  }
  mlir::Value less(mlir::Value a, mlir::Value b) const {
    return builder.createOrFold<mlir::arith::CmpIOp>(
        loc, mlir::arith::CmpIPredicate::ult, a, b);
  }
  mlir::Value equal(mlir::Value a, mlir::Value b) const {
    return builder.createOrFold<mlir::arith::CmpIOp>(
        loc, mlir::arith::CmpIPredicate::eq, a, b);
  }
  /// The extent of a memref's dimension, a constant where it is static.
  mlir::Value extent(mlir::Value memref, int64_t dim) const {
    auto type = mlir::cast<mlir::MemRefType>(memref.getType());
    if (!type.isDynamicDim(dim))
      return constant(type.getDimSize(dim));
    return mlir::memref::DimOp::create(builder, loc, memref, dim);
  }
  /// An element of a buffer of non-negative i32.
  mlir::Value load(mlir::Value memref, mlir::Value at) const {
    mlir::Value number = mlir::memref::LoadOp::create(builder, loc, memref, at);
    return mlir::arith::IndexCastUIOp::create(builder, loc,
                                              builder.getIndexType(), number);
  }
  /// Views a dense row-major memref with groups of dimensions merged.
  mlir::Value
  collapse(mlir::Value memref,
           llvm::ArrayRef<mlir::ReassociationIndices> groups) const {
    auto type = mlir::cast<mlir::MemRefType>(memref.getType());
    if (type.hasStaticShape())
      return mlir::memref::CollapseShapeOp::create(builder, loc, memref,
                                                   groups);
    // Several unknown sizes in one group: by the sizes themselves.
    llvm::SmallVector<mlir::OpFoldResult> sizes(groups.size()),
        strides(groups.size());
    mlir::Value pitch = constant(1);
    for (int64_t g = int64_t(groups.size()) - 1; g >= 0; --g) {
      strides[g] = mlir::getAsOpFoldResult(pitch);
      mlir::Value size = constant(1);
      for (int64_t dim : groups[g])
        size = mul(size, extent(memref, dim));
      sizes[g] = mlir::getAsOpFoldResult(size);
      pitch = mul(pitch, size);
    }
    return mlir::memref::ReinterpretCastOp::create(
        builder, loc, memref, builder.getIndexAttr(0), sizes, strides);
  }
  /// Views it as one dimension.
  mlir::Value flatten(mlir::Value memref) const {
    int64_t rank = mlir::cast<mlir::MemRefType>(memref.getType()).getRank();
    mlir::ReassociationIndices all =
        llvm::to_vector<2>(llvm::seq<int64_t>(0, rank));
    return rank <= 1 ? memref : collapse(memref, {all});
  }

  /// Splits `linear` into one index per extent, the last one fastest.
  llvm::SmallVector<mlir::Value>
  delinearize(mlir::Value linear, mlir::ArrayRef<mlir::Value> extents) const {
    llvm::SmallVector<mlir::Value> indices(extents.size());
    for (int64_t dim = int64_t(extents.size()) - 1; dim >= 0; --dim) {
      if (dim == 0) {
        indices[0] = linear;
        break;
      }
      indices[dim] =
          builder.createOrFold<mlir::arith::RemUIOp>(loc, linear, extents[dim]);
      linear =
          builder.createOrFold<mlir::arith::DivUIOp>(loc, linear, extents[dim]);
    }
    return indices;
  }
  /// `for i in [low, high) step`, the body built by `body`.
  void loop(mlir::Value low, mlir::Value high, int64_t step,
            llvm::function_ref<void(mlir::Value)> body) const {
    auto forOp =
        mlir::scf::ForOp::create(builder, loc, low, high, constant(step));
    mlir::OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(forOp.getBody());
    body(forOp.getInductionVar());
  }
  /// `if condition`, the branches built by `then` and `otherwise`; only one of
  /// them when the condition is known.
  void branch(mlir::Value condition, llvm::function_ref<void()> then,
              llvm::function_ref<void()> otherwise = nullptr) const {
    mlir::APInt known;
    if (mlir::matchPattern(condition, mlir::m_ConstantInt(&known))) {
      if (!known.isZero())
        then();
      else if (otherwise)
        otherwise();
      return;
    }
    auto ifOp = mlir::scf::IfOp::create(builder, loc, condition,
                                        /*withElseRegion=*/bool(otherwise));
    mlir::OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(ifOp.thenBlock());
    then();
    if (otherwise) {
      builder.setInsertionPointToStart(ifOp.elseBlock());
      otherwise();
    }
  }
};

/// The value of a constant index.
inline std::optional<int64_t> constantOf(mlir::Value value) {
  mlir::APInt known;
  if (mlir::matchPattern(value, mlir::m_ConstantInt(&known)))
    return known.getSExtValue();
  return std::nullopt;
}

} // namespace tegula::tile

#endif // TEGULA_TILE_GRAPHTOTILE_INDEXBUILDER_H
