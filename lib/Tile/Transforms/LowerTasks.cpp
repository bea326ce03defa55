//===- LowerTasks.cpp - The parallel loop of a kernel to tasks ------------===//

#include "tegula/Tile/Transforms/Passes.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "tegula/Schedule/IR/Sched.h"

namespace tegula::tile {
#define GEN_PASS_DEF_LOWERTASKSPASS
#include "tegula/Tile/Transforms/Passes.h.inc"
} // namespace tegula::tile

using namespace mlir;
using namespace tegula;

/// Whether each task may run everything around `loop` for itself.
static bool mayRepeatSurroundings(scf::ForallOp loop) {
  for (Operation &op : *loop->getBlock())
    if (&op != loop && !op.hasTrait<OpTrait::IsTerminator>() &&
        !isa<memref::AllocaOp>(op) && !isPure(&op))
      return false;
  return true;
}

/// Tasks that run one after another share scratch memory: that of the first.
/// Fewer bytes are touched, and they stay in the caches.
static void shareScratch(scf::ForallOp loop, Value begin) {
  OpBuilder builder(loop);
  for (auto view :
       llvm::make_early_inc_range(loop.getBody()->getOps<memref::ViewOp>())) {
    if (!isa<BlockArgument>(view.getSource()))
      continue;
    BackwardSliceOptions inLoop;
    inLoop.filter = [&](Operation *op) { return op->getParentOp() == loop; };
    SetVector<Operation *> slice;
    (void)getBackwardSlice(view.getOperation(), &slice, inLoop);
    slice.insert(view);
    IRMapping mapping;
    mapping.map(loop.getInductionVars().front(), begin);
    for (Operation *op : slice)
      builder.clone(*op, mapping);
    view.replaceAllUsesWith(mapping.lookup(view.getResult()));
    view.erase();
  }
}

/// Turns the iterations begin..end of `loop` into a sequential loop.
static void makeSequential(scf::ForallOp loop, Value begin, Value end) {
  OpBuilder builder(loop);
  Location loc = loop.getLoc();
  shareScratch(loop, begin);
  Value one = arith::ConstantIndexOp::create(builder, loc, 1);
  auto sequential = scf::ForOp::create(builder, loc, begin, end, one);
  loop.getInductionVars().front().replaceAllUsesWith(
      sequential.getInductionVar());
  Block *body = sequential.getBody();
  body->getOperations().splice(body->begin(), loop.getBody()->getOperations(),
                               loop.getBody()->begin(),
                               std::prev(loop.getBody()->end()));
  loop.erase();
}

/// @k_tasks: the number of iterations of `loop`, from the same arguments.
static void createTaskCount(func::FuncOp func, scf::ForallOp loop) {
  OpBuilder builder(func);
  Location loc = func.getLoc();
  auto tasks = func::FuncOp::create(
      builder, loc, (func.getName() + "_tasks").str(),
      builder.getFunctionType(func.getArgumentTypes(), builder.getIndexType()));
  Block *entry = tasks.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  IRMapping mapping;
  mapping.map(func.getArguments(), entry->getArguments());
  OpFoldResult count = loop.getMixedUpperBound().front();
  if (auto value = dyn_cast<Value>(count)) {
    SetVector<Operation *> slice;
    (void)getBackwardSlice(value, &slice, {});
    if (Operation *def = value.getDefiningOp())
      slice.insert(def);
    for (Operation *op : slice)
      if (op->getBlock() == loop->getBlock())
        builder.clone(*op, mapping);
    count = mapping.lookup(value);
  }
  func::ReturnOp::create(builder, loc,
                         getValueOrCreateConstantIndexOp(builder, loc, count));
}

namespace {

struct LowerTasksPass : tegula::tile::impl::LowerTasksPassBase<LowerTasksPass> {
  void runOnOperation() override {
    for (func::FuncOp func :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>()))
      if (!func.isExternal() && failed(lower(func)))
        return signalPassFailure();
  }

  LogicalResult lower(func::FuncOp func) {
    auto loops = func.getBody().getOps<scf::ForallOp>();
    if (loops.empty())
      return success();
    scf::ForallOp loop = *loops.begin();
    if (!llvm::hasSingleElement(loops) || loop.getRank() != 1 ||
        !loop.isNormalized() || loop.getNumResults() != 0)
      return loop.emitOpError("expects a kernel with one parallel loop, of one "
                              "dimension, from 0 in steps of 1");
    if (func->hasAttr(sched::kSequentialAttrName) ||
        !mayRepeatSurroundings(loop)) {
      OpBuilder builder(loop);
      Value zero = arith::ConstantIndexOp::create(builder, loop.getLoc(), 0);
      Value end = getValueOrCreateConstantIndexOp(
          builder, loop.getLoc(), loop.getMixedUpperBound().front());
      makeSequential(loop, zero, end);
      return success();
    }
    createTaskCount(func, loop);
    Type index = IndexType::get(&getContext());
    for (int i = 0; i < 2; ++i)
      (void)func.insertArgument(func.getNumArguments(), index, {},
                                func.getLoc());
    makeSequential(loop, func.getArgument(func.getNumArguments() - 2),
                   func.getArgument(func.getNumArguments() - 1));
    return success();
  }
};

} // namespace
