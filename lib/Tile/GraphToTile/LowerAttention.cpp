//===- LowerAttention.cpp - Attention in one kernel -----------------------===//
//
// A block is some queries of one head. Its scores lie in scratch memory, keys
// by queries:
//
//   transpose the queries
//   for each tile of mr keys, for each panel of nr queries
//     scores = keys x queries on registers; logits, store
//   for each vector of queries
//     the largest logit, then exponentials and their sum over the keys, in
//     place
//   for each block of kc keys, panel of nr columns, tile of mr queries
//     result += exponentials x values on registers
//   for each vector of the result: divide by the sum, epilogue, store
//
// Lanes are queries until the result, so that neither keys nor values are
// packed and sums over keys cross no lanes. No row is rescaled: all scores of a
// block are there before the first exponential.
//
//===----------------------------------------------------------------------===//

#include "AttentionPlan.h"
#include "TransposedPanel.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Pass/Pass.h"
#include "tegula/Tile/GraphToTile/LowerFamily.h"
#include "tegula/Tile/GraphToTile/Passes.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::tile;

namespace tegula::tile {
#define GEN_PASS_DEF_LOWERATTENTIONPASS
#include "tegula/Tile/GraphToTile/Passes.h.inc"
} // namespace tegula::tile

/// Sums (maxima) of a query that are independent of each other: part of the
/// numerics class.
static constexpr int64_t kKeySums = 4;

namespace {

class AttentionLowering {
public:
  AttentionLowering(KernelFunction &kernel, AttentionPlan &plan,
                    ElementwiseEmitter &emitter)
      : kernel(kernel), plan(plan), roles(plan.roles), emitter(emitter),
        builder(kernel.builder()), loc(kernel.func.getLoc()),
        index{builder, loc}, vl(plan.schedule.getVl()),
        nr(plan.schedule.getNr()), mr(plan.schedule.getMr()),
        mq(plan.schedule.getMq()),
        vector(VectorType::get({vl}, builder.getF32Type())) {}

  void run();

private:
  void computeExtents();
  void allocateScratch();
  void emitBlock(Value block);
  Value maskOf(Value rest);
  std::optional<int64_t> queriesOfBlocks();

  void packQueries();
  void emitScores();
  void emitScoreTile(Value key, int64_t keys, Value column, int64_t vectors,
                     Value mask);
  SmallVector<Value> scoreTile(Value key, int64_t keys, Value column,
                               int64_t vectors);

  void emitSoftmax(Value column);
  Value reduce(const RowReduction &reduction, ArrayRef<Coord> query,
               function_ref<Value(Value key, Value accumulator)> step);

  /// A tile of the result, and the keys that are summed.
  struct ResultBlock {
    Value query, column, firstKey, count, mask;
  };
  void emitResult();
  void forResultPoints(function_ref<void(Value, Value, ArrayRef<Coord>)> body);
  void emitResultBlock(Value firstKey, Value count);
  void emitResultTile(const ResultBlock &at, int64_t rows, int64_t vectors);

  /// Coordinates of the loops of `scores` (of `result`).
  SmallVector<Coord> scoresLoops(Coord query, Coord key, Coord depth);
  SmallVector<Coord> resultLoops(Coord query, Coord key, Coord column);
  /// A point of the scores: of a vector of queries, counted from the block's
  /// first.
  SmallVector<Coord> scorePoint(Value column, Value key);
  Value loadScore(Value key, Value column) {
    return vector::LoadOp::create(builder, loc, vector, scores,
                                  ValueRange{key, column});
  }
  void storeScore(Value value, Value key, Value column) {
    vector::StoreOp::create(builder, loc, value, scores,
                            ValueRange{key, column});
  }
  Value loadPartial(Value query, Value column) {
    return vector::LoadOp::create(builder, loc, vector, partial,
                                  ValueRange{query, column});
  }
  void storePartial(Value value, Value query, Value column) {
    vector::StoreOp::create(builder, loc, value, partial,
                            ValueRange{query, column});
  }
  void bind(Value tensor, Value value) {
    emitter.bindSource(tensor,
                       [value](OpBuilder &, Location,
                               ElementwiseEmitter::Coords) { return value; });
  }

  KernelFunction &kernel;
  AttentionPlan &plan;
  sched::Attention &roles;
  ElementwiseEmitter &emitter;
  OpBuilder builder;
  Location loc;
  IndexBuilder index;
  int64_t vl, nr, mr, mq;
  VectorType vector;

