//===- PointProblems.cpp - Sizes of kernels without products --------------===//

#include "Problems.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::sched;

/// Vector instructions of an operation of a scalar body, two of which take a
/// cycle: what kernels of one operation were measured to take (Zen 3, AVX2).
static int64_t instructionsOf(Operation &op) {
  if (op.hasTrait<OpTrait::ConstantLike>() || isa<linalg::IndexOp>(op))
    return 0;
  return llvm::TypeSwitch<Operation *, int64_t>(&op)
      .Case<arith::DivFOp, math::SqrtOp>([](auto) { return 3; })
      .Case([](math::ExpOp exp) {
        bool isShort =
            bitEnumContainsAny(exp.getFastmath(), arith::FastMathFlags::afn);
        return isShort ? 7 : 9;
      })
      .Case<math::TanhOp, math::ErfOp, math::LogOp>([](auto) { return 26; })
      .Case<math::AbsFOp, math::FmaOp, math::FloorOp, math::CeilOp,
            math::RoundEvenOp>([](auto) { return 1; })
      .Default([](Operation *op) {
        constexpr int64_t kOtherFunction = 70;
        return isa<math::MathDialect>(op->getDialect()) ? kOtherFunction : 1;
      });
}

/// Those of the operations that run over all points of the kernel.
static int64_t countInstructions(Block &block, unsigned loops) {
  int64_t count = 0;
  for (auto op : block.getOps<linalg::LinalgOp>())
    if (op.getNumLoops() == loops && !isa<linalg::FillOp>(op))
      for (Operation &scalar : op.getBlock()->without_terminator())
        count += instructionsOf(scalar);
  return count;
}

static int64_t productOf(ArrayRef<int64_t> extents) {
  int64_t product = 1;
  for (int64_t extent : extents)
    if (ShapedType::isDynamic(extent))
      return cost::kDynamic;
    else
      product *= extent;
  return product;
}

/// Bytes of a tensor; of one of unknown size, those of an element.
static int64_t bytesOf(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.getElementType().isIntOrFloat())
    return 0;
  int64_t bits = type.getElementTypeBitWidth();
  int64_t elements = productOf(type.getShape());
  return (elements == cost::kDynamic ? 1 : elements) * bits / 8;
}

/// Of what is read from memory, and of the results.
static int64_t countBytes(Block &block, ArrayRef<Value> results) {
  SetVector<Value> operands;
  for (Operation &op : block)
    if (isa<linalg::LinalgOp, tensor::PadOp, tensor::ExtractSliceOp>(op))
      for (Value operand : op.getOperands())
        if (isa<RankedTensorType>(operand.getType()) &&
            (isa<BlockArgument>(operand) ||
             isa<bufferization::ToTensorOp>(operand.getDefiningOp())))
          operands.insert(operand);
  int64_t bytes = 0;
  for (Value operand : operands)
    bytes += bytesOf(operand);
  for (Value result : results)
    bytes += bytesOf(result);
  return bytes;
}

/// Are all points of `op` those of its operands, in one order?
static bool isFlat(linalg::LinalgOp op) {
  return llvm::all_of(op.getIndexingMapsArray(), [](AffineMap map) {
    return map.isIdentity() || map.getNumResults() == 0;
  });
}

/// Does `op` read an operand along another loop than the one of its lanes?
static bool readsAcrossLanes(linalg::LinalgOp op) {
  AffineMap result = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  auto lastLoop = [](AffineMap map) -> AffineDimExpr {
    if (map.getNumResults() == 0)
      return nullptr;
    return dyn_cast<AffineDimExpr>(map.getResults().back());
  };
  AffineDimExpr lanes = lastLoop(result);
  return lanes && llvm::any_of(op.getDpsInputOperands(), [&](OpOperand *input) {
           AffineMap map = op.getMatchingIndexingMap(input);
           AffineDimExpr last = lastLoop(map);
           return last && last != lanes &&
                  map.isFunctionOfDim(lanes.getPosition());
         });
}

cost::ElementwiseProblem
tegula::sched::elementwiseProblem(const KernelBody &body) {
  Value result = body.results.front();
  Block &block = *result.getParentBlock();
  ArrayRef<int64_t> shape = cast<RankedTensorType>(result.getType()).getShape();
  cost::ElementwiseProblem problem;
  bool isFolded = block.getOps<tensor::PadOp>().empty() &&
                  block.getOps<tensor::ExtractSliceOp>().empty();
  for (auto op : block.getOps<linalg::LinalgOp>()) {
    isFolded &= isFlat(op);
    problem.isTransposed |= readsAcrossLanes(op);
  }
  bool isOneRow = isFolded || shape.empty();
  problem.rows = isOneRow ? 1 : productOf(shape.drop_back());
  problem.columns = productOf(isOneRow ? shape : shape.take_back());
  problem.elementBytes = widestElementBytes(body);
  problem.instructions = countInstructions(block, shape.size());
  problem.bytes = countBytes(block, body.results);
  return problem;
}

cost::RowsProblem tegula::sched::rowsProblem(const KernelBody &body) {
  linalg::LinalgOp first = body.reductions.front();
  Block &block = *first->getBlock();
  SmallVector<int64_t> ranges = first.getStaticLoopRanges();
  unsigned rank = first.getNumParallelLoops();
  cost::RowsProblem problem;
  problem.rows = productOf(ArrayRef(ranges).take_front(rank));
  problem.columns = productOf(ArrayRef(ranges).drop_front(rank));
  problem.reductions = body.reductions.size();
  bool writesRows = llvm::any_of(body.results, [&](Value result) {
    return cast<RankedTensorType>(result.getType()).getRank() > rank;
  });
  problem.passes = problem.reductions + writesRows;
  problem.instructions = countInstructions(block, first.getNumLoops());
  problem.bytes = countBytes(block, body.results);
  return problem;
}

cost::RowsProblem tegula::sched::softmaxProblem(const KernelBody &attention) {
  cost::AttentionProblem sizes = attentionProblem(attention);
  bool isKnown = sizes.batch != cost::kDynamic &&
                 sizes.queries != cost::kDynamic &&
                 sizes.keys != cost::kDynamic;
  constexpr int64_t kElementBytes = 4;
  linalg::LinalgOp scores = attention.reductions.front();
  cost::RowsProblem problem;
  problem.rows = sizes.queries;
  if (sizes.batch != cost::kDynamic && sizes.queries != cost::kDynamic)
    problem.rows *= sizes.batch;
  problem.columns = sizes.keys;
  problem.reductions = 2; // The maximum and the sum.
  problem.passes = 3;
  problem.instructions =
      countInstructions(*scores->getBlock(), scores.getNumParallelLoops());
  problem.bytes =
      isKnown ? 2 * problem.rows * problem.columns * kElementBytes : 0;
  return problem;
}
