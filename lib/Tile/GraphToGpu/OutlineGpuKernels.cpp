//===- OutlineGpuKernels.cpp - Parallel loops to GPU kernels --------------===//

#include "GpuBlock.h"

#include "tegula/Tile/GraphToGpu/Passes.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"

namespace tegula::tile {
#define GEN_PASS_DEF_OUTLINEGPUKERNELSPASS
#include "tegula/Tile/GraphToGpu/Passes.h.inc"
} // namespace tegula::tile

using namespace mlir;
using namespace tegula::tile;

static constexpr int32_t kThreads = 256;
/// More blocks than this take several rounds each.
static constexpr int64_t kMaxBlocks = 1 << 16;
static constexpr int64_t kAlignment = 256;

static int64_t byteSize(MemRefType type) {
  Type element = type.getElementType();
  int64_t width = element.isIndex()
                      ? 8
                      : llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
  return llvm::alignTo(std::max<int64_t>(1, type.getNumElements() * width),
                       kAlignment);
}

/// A parallel loop with one block per iteration, else one thread.
static bool isBlockLoop(scf::ForallOp forall) {
  return forall->hasAttr(kThreadsAttrName);
}

static int32_t threadsOf(Operation *op) {
  auto forall = dyn_cast<scf::ForallOp>(op);
  if (!forall)
    return 1;
  auto threads = forall->getAttrOfType<IntegerAttr>(kThreadsAttrName);
  return threads ? int32_t(threads.getInt()) : kThreads;
}

/// Values that both the host and every kernel compute for themselves.
static bool isShared(Operation *op) {
  return isPure(op) || isa<memref::LoadOp, memref::GetGlobalOp>(op);
}

/// What kernels are given, beside the function's arguments.
static bool isMadeByHost(Operation *op) {
  return isa<memref::AllocOp, nvgpu::TmaCreateDescriptorOp>(op);
}

namespace {

/// Moves the work of one kernel function into GPU kernels.
class Outliner {
public:
  explicit Outliner(func::FuncOp func)
      : func(func), builder(func.getContext()), loc(func.getLoc()) {}

  LogicalResult run() {
    SmallVector<Operation *> work;
    for (Operation &op : func.getBody().front().without_terminator()) {
      if (isShared(&op) || isMadeByHost(&op) || isa<memref::DeallocOp>(op))
        continue;
      if (!op.use_empty())
        return op.emitOpError("computes values in order, which the GPU target "
                              "does not support yet; compile for the CPU");
      work.push_back(&op);
    }
    auto parent = func->getParentOfType<ModuleOp>();
    parent->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                    builder.getUnitAttr());
    builder.setInsertionPointToEnd(parent.getBody());
    module =
        gpu::GPUModuleOp::create(builder, loc, (func.getName() + "_gpu").str());
    for (Operation *op : work)
      if (failed(outline(op)))
        return failure();
    removeUnused();
    moveToScratch();
    copyConstants(parent);
    return success();
  }

private:
  /// What `op` needs from outside: the buffers and scalars that the kernel is
  /// given, and the operations that it repeats; both in the function's order.
  void collect(Operation *op, SmallVector<Value> &arguments,
               SmallVector<Operation *> &repeated) {
    DenseSet<Value> used;
    SmallVector<Value> todo;
    auto addOperands = [&](Operation *inner) {
      for (Value operand : inner->getOperands())
        if (operand.getParentBlock() == &func.getBody().front() &&
            used.insert(operand).second)
          todo.push_back(operand);
    };
    op->walk(addOperands);
    while (!todo.empty())
      if (Operation *def = todo.pop_back_val().getDefiningOp();
          def && !isMadeByHost(def))
        def->walk(addOperands);
    // Tensor maps come first: the runtime passes them by value.
    for (auto map : func.getOps<nvgpu::TmaCreateDescriptorOp>())
      if (used.contains(map))
        arguments.push_back(map);
    for (Value argument : func.getArguments())
      if (used.contains(argument))
        arguments.push_back(argument);
    for (Operation &inner : func.getBody().front())
      if (llvm::any_of(inner.getResults(),
                       [&](Value value) { return used.contains(value); })) {
        if (auto alloc = dyn_cast<memref::AllocOp>(inner))
          arguments.push_back(alloc);
        else if (!isMadeByHost(&inner))
          repeated.push_back(&inner);
      }
  }