  /// Extents of the scores' dimensions, and what else is summed or counted.
  SmallVector<Value> extents;
  Value depth, columns;
  /// Transposed queries [depth][mq]; scores, then exponentials [key][mq]; the
  /// sums of the exponentials [1][mq]; results before the division
  /// [mq][columns].
  Value queries, scores, sums, partial;
  /// Of the block: indices of the dimensions that count no queries or keys, its
  /// first query, and how many there are.
  SmallVector<Value> outer;
  Value queryLow, queryCount;
};

} // namespace

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

void AttentionLowering::computeExtents() {
  for (unsigned loop : roles.scoresLoops)
    extents.push_back(kernel.extentOfLoop(builder, roles.scores, loop));
  depth = kernel.extentOfLoop(builder, roles.scores, roles.depthLoop);
  columns = kernel.extentOfLoop(builder, roles.result, roles.columnLoop);
}

void AttentionLowering::allocateScratch() {
  auto allocate = [&](Value rows, Value pitch) -> Value {
    SmallVector<int64_t> shape;
    SmallVector<Value> sizes;
    for (Value size : {rows, pitch}) {
      std::optional<int64_t> known = constantOf(size);
      shape.push_back(known.value_or(ShapedType::kDynamic));
      if (!known)
        sizes.push_back(size);
    }
    return memref::AllocOp::create(builder, loc,
                                   MemRefType::get(shape, builder.getF32Type()),
                                   sizes, builder.getI64IntegerAttr(64));
  };
  Value queriesOfBlock = index.constant(mq);
  queries = allocate(depth, queriesOfBlock);
  scores = allocate(extents.back(), queriesOfBlock);
  sums = allocate(index.constant(1), queriesOfBlock);
  partial = allocate(queriesOfBlock, index.mul(index.ceilDiv(columns, vl), vl));
}

void AttentionLowering::run() {
  computeExtents();
  Value blocks = index.ceilDiv(extents[roles.queryDim], mq);
  for (unsigned dim = 0; dim != roles.keyDim(); ++dim)
    if (dim != roles.queryDim)
      blocks = index.mul(blocks, extents[dim]);
  auto [low, high] =
      beginSharedTasks(builder, loc, blocks, plan.schedule.getTasks());
  allocateScratch();
  index.loop(low, high, 1, [&](Value block) { emitBlock(block); });
  kernel.eraseOldBody();
}

void AttentionLowering::emitBlock(Value block) {
  SmallVector<Value> counts;
  for (unsigned dim = 0; dim != roles.keyDim(); ++dim)
    if (dim != roles.queryDim)
      counts.push_back(extents[dim]);
  counts.push_back(index.ceilDiv(extents[roles.queryDim], mq));
  outer = index.delinearize(block, counts);
  queryLow = index.mul(outer.pop_back_val(), mq);
  queryCount = index.min(index.sub(extents[roles.queryDim], queryLow),
                         index.constant(mq));
  packQueries();
  emitScores();
  index.loop(index.constant(0), queryCount, vl,
             [&](Value column) { emitSoftmax(column); });
  emitResult();
}

/// The queries of each block, as far as tiles of mr of them have the same rest
/// in all.
std::optional<int64_t> AttentionLowering::queriesOfBlocks() {
  std::optional<int64_t> all = constantOf(extents[roles.queryDim]);
  if (!all || (*all > mq && *all % mq != 0 && mq % mr != 0))
    return std::nullopt;
  return *all % mq == 0 ? std::min(*all, mq) : *all;
}

Value AttentionLowering::maskOf(Value rest) {
  return vector::CreateMaskOp::create(
      builder, loc, VectorType::get({vl}, builder.getI1Type()), rest);
}

SmallVector<Coord> AttentionLowering::scoresLoops(Coord query, Coord key,
                                                  Coord k) {
  SmallVector<Coord> loops(roles.scores.getNumLoops());
  const Value *next = outer.begin();
  for (auto [dim, loop] : llvm::enumerate(roles.scoresLoops))
    loops[loop] = dim == roles.queryDim   ? query
                  : dim == roles.keyDim() ? key
                                          : Coord::scalar(*next++);
  loops[roles.depthLoop] = k;
  return loops;
}

SmallVector<Coord> AttentionLowering::resultLoops(Coord query, Coord key,
                                                  Coord column) {
  SmallVector<Coord> loops(roles.result.getNumLoops());
  const Value *next = outer.begin();
  for (auto [dim, loop] : llvm::enumerate(roles.resultLoops))
    loops[loop] = dim == roles.queryDim   ? query
                  : dim == roles.keyDim() ? key
                                          : Coord::scalar(*next++);
  loops[roles.columnLoop] = column;
  return loops;
}

