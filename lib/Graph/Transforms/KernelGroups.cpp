//===- KernelGroups.cpp - Which operations share a kernel -----------------===//

#include "KernelGroups.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/IR/LinalgInterfaces.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "tegula/LowPrecision/IR/LowPrecision.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::graph;

//===----------------------------------------------------------------------===//
// Classes of operations
//===----------------------------------------------------------------------===//

bool tegula::graph::isInlinedIntoKernels(Operation *op) {
  if (isa<tensor::EmptyOp>(op))
    return true;
  if (auto fill = dyn_cast<linalg::FillOp>(op)) {
    Operation *init = fill.getOutputs()[0].getDefiningOp();
    return fill.getNumResults() == 1 && init && isa<tensor::EmptyOp>(init);
  }
  auto constant = dyn_cast<arith::ConstantOp>(op);
  if (!constant)
    return false;
  auto type = dyn_cast<ShapedType>(constant.getType());
  if (!type)
    return true;
  // One value for all elements is part of the code; other constants are in
  // memory, as what else a kernel reads.
  auto dense = dyn_cast<DenseElementsAttr>(constant.getValue());
  return dense && dense.isSplat();
}

bool tegula::graph::isKernelWork(Operation *op) {
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return linalgOp.hasPureTensorSemantics();
  return isa<tensor::PadOp, tensor::ExtractSliceOp, tensor::InsertSliceOp,
             tensor::ConcatOp, tensor::GenerateOp, tensor::SplatOp,
             linalg::PackOp, linalg::UnPackOp, lp::DequantizeOp>(op);
}

namespace {

/// What a kernel can be built around.
enum class WorkKind { Elementwise, Reduction, Contraction, Movement };

} // namespace

static bool readsCapturedTensors(linalg::LinalgOp op) {
  WalkResult found =
      op->walk([](tensor::ExtractOp) { return WalkResult::interrupt(); });
  return found.wasInterrupted();
}

/// How many inputs a reduction's loops run through: one of a variance, whose
/// mean is the same for all that is summed, two of a product.
static int64_t numSummedInputs(linalg::LinalgOp op) {
  SmallVector<unsigned> summed;
  op.getReductionDims(summed);
  return llvm::count_if(op.getDpsInputOperands(), [&](OpOperand *input) {
    AffineMap map = op.getMatchingIndexingMap(input);
    return llvm::any_of(
        summed, [&](unsigned loop) { return map.isFunctionOfDim(loop); });
  });
}

static WorkKind classify(Operation *op) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp || readsCapturedTensors(linalgOp))
    return WorkKind::Movement;
  if (linalgOp.getNumReductionLoops() == 0) {
    // Copies, transposes and broadcasts count as elementwise: reading through
    // a permutation costs no more inside a fused kernel.
    bool inLoopOrder =
        llvm::all_of(linalgOp.getIndexingMapsArray(), [](AffineMap map) {
          return map.isProjectedPermutation(true);
        });
    return inLoopOrder ? WorkKind::Elementwise : WorkKind::Movement;
  }
  return numSummedInputs(linalgOp) > 1 ? WorkKind::Contraction
                                       : WorkKind::Reduction;
}

//===----------------------------------------------------------------------===//
// Growing a group
//===----------------------------------------------------------------------===//

/// The number of leading dimensions that `map` passes through in order:
/// (d0, d1, d2) -> (d0, d1, 0) gives 2.
static unsigned leadingIdentity(AffineMap map) {
  unsigned count = 0;
  for (AffineExpr result : map.getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(result);
    if (!dim || dim.getPosition() != count)
      break;
    ++count;
  }
  return count;
}

/// The number of leading loops of `op` that are parallel and that every one of
/// its results is indexed by, in order.
static unsigned leadingRows(linalg::LinalgOp op) {
  unsigned rows = 0;
  for (utils::IteratorType iterator : op.getIteratorTypesArray()) {
    if (iterator != utils::IteratorType::parallel)
      break;
    ++rows;
  }
  for (OpOperand &init : op.getDpsInitsMutable())
    rows = std::min(rows, leadingIdentity(op.getMatchingIndexingMap(&init)));
  return rows;
}