  LogicalResult outline(Operation *op) {
    SmallVector<Value> arguments;
    SmallVector<Operation *> repeated;
    collect(op, arguments, repeated);
    SmallVector<Type> types;
    for (Value value : arguments)
      types.push_back(value.getType());
    builder.setInsertionPointToEnd(module.getBody());
    auto kernel = gpu::GPUFuncOp::create(
        builder, loc, (func.getName() + "_" + Twine(numKernels++)).str(),
        builder.getFunctionType(types, {}));
    kernel->setAttr(gpu::GPUDialect::getKernelFuncAttrName(),
                    builder.getUnitAttr());
    kernel.setKnownBlockSizeAttr(
        builder.getDenseI32ArrayAttr({threadsOf(op), 1, 1}));
    builder.setInsertionPointToEnd(&kernel.getBody().front());
    IRMapping mapping;
    for (auto [value, argument] : llvm::zip(arguments, kernel.getArguments()))
      mapping.map(value, argument);
    for (Operation *inner : repeated)
      builder.clone(*inner, mapping);
    auto forall = dyn_cast<scf::ForallOp>(op);
    if (forall && isBlockLoop(forall))
      emitBlock(forall, mapping);
    else if (forall)
      emitThreads(forall, mapping);
    else
      builder.clone(*op, mapping);
    gpu::ReturnOp::create(builder, loc);
    if (failed(placeTemporaries(kernel)))
      return failure();
    builder.setInsertionPoint(op);
    launch(kernel, forall, arguments);
    op->erase();
    return success();
  }

  /// One block per iteration: its threads share the body.
  void emitBlock(scf::ForallOp forall, IRMapping &mapping) {
    Value block = gpu::BlockIdOp::create(builder, loc, gpu::Dimension::x);
    mapping.map(forall.getInductionVars().front(), block);
    for (Operation &inner : forall.getBody()->without_terminator())
      builder.clone(inner, mapping);
  }

  void emitThreads(scf::ForallOp forall, IRMapping &mapping) {
    Type index = builder.getIndexType();
    auto x = gpu::Dimension::x;
    Value thread = gpu::ThreadIdOp::create(builder, loc, index, x);
    Value block = gpu::BlockIdOp::create(builder, loc, index, x);
    Value threads = arith::ConstantIndexOp::create(builder, loc, kThreads);
    Value begin = arith::AddIOp::create(
        builder, loc, arith::MulIOp::create(builder, loc, block, threads),
        thread);
    OpFoldResult bound = forall.getMixedUpperBound().front();
    Value end;
    if (auto value = dyn_cast<Value>(bound))
      end = mapping.lookup(value);
    else
      end = getValueOrCreateConstantIndexOp(builder, loc, bound);
    OpBuilder::InsertionGuard guard(builder);
    std::optional<int64_t> count = getConstantIntValue(bound);
    if (count && *count <= kThreads * kMaxBlocks) {
      // One round; the comparison also tells LLVM that 32 bits are enough.
      Value inside = arith::CmpIOp::create(
          builder, loc, arith::CmpIPredicate::ult, begin, end);
      auto branch = scf::IfOp::create(builder, loc, inside);
      mapping.map(forall.getInductionVars().front(), begin);
      builder.setInsertionPointToStart(branch.thenBlock());
    } else {
      Value blocks = gpu::GridDimOp::create(builder, loc, index, x);
      Value step = arith::MulIOp::create(builder, loc, blocks, threads);
      auto loop = scf::ForOp::create(builder, loc, begin, end, step);
      mapping.map(forall.getInductionVars().front(), loop.getInductionVar());
      builder.setInsertionPointToStart(loop.getBody());
    }
    for (Operation &inner : forall.getBody()->without_terminator())
      builder.clone(inner, mapping);
  }

