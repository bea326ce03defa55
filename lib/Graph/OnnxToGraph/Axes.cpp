//===- Axes.cpp - Axes that are known at run time only --------------------===//

#include "Axes.h"

#include "Indices.h"
#include "Loops.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace tegula::graph {

/// `mask` with the dimension that `axis` names; `good` and whether it is one.
static Value addAxis(OpBuilder &b, Location loc, Value axis,
                     MutableArrayRef<Value> mask, Value good) {
  Value rank = indexConstant(b, loc, mask.size());
  axis = wrapNegative(b, loc, toIndex(b, loc, axis), rank);
  for (auto [dim, flag] : llvm::enumerate(mask)) {
    Value same = compareIndex(b, loc, arith::CmpIPredicate::eq, axis,
                              indexConstant(b, loc, dim));
    flag = b.createOrFold<arith::OrIOp>(loc, flag, same);
  }
  Value inRange = compareIndex(b, loc, arith::CmpIPredicate::ult, axis, rank);
  return b.createOrFold<arith::AndIOp>(loc, good, inRange);
}

SmallVector<Value> axisMask(OpBuilder &b, Location loc, Value axes,
                            int64_t rank) {
  Value no = arith::ConstantOp::create(b, loc, b.getBoolAttr(false));
  Value good = arith::ConstantOp::create(b, loc, b.getBoolAttr(true));
  SmallVector<Value> mask(rank, no);
  if (cast<RankedTensorType>(axes.getType()).hasStaticShape()) {
    for (Value axis : elementsOf(b, loc, axes))
      good = addAxis(b, loc, axis, mask, good);
  } else {
    mask.push_back(good);
    mask = forEachIndex(
        b, loc, dimsOf(b, loc, axes), mask,
        [&](OpBuilder &b, Location loc, ValueRange at, ValueRange carried) {
          SmallVector<Value> next(carried);
          Value axis = tensor::ExtractOp::create(b, loc, axes, at);
          next.back() = addAxis(b, loc, axis, MutableArrayRef(next).drop_back(),
                                next.back());
          return next;
        });
    good = mask.pop_back_val();
  }
  checkThat(b, loc, good, "an axis is outside of the tensor's rank");
  return mask;
}

/// Whether `place` is `number`, as far as it is not known already.
static Value isAt(OpBuilder &b, Location loc, Value place, int64_t number) {
  return compareIndex(b, loc, arith::CmpIPredicate::eq, place,
                      indexConstant(b, loc, number));
}

/// `place`, or the next one where `flag` is false.
static Value nextPlace(OpBuilder &b, Location loc, Value place, Value flag) {
  Value next = addIndex(b, loc, place, indexConstant(b, loc, 1));
  return selectOf(b, loc, flag, place, next);
}

Dims maskedOut(OpBuilder &b, Location loc, ArrayRef<OpFoldResult> dims,
               ArrayRef<Value> mask, int64_t count) {
  SmallVector<Value> kept(count, indexConstant(b, loc, 1));
  Value place = indexConstant(b, loc, 0);
  for (auto [dim, flag] : llvm::zip_equal(dims, mask)) {
    Value extent = asValue(b, loc, dim);
    for (auto [number, value] : llvm::enumerate(kept)) {
      Value here = isAt(b, loc, place, number);
      value =
          selectOf(b, loc, flag, value, selectOf(b, loc, here, extent, value));
    }
    place = nextPlace(b, loc, place, flag);
  }
  checkThat(b, loc, isAt(b, loc, place, count),
            "the axes leave another number of dimensions than the model says");
  return getAsOpFoldResult(kept);
}

Dims maskedIn(OpBuilder &b, Location loc, ArrayRef<OpFoldResult> dims,
              ArrayRef<Value> mask) {
  Value one = indexConstant(b, loc, 1), place = indexConstant(b, loc, 0);
  SmallVector<Value> out;
  for (Value flag : mask) {
    Value extent = one;
    for (auto [number, dim] : llvm::enumerate(dims))
      extent = selectOf(b, loc, isAt(b, loc, place, number),
                        asValue(b, loc, dim), extent);
    out.push_back(selectOf(b, loc, flag, one, extent));
    place = nextPlace(b, loc, place, flag);
  }
  checkThat(b, loc, isAt(b, loc, place, dims.size()),
            "the axes add another number of dimensions than the model says");
  return getAsOpFoldResult(out);
}

Value withLength(OpBuilder &b, Location loc, Value tensor, int64_t count,
                 StringRef message) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(0))
    return tensor;
  Value length = asValue(b, loc, dimOf(b, loc, tensor, 0));
  checkThat(b, loc, isAt(b, loc, length, count), message);
  return castTo(b, loc, tensor,
                RankedTensorType::get({count}, type.getElementType()));
}

} // namespace tegula::graph