namespace {

/// Grows one group backwards from its last operation.
class GroupGrower {
public:
  GroupGrower(Operation *last, const DenseSet<Operation *> &taken)
      : taken(taken) {
    add(last);
  }

  KernelGroup grow() {
    for (bool grown = true; grown;) {
      grown = false;
      for (Operation *producer : candidates())
        if (accepts(producer)) {
          add(producer);
          grown = true;
        }
    }
    llvm::sort(members, [](Operation *a, Operation *b) {
      return a->isBeforeInBlock(b);
    });
    return members;
  }

private:
  void add(Operation *op) {
    WorkKind kind = classify(op);
    hasReduction |= kind == WorkKind::Reduction;
    hasContraction |= kind == WorkKind::Contraction;
    hasMovement |= kind == WorkKind::Movement;
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
      rows = std::min(rows, leadingRows(linalgOp));
    members.push_back(op);
    memberSet.insert(op);
  }

  /// The producers of the members that no other operation needs.
  SmallVector<Operation *> candidates() {
    llvm::SetVector<Operation *> found;
    for (Operation *member : members)
      for (Value operand : member->getOperands())
        if (Operation *producer = operand.getDefiningOp())
          if (producer->getBlock() == member->getBlock() &&
              isKernelWork(producer) && !isInlinedIntoKernels(producer) &&
              !taken.contains(producer) && !memberSet.contains(producer) &&
              usedByMembersOnly(producer))
            found.insert(producer);
    return found.takeVector();
  }

  bool usedByMembersOnly(Operation *producer) {
    return llvm::all_of(producer->getUsers(), [&](Operation *user) {
      return memberSet.contains(user);
    });
  }

  bool accepts(Operation *producer) {
    if (hasContraction)
      return isOperandOfContraction(producer);
    if (hasMovement)
      return false;
    switch (classify(producer)) {
    case WorkKind::Movement:
      return false;
    case WorkKind::Contraction:
      return !hasReduction && readInResultOrder(producer);
    case WorkKind::Reduction:
      return sharesRows(producer);
    case WorkKind::Elementwise:
      if (!hasReduction && readInResultOrder(producer))
        return true;
      return (hasReduction || finishes(producer, WorkKind::Reduction)) &&
             !finishes(producer, WorkKind::Contraction) && sharesRows(producer);
    }
    return false;
  }

  /// Padding joins the convolution that reads it, packed codes the product.
  bool isOperandOfContraction(Operation *producer) {
    return isa<tensor::PadOp, lp::DequantizeOp>(producer) &&
           llvm::all_of(producer->getUsers(), [](Operation *user) {
             return isa<linalg::LinalgOp>(user) &&
                    classify(user) == WorkKind::Contraction;
           });
  }

  /// Does elementwise `op` alone read an operation of `kind`, in its order?
  /// What follows a reduction belongs to its rows, what follows a contraction
  /// to its epilogue: there it is computed once, in rows by each pass.
  bool finishes(Operation *op, WorkKind kind) {
    return llvm::any_of(op->getOperands(), [&](Value operand) {
      Operation *root = operand.getDefiningOp();
      return root && root->getBlock() == op->getBlock() && isKernelWork(root) &&
             classify(root) == kind && operand.hasOneUse() &&
             isa<linalg::LinalgOp>(root) && readInResultOrder(root);
    });
  }

  /// Every member that reads `producer` does so element for element, over the
  /// same iteration space.
  bool readInResultOrder(Operation *producer) {
    auto linalgProducer = cast<linalg::LinalgOp>(producer);
    for (OpOperand &init : linalgProducer.getDpsInitsMutable())
      if (leadingIdentity(linalgProducer.getMatchingIndexingMap(&init)) !=
          linalgProducer.getMatchingIndexingMap(&init).getNumResults())
        return false;
    for (OpOperand &use : producer->getUses()) {
      auto user = dyn_cast<linalg::LinalgOp>(use.getOwner());
      if (!user || user.isDpsInit(&use) ||
          !user.getMatchingIndexingMap(&use).isIdentity())
        return false;
    }
    return true;
  }

