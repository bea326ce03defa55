//===- PlaceTemporaries.cpp - Kernel temporaries on stack or scratch ------===//

#include "tegula/Tile/Transforms/Passes.h"

#include "llvm/Support/MathExtras.h"

namespace tegula::tile {
#define GEN_PASS_DEF_PLACETEMPORARIESPASS
#include "tegula/Tile/Transforms/Passes.h.inc"
} // namespace tegula::tile

using namespace mlir;

static constexpr int64_t kStackBytes = 64 * 1024;
static constexpr int64_t kAlignment = 64;
/// What large temporaries inside the parallel loop may take, all tasks
/// together.
static constexpr int64_t kTaskBytes = 64 << 20;

static int64_t byteSize(MemRefType type) {
  Type element = type.getElementType();
  int64_t width = element.isIndex()
                      ? 8
                      : llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
  return llvm::alignTo(type.getNumElements() * width, kAlignment);
}

namespace {

struct PlaceTemporariesPass
    : tegula::tile::impl::PlaceTemporariesPassBase<PlaceTemporariesPass> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func.isExternal())
      return;
    SmallVector<memref::AllocOp> allocs;
    func.walk([&](memref::AllocOp alloc) {
      if (alloc.getType().hasStaticShape() &&
          alloc.getType().getLayout().isIdentity())
        allocs.push_back(alloc);
    });
    SmallVector<std::pair<int64_t, size_t>> bySize;
    for (auto [number, alloc] : llvm::enumerate(allocs))
      bySize.emplace_back(byteSize(alloc.getType()), number);
    llvm::sort(bySize);
    int64_t stack = 0;
    SmallVector<memref::AllocOp> large, ofTasks;
    for (auto [bytes, number] : bySize) {
      memref::AllocOp alloc = allocs[number];
      if (stack + bytes <= kStackBytes) {
        stack += bytes;
        moveToStack(alloc, func);
      } else if (auto loop = alloc->getParentOfType<scf::ForallOp>(); !loop) {
        large.push_back(alloc);
      } else if (alloc->getParentOp() == loop && fits(bytes, loop)) {
        ofTasks.push_back(alloc);
      }
    }
    if (!large.empty() || !ofTasks.empty())
      moveToScratch(large, ofTasks, func);
  }

  /// Tasks of a loop of one dimension, if that is known.
  static std::optional<int64_t> tasksOf(scf::ForallOp loop) {
    SmallVector<OpFoldResult> bounds = loop.getMixedUpperBound();
    return bounds.size() == 1 ? getConstantIntValue(bounds[0]) : std::nullopt;
  }

  /// May each task of the loop have `bytes`?
  static bool fits(int64_t bytes, scf::ForallOp loop) {
    std::optional<int64_t> tasks = tasksOf(loop);
    return tasks && *tasks <= kTaskBytes / bytes;
  }

  /// The alloca goes to the start of the function, so that it is not repeated
  /// by the loops around the allocation.
  static void moveToStack(memref::AllocOp alloc, func::FuncOp func) {
    OpBuilder builder = OpBuilder::atBlockBegin(&func.getBody().front());
    Value stack =
        memref::AllocaOp::create(builder, alloc.getLoc(), alloc.getType(),
                                 builder.getI64IntegerAttr(kAlignment));
    alloc.replaceAllUsesWith(stack);
    alloc.erase();
  }

  /// `ofTasks` are allocated by each task of the parallel loop.
  static void moveToScratch(ArrayRef<memref::AllocOp> allocs,
                            ArrayRef<memref::AllocOp> ofTasks,
                            func::FuncOp func) {
    int64_t size = 0;
    for (memref::AllocOp alloc : allocs)
      size += byteSize(memref::AllocOp(alloc).getType());
    for (memref::AllocOp alloc : ofTasks)
      size += byteSize(memref::AllocOp(alloc).getType()) * tasksAround(alloc);
    OpBuilder builder(func.getContext());
    auto type = MemRefType::get({size}, builder.getI8Type());
    (void)func.insertArgument(func.getNumArguments(), type, {}, func.getLoc());
    func->setAttr("tegula.scratch", builder.getUnitAttr());
    Value scratch = func.getArguments().back();
    int64_t offset = 0;
    for (memref::AllocOp alloc : allocs) {
      builder.setInsertionPoint(alloc);
      Value shift =
          arith::ConstantIndexOp::create(builder, alloc.getLoc(), offset);
      offset += byteSize(alloc.getType());
      replaceByView(builder, alloc, scratch, shift);
    }
    for (memref::AllocOp alloc : ofTasks) {
      builder.setInsertionPoint(alloc);
      Location loc = alloc.getLoc();
      int64_t bytes = byteSize(alloc.getType()), tasks = tasksAround(alloc);
      Value task =
          alloc->getParentOfType<scf::ForallOp>().getInductionVars().front();
      Value first = arith::ConstantIndexOp::create(builder, loc, offset);
      Value pitch = arith::ConstantIndexOp::create(builder, loc, bytes);
      Value shift = arith::MulIOp::create(builder, loc, task, pitch);
      shift = arith::AddIOp::create(builder, loc, first, shift);
      offset += bytes * tasks;
      replaceByView(builder, alloc, scratch, shift);
    }
  }

  static int64_t tasksAround(memref::AllocOp alloc) {
    return *tasksOf(alloc->getParentOfType<scf::ForallOp>());
  }

  static void replaceByView(OpBuilder &builder, memref::AllocOp alloc,
                            Value scratch, Value shift) {
    Value view = memref::ViewOp::create(
        builder, alloc.getLoc(), alloc.getType(), scratch, shift, ValueRange());
    alloc.replaceAllUsesWith(view);
    alloc.erase();
  }
};

} // namespace
