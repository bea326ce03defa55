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
    SmallVector<memref::AllocOp> large;
    for (auto [bytes, number] : bySize) {
      memref::AllocOp alloc = allocs[number];
      if (stack + bytes <= kStackBytes) {
        stack += bytes;
        moveToStack(alloc, func);
      } else if (!alloc->getParentOfType<scf::ForallOp>()) {
        large.push_back(alloc);
      }
    }
    if (!large.empty())
      moveToScratch(large, func);
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

  static void moveToScratch(ArrayRef<memref::AllocOp> allocs,
                            func::FuncOp func) {
    int64_t size = 0;
    for (memref::AllocOp alloc : allocs)
      size += byteSize(memref::AllocOp(alloc).getType());
    OpBuilder builder(func.getContext());
    auto type = MemRefType::get({size}, builder.getI8Type());
    (void)func.insertArgument(func.getNumArguments(), type, {}, func.getLoc());
    func->setAttr("tegula.scratch", builder.getUnitAttr());
    Value scratch = func.getArguments().back();
    int64_t offset = 0;
    for (memref::AllocOp alloc : allocs) {
      MemRefType viewType = alloc.getType();
      builder.setInsertionPoint(alloc);
      Value shift =
          arith::ConstantIndexOp::create(builder, alloc.getLoc(), offset);
      Value view = memref::ViewOp::create(builder, alloc.getLoc(), viewType,
                                          scratch, shift, ValueRange());
      offset += byteSize(viewType);
      alloc.replaceAllUsesWith(view);
      alloc.erase();
    }
  }
};

} // namespace
