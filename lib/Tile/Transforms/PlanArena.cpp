//===- PlanArena.cpp - A place for every buffer of the entry function -----===//

#include "tegula/Graph/IR/Graph.h"
#include "tegula/Tile/Transforms/Passes.h"

#include "Allocations.h"
#include "ArenaPlan.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/DenseMap.h"

namespace tegula::tile {
#define GEN_PASS_DEF_PLANARENAPASS
#include "tegula/Tile/Transforms/Passes.h.inc"
} // namespace tegula::tile

using namespace mlir;
using namespace tegula::tile;
using tegula::graph::CallOp;

/// The bytes of a buffer of static shape; at least one, so that every buffer
/// has an address of its own.
static int64_t byteSize(MemRefType type) {
  Type element = type.getElementType();
  int64_t width = element.isIndex()
                      ? 8
                      : llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
  return std::max<int64_t>(1, type.getNumElements() * width);
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

/// Whether the runtime may hand out the memory of result `type` for `alloc`.
static bool canBeOutput(memref::AllocOp alloc, Type type, Block *entry) {
  if (!alloc || alloc->getBlock() != entry || alloc->hasAttr("tegula.output"))
    return false;
  // A view of another shape has its dynamic sizes only later.
  return alloc.getType() == type || (alloc.getType().hasStaticShape() &&
                                     cast<MemRefType>(type).hasStaticShape());
}

/// Marks the allocations that are results; adds one, and a copy into it, for
/// every other result.
static void markOutputs(func::FuncOp func) {
  Block *entry = &func.getBody().front();
  Operation *terminator = entry->getTerminator();
  OpBuilder builder(terminator);
  Location loc = terminator->getLoc();
  for (OpOperand &operand : terminator->getOpOperands()) {
    auto type = dyn_cast<MemRefType>(operand.get().getType());
    if (!type)
      continue;
    memref::AllocOp alloc = allocationBehind(operand.get());
    if (!canBeOutput(alloc, type, entry)) {
      SmallVector<Value> sizes;
      for (int64_t dim = 0; dim < type.getRank(); ++dim)
        if (type.isDynamicDim(dim))
          sizes.push_back(
              memref::DimOp::create(builder, loc, operand.get(), dim));
      alloc = memref::AllocOp::create(builder, loc, type, sizes);
      memref::CopyOp::create(builder, loc, operand.get(), alloc);
      operand.set(alloc);
    }
    alloc->setAttr("tegula.output",
                   builder.getI64IntegerAttr(operand.getOperandNumber()));
  }
}

//===----------------------------------------------------------------------===//
// Live ranges
//===----------------------------------------------------------------------===//

namespace {

/// The live range of an allocation, in the order of a pre-order walk.
class LiveRanges {
public:
  explicit LiveRanges(func::FuncOp func) : aliases(func) {
    number(func.getBody());
  }

  /// The range in which the memory of `alloc` is needed, or nothing when it is
  /// needed beyond one iteration of the loop around it.
  std::optional<LiveBuffer> of(memref::AllocOp alloc) {
    LiveBuffer range{0, begin.lookup(alloc), begin.lookup(alloc)};
    Operation *loop = innermostLoop(alloc);
    for (Value alias : aliases.resolve(alloc.getResult())) {
      if (loop && leaves(alias, loop))
        return std::nullopt;
      for (Operation *user : alias.getUsers())
        range.end = std::max(range.end, lastTime(user, alloc));
    }
    return range;
  }

private:
  void number(Region &region) {
    for (Block &block : region)
      for (Operation &op : block) {
        begin[&op] = next++;
        for (Region &nested : op.getRegions())
          number(nested);
        if (op.getNumRegions())
          end[&op] = next++;
      }
  }

  static Operation *innermostLoop(Operation *op) {
    return op->getParentOfType<LoopLikeOpInterface>();
  }

  /// Whether `alias` is carried by `loop` or lives around it.
  static bool leaves(Value alias, Operation *loop) {
    if (auto argument = dyn_cast<BlockArgument>(alias))
      return !loop->isProperAncestor(argument.getOwner()->getParentOp());
    return !loop->isProperAncestor(alias.getDefiningOp());
  }

  /// When `user` runs for the last time, seen from `alloc`: after a loop that
  /// does not contain the allocation, its end.
  int64_t lastTime(Operation *user, Operation *alloc) {
    int64_t time = begin.lookup(user);
    for (Operation *parent = user->getParentOp();
         parent && !parent->isAncestor(alloc); parent = parent->getParentOp())
      if (isa<LoopLikeOpInterface>(parent))
        time = end.lookup(parent);
    return time;
  }

  BufferViewFlowAnalysis aliases;
  DenseMap<Operation *, int64_t> begin, end;
  int64_t next = 0;
};

struct PlanArenaPass : tegula::tile::impl::PlanArenaPassBase<PlanArenaPass> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    for (func::FuncOp func : getOperation().getOps<func::FuncOp>()) {
      if (func.isExternal())
        continue;
      func.walk([&](CallOp call) { addScratch(call, symbols); });
      markOutputs(func);
      plan(func);
    }
  }

  /// Passes a scratch buffer to a kernel that has a parameter for one.
  static void addScratch(CallOp call, SymbolTable &symbols) {
    auto module = symbols.lookup<ModuleOp>(call.getCallee());
    auto func =
        module ? module.lookupSymbol<func::FuncOp>(call.getCallee()) : nullptr;
    if (!func || !func->hasAttr("tegula.scratch"))
      return;
    OpBuilder builder(call);
    auto type =
        cast<MemRefType>(func.getArgument(call.getNumOperands()).getType());
    Value scratch = memref::AllocOp::create(builder, call.getLoc(), type);
    call.getOutputsMutable().append(scratch);
  }

  void plan(func::FuncOp func) {
    LiveRanges ranges(func);
    SmallVector<memref::AllocOp> arenaAllocs, slotAllocs;
    SmallVector<LiveBuffer> arenaBuffers, slotBuffers;
    func.walk([&](memref::AllocOp alloc) {
      if (alloc->hasAttr("tegula.output"))
        return;
      std::optional<LiveBuffer> range = ranges.of(alloc);
      if (!range) {
        alloc->setAttr("tegula.heap", UnitAttr::get(&getContext()));
      } else if (alloc.getType().hasStaticShape()) {
        range->bytes = byteSize(alloc.getType());
        arenaAllocs.push_back(alloc);
        arenaBuffers.push_back(*range);
      } else {
        slotAllocs.push_back(alloc);
        slotBuffers.push_back(*range);
      }
    });
    Builder builder(&getContext());
    SmallVector<int64_t> places;
    int64_t bytes = planArena(arenaBuffers, places);
    for (auto [alloc, offset] : llvm::zip(arenaAllocs, places))
      alloc->setAttr("tegula.offset", builder.getI64IntegerAttr(offset));
    int64_t slots = planSlots(slotBuffers, places);
    for (auto [alloc, slot] : llvm::zip(slotAllocs, places))
      alloc->setAttr("tegula.slot", builder.getI64IntegerAttr(slot));
    func->setAttr("tegula.arena_bytes", builder.getI64IntegerAttr(bytes));
    func->setAttr("tegula.slots", builder.getI64IntegerAttr(slots));
  }
};

} // namespace
