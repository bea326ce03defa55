//===- Loops.cpp - Sequential loops over tensors --------------------------===//

#include "Loops.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace tegula::graph {

SmallVector<Value> forEachIndex(OpBuilder &b, Location loc,
                                ArrayRef<OpFoldResult> dims, ValueRange initial,
                                LoopBody body) {
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  SmallVector<Value> lower(dims.size(), zero), step(dims.size(), one), upper;
  for (OpFoldResult dim : dims)
    upper.push_back(asValue(b, loc, dim));
  scf::LoopNest nest = scf::buildLoopNest(
      b, loc, lower, upper, step, initial,
      [&](OpBuilder &b, Location loc, ValueRange at, ValueRange carried) {
        return scf::ValueVector(body(b, loc, at, carried));
      });
  return SmallVector<Value>(nest.results.begin(), nest.results.end());
}

SmallVector<Value>
onlyIf(OpBuilder &b, Location loc, Value condition, ValueRange carried,
       function_ref<SmallVector<Value>(OpBuilder &, Location)> then) {
  auto branch = scf::IfOp::create(
      b, loc, condition,
      [&](OpBuilder &b, Location loc) {
        scf::YieldOp::create(b, loc, then(b, loc));
      },
      [&](OpBuilder &b, Location loc) {
        scf::YieldOp::create(b, loc, carried);
      });
  return SmallVector<Value>(branch.getResults());
}

Value writePart(OpBuilder &b, Location loc, Value part, Value all, int64_t axis,
                Value index) {
  return forEachIndex(b, loc, dimsOf(b, loc, part), all,
                      [&](OpBuilder &b, Location loc, ValueRange at,
                          ValueRange carried) -> SmallVector<Value> {
                        SmallVector<Value> place(at);
                        Value element =
                            tensor::ExtractOp::create(b, loc, part, at);
                        place.insert(place.begin() + axis, index);
                        return {tensor::InsertOp::create(b, loc, element,
                                                         carried[0], place)};
                      })
      .front();
}

} // namespace tegula::graph
