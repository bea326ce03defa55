//===- Attention.cpp - What a kernel of attention computes ----------------===//

#include "tegula/Schedule/IR/Attention.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace tegula::sched;

static bool isF32Tensor(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getElementType().isF32();
}

/// The only operation of a body of `inputs` inputs, which computes what is
/// yielded; null if there are more.
static Operation *onlyOp(linalg::LinalgOp op, unsigned inputs) {
  Block *block = op.getBlock();
  if (op.getNumDpsInputs() != inputs || op.getNumDpsInits() != 1 ||
      !llvm::hasNItems(*block, 2))
    return nullptr;
  return block->getTerminator()->getOperand(0).getDefiningOp();
}

/// Does `op` combine its only input along the last dimension with `Combiner`?
template <typename... Combiner>
static bool isRowReduction(linalg::LinalgOp op) {
  Operation *combiner = onlyOp(op, 1);
  Block *block = op.getBlock();
  unsigned loops = op.getNumLoops();
  auto identity = AffineMap::getMultiDimIdentityMap(loops, op.getContext());
  return isa_and_nonnull<Combiner...>(combiner) && op->getNumResults() == 1 &&
         llvm::is_contained(combiner->getOperands(), block->getArgument(0)) &&
         llvm::is_contained(combiner->getOperands(), block->getArgument(1)) &&
         op.getIndexingMapsArray()[0] == identity &&
         op.getIndexingMapsArray()[1] == identity.getMajorSubMap(loops - 1);
}

/// Is `value` an elementwise operation on `matrix` and, row by row, `vector`?
static linalg::LinalgOp rowwise(Value value, Value matrix, Value vector) {
  auto op = value.getDefiningOp<linalg::LinalgOp>();
  if (!op || op.getNumReductionLoops() != 0 || op.getNumDpsInputs() != 2 ||
      op.getDpsInputs()[0] != matrix || op.getDpsInputs()[1] != vector)
    return {};
  unsigned loops = op.getNumLoops();
  auto identity = AffineMap::getMultiDimIdentityMap(loops, op.getContext());
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  if (maps[0] != identity || maps[1] != identity.getMajorSubMap(loops - 1) ||
      maps[2] != identity)
    return {};
  return op;
}

/// exp(logits - maximum)
static bool isExpOfDifference(linalg::LinalgOp op) {
  Block *block = op.getBlock();
  if (!llvm::hasNItems(*block, 3))
    return false;
  auto exp = block->getTerminator()->getOperand(0).getDefiningOp<math::ExpOp>();
  auto difference =
      exp ? exp.getOperand().getDefiningOp<arith::SubFOp>() : arith::SubFOp();
  return difference && difference.getLhs() == block->getArgument(0) &&
         difference.getRhs() == block->getArgument(1);
}

/// numerators / sum
static bool isQuotient(linalg::LinalgOp op) {
  auto quotient = dyn_cast_or_null<arith::DivFOp>(onlyOp(op, 2));
  return quotient && quotient.getLhs() == op.getBlock()->getArgument(0) &&
         quotient.getRhs() == op.getBlock()->getArgument(1);
}

/// The softmax between the two products.
static bool matchSoftmax(Attention &a) {
  if (!isRowReduction<arith::MaximumFOp, arith::MaxNumFOp>(a.maximum) ||
      !isRowReduction<arith::AddFOp>(a.sum))
    return false;
  a.logits = a.maximum.getDpsInputs()[0];
  a.numerators = a.sum.getDpsInputs()[0];
  linalg::LinalgOp exponential =
      rowwise(a.numerators, a.logits, a.maximum->getResult(0));
  if (!exponential || !isExpOfDifference(exponential))
    return false;
  for (unsigned operand : {0, 1}) {
    a.weightsOperand = operand;
    a.values = 1 - operand;
    a.weights = a.result.getDpsInputs()[operand];
    linalg::LinalgOp quotient =
        rowwise(a.weights, a.numerators, a.sum->getResult(0));
    if (quotient && isQuotient(quotient))
      return true;
  }
  return false;
}