  /// With `producer` the group still has common leading rows, outside of all
  /// reductions.
  bool sharesRows(Operation *producer) {
    unsigned common =
        std::min(rows, leadingRows(cast<linalg::LinalgOp>(producer)));
    for (OpOperand &use : producer->getUses()) {
      auto user = dyn_cast<linalg::LinalgOp>(use.getOwner());
      if (!user || user.isDpsInit(&use))
        return false;
      common =
          std::min(common, leadingIdentity(user.getMatchingIndexingMap(&use)));
    }
    if (common == 0 || (rowsFixed() && common < rows))
      return false;
    rows = common;
    return true;
  }

  /// A reduction in the group ties the rows: fewer of them would put several
  /// independent reductions into one task.
  bool rowsFixed() const { return hasReduction; }

  const DenseSet<Operation *> &taken;
  KernelGroup members;
  DenseSet<Operation *> memberSet;
  unsigned rows = ~0u;
  bool hasReduction = false;
  bool hasContraction = false;
  bool hasMovement = false;
};

} // namespace

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

static bool holds(ArrayRef<Operation *> group, WorkKind kind) {
  return llvm::any_of(group,
                      [&](Operation *op) { return classify(op) == kind; });
}

/// The operations of `block` whose results only members of `group` read and
/// which are not members themselves.
static SmallVector<Operation *>
exclusiveProducers(Block &block, ArrayRef<Operation *> group,
                   const DenseSet<Operation *> &taken) {
  llvm::SetVector<Operation *> producers;
  for (Operation *member : group)
    for (Value operand : member->getOperands()) {
      Operation *producer = operand.getDefiningOp();
      if (producer && producer->getBlock() == &block &&
          isKernelWork(producer) && !isInlinedIntoKernels(producer) &&
          !taken.contains(producer) && !llvm::is_contained(group, producer) &&
          llvm::all_of(producer->getUsers(), [&](Operation *user) {
            return llvm::is_contained(group, user);
          }))
        producers.insert(producer);
    }
  return producers.takeVector();
}

/// Takes into the group of a product the softmax that only it reads, and the
/// product that only that softmax reads.
static void takeInAttention(KernelGroup &group,
                            const DenseSet<Operation *> &taken) {
  Block &block = *group.back()->getBlock();
  for (Operation *weights : exclusiveProducers(block, group, taken)) {
    KernelGroup softmax = GroupGrower(weights, taken).grow();
    if (!holds(softmax, WorkKind::Reduction) ||
        holds(softmax, WorkKind::Contraction))
      continue;
    for (Operation *logits : exclusiveProducers(block, softmax, taken)) {
      KernelGroup scores = GroupGrower(logits, taken).grow();
      if (!holds(scores, WorkKind::Contraction))
        continue;
      group.append(softmax);
      group.append(scores);
      llvm::sort(group, [](Operation *a, Operation *b) {
        return a->isBeforeInBlock(b);
      });
      return;
    }
  }
}

SmallVector<KernelGroup>
tegula::graph::groupKernels(Block &block, const GroupingOptions &options) {
  SmallVector<KernelGroup> groups;
  DenseSet<Operation *> taken;
  for (Operation &op : llvm::reverse(block)) {
    if (!isKernelWork(&op) || taken.contains(&op) || op.use_empty())
      continue;
    // A fill that only kernels use is repeated inside them.
    if (isInlinedIntoKernels(&op) &&
        llvm::all_of(op.getUsers(),
                     [](Operation *user) { return isKernelWork(user); }))
      continue;
    KernelGroup group =
        options.fuse ? GroupGrower(&op, taken).grow() : KernelGroup{&op};
    if (options.attention && holds(group, WorkKind::Contraction))
      takeInAttention(group, taken);
    taken.insert(group.begin(), group.end());
    groups.push_back(std::move(group));
  }
  return groups;
}
