//===- LowerGpuPoints.cpp - One thread of a GPU per element ---------------===//
//
//   for each element of the result, in parallel
//     [for the loops of the reduction: accumulate]
//     store what follows from it
//
//===----------------------------------------------------------------------===//

#include "GpuBlock.h"

#include "tegula/Tile/GraphToGpu/Passes.h"
#include "tegula/Tile/GraphToTile/IndexBuilder.h"
#include "tegula/Tile/GraphToTile/LowerFamily.h"

namespace tegula::tile {
#define GEN_PASS_DEF_LOWERGPUPOINTSPASS
#include "tegula/Tile/GraphToGpu/Passes.h.inc"
} // namespace tegula::tile

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

namespace {

class PointsLowering {
public:
  explicit PointsLowering(KernelFunction &kernel)
      : kernel(kernel), emitter(/*lanes=*/1), builder(kernel.builder()),
        loc(kernel.func.getLoc()), index{builder, loc} {}

  LogicalResult prepare(std::string &reason);
  void run();

private:
  LogicalResult prepareRoot(std::string &reason);
  Value emitRoot(ArrayRef<Coord> point);

  KernelFunction &kernel;
  ElementwiseEmitter emitter;
  OpBuilder builder;
  Location loc;
  IndexBuilder index;
  /// The one reduction, or null, and per output how its dimensions follow.
  linalg::LinalgOp root;
  SmallVector<SmallVector<int64_t>> outputDims;
  /// Per dimension of the first output: folded into the next one.
  SmallVector<bool> folded;
};

} // namespace

LogicalResult PointsLowering::prepareRoot(std::string &reason) {
  root = kernel.body.reductions.front();
  AffineMap map = root.getMatchingIndexingMap(root.getDpsInitOperand(0));
  if (root->getNumResults() != 1 || !map.isProjectedPermutation()) {
    reason = "the reduction has several results, or not one per point";
    return failure();
  }
  for (Value operand : root->getOperands())
    if (failed(emitter.trace(operand, &reason)))
      return failure();
  emitter.bindSource(root->getResult(0), nullptr);
  auto dims = traceOutputs(kernel, emitter, root->getResult(0), &reason);
  if (failed(dims))
    return failure();
  outputDims = *dims;
  return success();
}

LogicalResult PointsLowering::prepare(std::string &reason) {
  kernel.bindInputs(emitter);
  int64_t rank =
      cast<MemRefType>(kernel.outputs.front().memref.getType()).getRank();
  folded.assign(rank, false);
  if (kernel.body.reductions.size() == 1)
    return prepareRoot(reason);
  if (!kernel.body.reductions.empty() || !haveOneShape(kernel.outputs)) {
    reason = "several reductions, or outputs of different shapes";
    return failure();
  }
  SmallVector<TensorAccess> accesses;
  for (const KernelOutput &output : kernel.outputs) {
    auto found = emitter.trace(output.tensor, &reason);
    if (failed(found))
      return failure();
    accesses.append(*found);
    outputDims.push_back(llvm::to_vector(llvm::seq<int64_t>(0, rank)));
  }
  for (int64_t dim = 0; dim + 1 < rank; ++dim)
    folded[dim] = canFold(accesses, dim, dim + 1);
  return success();
}

/// The value of the reduction at `point`, its terms in order.
Value PointsLowering::emitRoot(ArrayRef<Coord> point) {
  SmallVector<Coord> loops(root.getNumLoops());
  AffineMap map = root.getMatchingIndexingMap(root.getDpsInitOperand(0));
  for (auto [expr, coord] : llvm::zip_equal(map.getResults(), point))
    loops[cast<AffineDimExpr>(expr).getPosition()] = coord;
  emitter.beginPoint(Value());
  Value value = emitter.emit(builder, loc, root.getDpsInits()[0], point);
  SmallVector<scf::ForOp> nest;
  for (auto [loop, kind] : llvm::enumerate(root.getIteratorTypesArray())) {
    if (kind != utils::IteratorType::reduction)
      continue;
    Value extent = kernel.extentOfLoop(builder, root, loop);
    nest.push_back(scf::ForOp::create(builder, loc, index.constant(0), extent,
                                      index.constant(1), value));
    loops[loop] = Coord::scalar(nest.back().getInductionVar());
    value = nest.back().getRegionIterArg(0);
    builder.setInsertionPointToStart(nest.back().getBody());
  }
  emitter.beginPoint(Value());
  value = emitter.emitTerm(builder, loc, root, loops, value);
  for (scf::ForOp loop : llvm::reverse(nest)) {
    scf::YieldOp::create(builder, loc, value);
    builder.setInsertionPointAfter(loop);
    value = loop.getResult(0);
  }
  return value;
}

void PointsLowering::run() {
  Value memref = kernel.outputs.front().memref;
  SmallVector<Value> extents;
  Value group = index.constant(1), count = group;
  for (unsigned dim = 0; dim != folded.size(); ++dim) {
    group = index.mul(group, index.extent(memref, dim));
    if (folded[dim])
      continue;
    extents.push_back(group);
    count = index.mul(count, group);
    group = index.constant(1);
  }
  SmallVector<Value> at =
      delinearize(builder, loc, beginTasks(builder, loc, count), extents);
  SmallVector<Coord> first;
  unsigned next = 0;
  for (bool isFolded : folded)
    first.push_back(isFolded ? Coord::folded() : Coord::scalar(at[next++]));
  // From the first output to what all outputs follow.
  SmallVector<Coord> point(first);
  for (auto [dim, to] : llvm::enumerate(outputDims.front()))
    point[dim] = first[to];
  if (root) {
    Value value = emitRoot(point);
    emitter.bindSource(root->getResult(0),
                       [value](OpBuilder &, Location,
                               ElementwiseEmitter::Coords) { return value; });
  }
  emitter.beginPoint(Value());
  for (auto [output, dims] : llvm::zip_equal(kernel.outputs, outputDims)) {
    SmallVector<Coord> coords = permuteCoords(point, dims);
    Value value = emitter.emit(builder, loc, output.tensor, coords);
    emitter.store(builder, loc, value, output.memref, coords);
  }
  kernel.eraseOldBody();
}

namespace {

struct LowerGpuPointsPass
    : tegula::tile::impl::LowerGpuPointsPassBase<LowerGpuPointsPass> {
  void runOnOperation() override {
    lowerFamily<sched::GpuPointsAttr>(
        getOperation(), "points",
        [](KernelFunction &kernel, sched::GpuPointsAttr, std::string &reason) {
          PointsLowering lowering(kernel);
          if (failed(lowering.prepare(reason)))
            return failure();
          lowering.run();
          return success();
        });
  }
};

} // namespace