/// The loops that the results of `map` are; nothing unless each is one.
static SmallVector<unsigned> loopsOf(AffineMap map) {
  SmallVector<unsigned> loops;
  if (map.isProjectedPermutation())
    for (AffineExpr expr : map.getResults())
      loops.push_back(cast<AffineDimExpr>(expr).getPosition());
  return loops;
}

static bool matchScores(Attention &a) {
  SmallVector<AffineMap> maps = a.scores.getIndexingMapsArray();
  a.scoresLoops = loopsOf(maps[2]);
  if (a.scores.getNumReductionLoops() != 1 || a.scoresLoops.size() < 2 ||
      loopsOf(maps[0]).empty() || loopsOf(maps[1]).empty())
    return false;
  unsigned key = a.scoresLoops.back();
  a.keys = maps[1].isFunctionOfDim(key) ? 1 : 0;
  a.queries = 1 - a.keys;
  for (auto [loop, kind] : llvm::enumerate(a.scores.getIteratorTypesArray()))
    if (kind == utils::IteratorType::reduction)
      a.depthLoop = loop;
  return maps[a.keys].isFunctionOfDim(key) &&
         !maps[a.queries].isFunctionOfDim(key) &&
         maps[0].isFunctionOfDim(a.depthLoop) &&
         maps[1].isFunctionOfDim(a.depthLoop);
}

static bool matchResult(Attention &a) {
  SmallVector<AffineMap> maps = a.result.getIndexingMapsArray();
  a.resultLoops = loopsOf(maps[a.weightsOperand]);
  SmallVector<unsigned> result = loopsOf(maps[2]), columns;
  if (a.result.getNumReductionLoops() != 1 ||
      a.resultLoops.size() != a.scoresLoops.size() || result.empty() ||
      loopsOf(maps[a.values]).empty())
    return false;
  for (unsigned loop : result)
    if (!llvm::is_contained(a.resultLoops, loop))
      columns.push_back(loop);
  if (columns.size() != 1)
    return false;
  a.columnLoop = columns.front();
  unsigned key = a.resultLoops.back();
  return !llvm::is_contained(result, key) &&
         maps[a.values].isFunctionOfDim(key) &&
         maps[a.values].isFunctionOfDim(a.columnLoop);
}

/// The last dimension, longer than one if possible, that only the queries and
/// the result have.
static bool findQueryDim(Attention &a) {
  AffineMap keys = a.scores.getIndexingMapsArray()[a.keys];
  AffineMap queries = a.scores.getIndexingMapsArray()[a.queries];
  AffineMap values = a.result.getIndexingMapsArray()[a.values];
  SmallVector<int64_t> extents = a.scores.getStaticLoopRanges();
  bool found = false;
  for (unsigned dim = 0; dim != a.keyDim(); ++dim) {
    unsigned loop = a.scoresLoops[dim];
    if (keys.isFunctionOfDim(loop) || !queries.isFunctionOfDim(loop) ||
        values.isFunctionOfDim(a.resultLoops[dim]) ||
        (found && extents[loop] == 1))
      continue;
    found = true;
    a.queryDim = dim;
  }
  return found;
}

std::optional<Attention> tegula::sched::matchAttention(const KernelBody &body) {
  if (body.hasForeignOps || body.reductions.size() != 4 ||
      body.results.size() != 1)
    return std::nullopt;
  Attention a;
  a.scores = body.reductions[0];
  a.maximum = body.reductions[1];
  a.sum = body.reductions[2];
  a.result = body.reductions[3];
  for (linalg::LinalgOp op : body.reductions)
    if (!llvm::all_of(op->getOperands(), isF32Tensor))
      return std::nullopt;
  std::optional<ContractionBody> scores = matchContractionBody(a.scores);
  std::optional<ContractionBody> result = matchContractionBody(a.result);
  if (!scores || !result || !matchSoftmax(a) || !matchScores(a) ||
      !matchResult(a) || !findQueryDim(a))
    return std::nullopt;
  // The weights themselves are multiplied.
  Value weight = a.weightsOperand == 0 ? result->lhs : result->rhs;
  if (weight != a.result.getBlock()->getArgument(a.weightsOperand))
    return std::nullopt;
  a.scoresBody = *scores;
  a.resultBody = *result;
  return a;
}