  /// The grid covers the iterations if their number is known to the host
  /// without reading device memory.
  Value numBlocks(scf::ForallOp forall) {
    if (!forall)
      return arith::ConstantIndexOp::create(builder, loc, 1);
    OpFoldResult bound = forall.getMixedUpperBound().front();
    if (isBlockLoop(forall))
      return getValueOrCreateConstantIndexOp(builder, loc, bound);
    if (std::optional<int64_t> count = getConstantIntValue(bound))
      return arith::ConstantIndexOp::create(
          builder, loc,
          std::clamp<int64_t>(llvm::divideCeil(*count, kThreads), 1,
                              kMaxBlocks));
    Value count = cast<Value>(bound);
    Value threads = arith::ConstantIndexOp::create(builder, loc, kThreads);
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    Value most = arith::ConstantIndexOp::create(builder, loc, kMaxBlocks);
    Value blocks = arith::AddIOp::create(
        builder, loc, arith::DivUIOp::create(builder, loc, count, threads),
        one);
    return arith::MinUIOp::create(builder, loc, blocks, most);
  }

  void launch(gpu::GPUFuncOp kernel, scf::ForallOp forall,
              ArrayRef<Value> arguments) {
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    Value threads = arith::ConstantIndexOp::create(
        builder, loc, kernel.getKnownBlockSizeAttr()[0]);
    gpu::LaunchFuncOp::create(builder, loc, kernel,
                              gpu::KernelDim3{numBlocks(forall), one, one},
                              gpu::KernelDim3{threads, one, one},
                              /*dynamicSharedMemorySize=*/Value(), arguments);
  }

  /// What one thread allocates is its own.
  static LogicalResult placeTemporaries(gpu::GPUFuncOp kernel) {
    SmallVector<memref::AllocOp> allocs;
    kernel.walk([&](memref::AllocOp alloc) { allocs.push_back(alloc); });
    for (memref::AllocOp alloc : allocs) {
      if (alloc.getType().getMemorySpaceAsInt() == kSharedSpace)
        continue;
      if (!alloc.getType().hasStaticShape())
        return alloc.emitOpError("in a GPU kernel has a size that is known at "
                                 "run time only, which is not supported yet");
      OpBuilder atStart = OpBuilder::atBlockBegin(&kernel.getBody().front());
      alloc.replaceAllUsesWith(
          memref::AllocaOp::create(atStart, alloc.getLoc(), alloc.getType())
              .getResult());
      alloc.erase();
    }
    return success();
  }

  /// The kernels' constant tables stand in their own module.
  void copyConstants(ModuleOp parent) {
    SymbolTable table(module);
    module.walk([&](memref::GetGlobalOp get) {
      auto global = parent.lookupSymbol<memref::GlobalOp>(get.getName());
      if (global && !table.lookup(get.getName()))
        table.insert(global.clone());
    });
  }

  void removeUnused() {
    for (Operation &op :
         llvm::make_early_inc_range(llvm::reverse(func.getBody().front())))
      if (isShared(&op) && op.use_empty() &&
          !op.hasTrait<OpTrait::IsTerminator>())
        op.erase();
  }

  void moveToScratch() {
    SmallVector<memref::AllocOp> allocs;
    int64_t size = 0;
    for (auto alloc : func.getBody().front().getOps<memref::AllocOp>())
      if (alloc.getType().hasStaticShape()) {
        allocs.push_back(alloc);
        size += byteSize(alloc.getType());
      }
    if (allocs.empty())
      return;
    (void)func.insertArgument(func.getNumArguments(),
                              MemRefType::get({size}, builder.getI8Type()), {},
                              loc);
    func->setAttr("tegula.scratch", builder.getUnitAttr());
    int64_t offset = 0;
    for (memref::AllocOp alloc : allocs) {
      builder.setInsertionPoint(alloc);
      Value shift = arith::ConstantIndexOp::create(builder, loc, offset);
      offset += byteSize(alloc.getType());
      alloc.replaceAllUsesWith(
          memref::ViewOp::create(builder, loc, alloc.getType(),
                                 func.getArguments().back(), shift,
                                 ValueRange())
              .getResult());
      alloc.erase();
    }
  }

  func::FuncOp func;
  OpBuilder builder;
  Location loc;
  gpu::GPUModuleOp module;
  int numKernels = 0;
};

struct OutlineGpuKernelsPass
    : tegula::tile::impl::OutlineGpuKernelsPassBase<OutlineGpuKernelsPass> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> funcs(getOperation().getOps<func::FuncOp>());
    for (func::FuncOp func : funcs)
      if (!func.isExternal() && failed(Outliner(func).run()))
        return signalPassFailure();
  }
};

} // namespace