SmallVector<Coord> AttentionLowering::scorePoint(Value column, Value key) {
  SmallVector<Coord> point;
  const Value *next = outer.begin();
  for (unsigned dim = 0; dim != extents.size(); ++dim)
    point.push_back(dim == roles.queryDim
                        ? Coord::lanes(index.add(queryLow, column))
                    : dim == roles.keyDim() ? Coord::scalar(key)
                                            : Coord::scalar(*next++));
  return point;
}

static SmallVector<Coord> pointOf(AffineMap map, ArrayRef<Coord> loops) {
  SmallVector<Coord> point;
  for (AffineExpr expr : map.getResults())
    point.push_back(loops[cast<AffineDimExpr>(expr).getPosition()]);
  return point;
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

/// Lanes past the last query repeat it: nobody reads their results.
void AttentionLowering::packQueries() {
  AffineMap map = roles.scores.getIndexingMapsArray()[roles.queries];
  Value tensor = roles.scores.getDpsInputs()[roles.queries];
  auto read = [&](Coord query, Coord k, Value mask) {
    emitter.beginPoint(mask);
    SmallVector<Coord> at = pointOf(map, scoresLoops(query, Coord(), k));
    bool isVector = query.kind == Coord::Lanes || k.kind == Coord::Lanes;
    Value value = isVector ? emitter.emitVector(builder, loc, tensor, at)
                           : emitter.emit(builder, loc, tensor, at);
    return plan.scores.prepareVector(builder, emitter, value);
  };
  index.loop(index.constant(0), queryCount, vl, [&](Value column) {
    Value first = index.add(queryLow, column);
    if (!plan.transposedQueries) {
      Value mask = maskOf(index.sub(queryCount, column));
      index.loop(index.constant(0), depth, 1, [&](Value k) {
        vector::StoreOp::create(
            builder, loc, read(Coord::lanes(first), Coord::scalar(k), mask),
            queries, ValueRange{k, column});
      });
      return;
    }
    Value last = index.sub(extents[roles.queryDim], index.constant(1));
    packTransposed(index, vl, vl, depth, queries, column,
                   [&](int64_t lane, Coord k) {
                     Value query = index.min(index.add(first, lane), last);
                     return read(Coord::scalar(query), k, Value());
                   });
  });
}

/// What is left after whole panels runs vector by vector, the last one masked.
void AttentionLowering::emitScores() {
  Value wholePanels = index.roundDown(queryCount, nr);
  Value wholeVectors = index.roundDown(queryCount, vl);
  forRowTiles(index, index.constant(0), extents.back(),
              constantOf(extents.back()), mr, [&](Value key, int64_t keys) {
                index.loop(index.constant(0), wholePanels, nr,
                           [&](Value column) {
                             emitScoreTile(key, keys, column, nr / vl, Value());
                           });
                index.loop(wholePanels, wholeVectors, vl, [&](Value column) {
                  emitScoreTile(key, keys, column, 1, Value());
                });
                index.branch(index.less(wholeVectors, queryCount), [&] {
                  emitScoreTile(key, keys, wholeVectors, 1,
                                maskOf(index.sub(queryCount, wholeVectors)));
                });
              });
}

/// Scores on registers, `keys` x `vectors` of queries.
SmallVector<Value> AttentionLowering::scoreTile(Value key, int64_t keys,
                                                Value column, int64_t vectors) {
  AffineMap keyMap = roles.scores.getIndexingMapsArray()[roles.keys];
  Value keyTensor = roles.scores.getDpsInputs()[roles.keys];
  RegisterTile tile;
  tile.rows = keys;
  tile.vectors = vectors;
  tile.loadScalar = [&](OpBuilder &at, int64_t row, Value k, int64_t) {
    emitter.beginPoint(Value());
    SmallVector<Coord> point =
        pointOf(keyMap, scoresLoops(Coord(), Coord::scalar(index.add(key, row)),
                                    Coord::scalar(k)));
    return plan.scores.prepareScalar(at, emitter,
                                     emitter.emit(at, loc, keyTensor, point));
  };
  tile.loadVector = [&](OpBuilder &at, int64_t v, Value k, int64_t) -> Value {
    return vector::LoadOp::create(at, loc, vector, queries,
                                  ValueRange{k, index.add(column, v * vl)});
  };
  SmallVector<Value> initial;
  for (int64_t i = 0; i != keys * vectors; ++i) {
    emitter.beginPoint(Value());
    SmallVector<Coord> loops = scoresLoops(
        Coord::lanes(index.add(index.add(queryLow, column), i % vectors * vl)),
        Coord::scalar(index.add(key, i / vectors)), Coord());
    initial.push_back(emitter.emitVector(
        builder, loc, roles.scores.getDpsInits()[0],
        pointOf(roles.scores.getIndexingMapsArray()[2], loops)));
  }
  return tile.emit(builder, loc, plan.scores, emitter, depth, initial);
}

void AttentionLowering::emitScoreTile(Value key, int64_t keys, Value column,
                                      int64_t vectors, Value mask) {
  SmallVector<Value> accumulators = scoreTile(key, keys, column, vectors);
  emitter.unbindSource(roles.logits);
  for (int64_t row = 0; row != keys; ++row)
    for (int64_t v = 0; v != vectors; ++v) {
      bind(roles.scores->getResult(0), accumulators[row * vectors + v]);
      emitter.beginPoint(mask);
      Value at = index.add(column, v * vl), rowKey = index.add(key, row);
      storeScore(emitter.emitVector(builder, loc, roles.logits,
                                    scorePoint(at, rowKey)),
                 rowKey, at);
    }
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

/// Combines all keys of a vector of queries by `step`, in `kKeySums` chains and
/// then pairwise. `query` is a point of the reduction's result.
Value AttentionLowering::reduce(const RowReduction &reduction,
                                ArrayRef<Coord> query,
                                function_ref<Value(Value, Value)> step) {
  Value start = arith::ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(vector, Attribute(reduction.neutral)));
  auto loop = [&](Value low, Value high, int64_t count, ValueRange values) {
    auto forOp = scf::ForOp::create(builder, loc, low, high,
                                    index.constant(count), values);
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(forOp.getBody());
    SmallVector<Value> next(forOp.getRegionIterArgs());
    for (int64_t i = 0; i != count; ++i)
      next[i] = step(index.add(forOp.getInductionVar(), i), next[i]);
    scf::YieldOp::create(builder, loc, next);
    return SmallVector<Value>(forOp.getResults());
  };
  Value keys = extents.back(), whole = index.roundDown(keys, kKeySums);
  SmallVector<Value> values = loop(index.constant(0), whole, kKeySums,
                                   SmallVector<Value>(kKeySums, start));
  values = loop(whole, keys, 1, values);
  for (size_t width = values.size() / 2; width != 0; width /= 2)
    for (size_t i = 0; i != width; ++i)
      values[i] =
          reduction.combine(builder, loc, values[2 * i], values[2 * i + 1]);
  emitter.beginPoint(Value());
  linalg::LinalgOp op = reduction.op;
  Value initial = emitter.emitVector(builder, loc, op.getDpsInits()[0], query);
  return reduction.combine(builder, loc, initial, values.front());
}

void AttentionLowering::emitSoftmax(Value column) {
  SmallVector<Coord> query = scorePoint(column, Value());
  query.pop_back();
  Value maximum = reduce(plan.maximum, query, [&](Value key, Value value) {
    bind(roles.logits, loadScore(key, column));
    return plan.maximum.step(builder, loc, emitter, scorePoint(column, key),
                             Value(), value);
  });
  bind(roles.maximum->getResult(0), maximum);
  Value sum = reduce(plan.sum, query, [&](Value key, Value value) {
    SmallVector<Coord> point = scorePoint(column, key);
    bind(roles.logits, loadScore(key, column));
    emitter.beginPoint(Value());
    Value numerator = emitter.emitVector(builder, loc, roles.numerators, point);
    storeScore(numerator, key, column);
    bind(roles.numerators, numerator);
    Value next = plan.sum.step(builder, loc, emitter, point, Value(), value);
    emitter.unbindSource(roles.numerators);
    return next;
  });
  vector::StoreOp::create(builder, loc, sum, sums,
                          ValueRange{index.constant(0), column});
}

//===----------------------------------------------------------------------===//
// Result
//===----------------------------------------------------------------------===//

void AttentionLowering::emitResult() {
  forResultPoints([&](Value query, Value column, ArrayRef<Coord> point) {
    storePartial(
        emitter.emitVector(builder, loc, roles.result.getDpsInits()[0], point),
        query, column);
  });
  Value keys = extents.back();
  int64_t kc = plan.schedule.getKc();
  index.loop(index.constant(0), keys, kc, [&](Value low) {
    Value high = index.min(index.add(low, kc), keys);
    emitResultBlock(low, index.sub(high, low));
  });
  forResultPoints([&](Value query, Value column, ArrayRef<Coord> point) {
    Value sum = memref::LoadOp::create(builder, loc, sums,
                                       ValueRange{index.constant(0), query});
    bind(roles.result->getResult(0),
         arith::DivFOp::create(builder, loc, loadPartial(query, column),
                               emitter.broadcast(builder, loc, sum)));
    for (auto [output, dims] :
         llvm::zip_equal(kernel.outputs, plan.outputDims)) {
      SmallVector<Coord> at = permuteCoords(point, dims);
      Value value = emitter.emitVector(builder, loc, output.tensor, at);
      emitter.store(builder, loc, value, output.memref, at);
    }
  });
}

/// Calls `body` for each vector of the block's results: its query, counted from
/// the block's first, its first column, and where it lies.
void AttentionLowering::forResultPoints(
    function_ref<void(Value, Value, ArrayRef<Coord>)> body) {
  AffineMap map = roles.result.getIndexingMapsArray()[2];
  Value whole = index.roundDown(columns, vl);
  index.loop(index.constant(0), queryCount, 1, [&](Value query) {
    auto at = [&](Value column, Value mask) {
      emitter.beginPoint(mask);
      body(query, column,
           pointOf(map, resultLoops(Coord::scalar(index.add(queryLow, query)),
                                    Coord(), Coord::lanes(column))));
    };
    index.loop(index.constant(0), whole, vl,
               [&](Value column) { at(column, Value()); });
    index.branch(index.less(whole, columns),
                 [&] { at(whole, maskOf(index.sub(columns, whole))); });
  });
}

/// Adds `count` keys from `firstKey` on to the partial results.
void AttentionLowering::emitResultBlock(Value firstKey, Value count) {
  auto panel = [&](Value column, int64_t vectors, Value mask) {
    forRowTiles(index, index.constant(0), queryCount, queriesOfBlocks(), mr,
                [&](Value query, int64_t rows) {
                  emitResultTile({query, column, firstKey, count, mask}, rows,
                                 vectors);
                });
  };
  Value wholePanels = index.roundDown(columns, nr);
  Value wholeVectors = index.roundDown(columns, vl);
  index.loop(index.constant(0), wholePanels, nr,
             [&](Value column) { panel(column, nr / vl, Value()); });
  index.loop(wholePanels, wholeVectors, vl,
             [&](Value column) { panel(column, 1, Value()); });
  index.branch(index.less(wholeVectors, columns), [&] {
    panel(wholeVectors, 1, maskOf(index.sub(columns, wholeVectors)));
  });
}

void AttentionLowering::emitResultTile(const ResultBlock &at, int64_t rows,
                                       int64_t vectors) {
  AffineMap map = roles.result.getIndexingMapsArray()[roles.values];
  Value values = roles.result.getDpsInputs()[roles.values];
  RegisterTile tile;
  tile.rows = rows;
  tile.vectors = vectors;
  tile.loadScalar = [&](OpBuilder &, int64_t row, Value key, int64_t) -> Value {
    return memref::LoadOp::create(
        builder, loc, scores,
        ValueRange{index.add(at.firstKey, key), index.add(at.query, row)});
  };
  tile.loadVector = [&](OpBuilder &, int64_t v, Value key, int64_t) {
    emitter.beginPoint(at.mask);
    Coord lanes = Coord::lanes(index.add(at.column, v * vl));
    SmallVector<Coord> loops =
        resultLoops(Coord(), Coord::scalar(index.add(at.firstKey, key)), lanes);
    return plan.result.prepareVector(
        builder, emitter,
        emitter.emitVector(builder, loc, values, pointOf(map, loops)));
  };
  SmallVector<Value> sum;
  for (int64_t i = 0; i != rows * vectors; ++i)
    sum.push_back(loadPartial(index.add(at.query, i / vectors),
                              index.add(at.column, i % vectors * vl)));
  sum = tile.emit(builder, loc, plan.result, emitter, at.count, sum);
  for (int64_t i = 0; i != rows * vectors; ++i)
    storePartial(sum[i], index.add(at.query, i / vectors),
                 index.add(at.column, i % vectors * vl));
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

struct LowerAttentionPass
    : public tile::impl::LowerAttentionPassBase<LowerAttentionPass> {
  void runOnOperation() override {
    lowerFamily<sched::AttentionAttr>(
        getOperation(), "attention",
        [](KernelFunction &kernel, sched::AttentionAttr schedule,
           std::string &reason) -> LogicalResult {
          ElementwiseEmitter emitter(schedule.getVl());
          FailureOr<AttentionPlan> plan =
              AttentionPlan::make(kernel, schedule, emitter, reason);
          if (failed(plan))
            return failure();
          if (schedule.getVl() == 1) {
            reason = "no vectors";
            return failure();
          }
          AttentionLowering(kernel, *plan, emitter).run();
          return success();
        });
  }
};

} // namespace
