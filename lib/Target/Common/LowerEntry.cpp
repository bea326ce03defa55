//===- LowerEntry.cpp - The runtime's calling convention for @main --------===//

#include "tegula/Target/Common/Passes.h"

#include "tegula/Graph/IR/Graph.h"
#include "tegula/Runtime/Abi.h"
#include "tegula/Target/Common/RuntimeCalls.h"
#include "llvm/ADT/TypeSwitch.h"

namespace tegula::target {
#define GEN_PASS_DEF_LOWERENTRYPASS
#include "tegula/Target/Common/Passes.h.inc"
} // namespace tegula::target

using namespace mlir;
using namespace tegula::target;
using tegula::graph::CallOp;
using tegula::graph::CheckOp;
namespace graph = tegula::graph;

static Value element(OpBuilder &builder, Location loc, Value array,
                     int64_t index) {
  return LLVM::GEPOp::create(builder, loc, array.getType(),
                             builder.getI64Type(), array,
                             ArrayRef<LLVM::GEPArg>{int32_t(index)});
}

namespace {

/// Lowers one entry function.
class EntryLowering {
public:
  EntryLowering(func::FuncOp func, bool onDevice, bool profile)
      : func(func), onDevice(onDevice), profile(profile),
        pointerType(LLVM::LLVMPointerType::get(func.getContext())),
        runtime(func, lowerArguments()) {}

  LogicalResult lower() {
    SmallVector<Operation *> ops;
    func.walk([&](Operation *op) {
      if (isa<memref::AllocOp, memref::DeallocOp, CallOp, CheckOp,
              func::ReturnOp>(op))
        ops.push_back(op);
    });
    createArena();
    createSlots(ops);
    for (Value pointer : devicePointers) {
      OpBuilder builder(func.getContext());
      builder.setInsertionPointAfterValue(pointer);
      runtime.checkPointer(builder, func.getLoc(), pointer);
    }
    for (Operation *op : ops) {
      LogicalResult result =
          llvm::TypeSwitch<Operation *, LogicalResult>(op)
              .Case<memref::AllocOp, CallOp, CheckOp, func::ReturnOp>(
                  [&](auto op) { return lower(op); })
              .Default([](Operation *op) {
                return op->emitOpError("is not expected in an entry function");
              });
      if (failed(result))
        return failure();
    }
    return success();
  }

private:
  /// Replaces the arguments by (ctx, inputs, shapes) and returns ctx.
  Value lowerArguments() {
    Location loc = func.getLoc();
    Block &entry = func.getBody().front();
    unsigned numInputs = entry.getNumArguments();
    OpBuilder builder = OpBuilder::atBlockBegin(&entry);
    Value context = entry.addArgument(pointerType, loc);
    Value inputs = entry.addArgument(pointerType, loc);
    Value shapes = entry.addArgument(pointerType, loc);
    for (unsigned i = 0; i < numInputs; ++i) {
      BlockArgument argument = entry.getArgument(i);
      auto type = cast<MemRefType>(argument.getType());
      Value pointer = LLVM::LoadOp::create(builder, loc, pointerType,
                                           element(builder, loc, inputs, i));
      if (onDevice) {
        Value index = arith::ConstantIntOp::create(builder, loc, i, 64);
        RuntimeCalls calls(func, context);
        pointer = calls.call(builder, loc, runtimeName("input"), pointerType,
                             {context, index});
        devicePointers.push_back(pointer);
      }
      SmallVector<Value> sizes;
      if (!type.hasStaticShape()) {
        Value shape = LLVM::LoadOp::create(builder, loc, pointerType,
                                           element(builder, loc, shapes, i));
        for (int64_t dim = 0; dim < type.getRank(); ++dim)
          if (type.isDynamicDim(dim))
            sizes.push_back(
                LLVM::LoadOp::create(builder, loc, builder.getI64Type(),
                                     element(builder, loc, shape, dim)));
      }
      argument.replaceAllUsesWith(
          RuntimeCalls::bufferAt(builder, loc, type, pointer, sizes));
    }
    entry.eraseArguments(0, numInputs);
    func.removeArgAttrsAttr();
    func.removeResAttrsAttr();
    func.setFunctionType(builder.getFunctionType(
        {pointerType, pointerType, pointerType}, builder.getI32Type()));
    func.setName("tegula_entry");
    return context;
  }

  /// The runtime has each function twice, for memory of the host and of a GPU.
  std::string runtimeName(StringRef name) {
    return ((onDevice ? "tegula_rt_gpu_" : "tegula_rt_") + name).str();
  }

  int64_t attribute(Operation *op, StringRef name) {
    auto value = op->getAttrOfType<IntegerAttr>(name);
    return value ? value.getInt() : 0;
  }

  /// Requests the arena at the start of the function.
  void createArena() {
    int64_t bytes = attribute(func, "tegula.arena_bytes");
    if (bytes == 0)
      return;
    OpBuilder builder = OpBuilder::atBlockBegin(&func.getBody().front());
    Location loc = func.getLoc();
    Value size = arith::ConstantIntOp::create(builder, loc, bytes, 64);
    arena = runtime.call(builder, loc, runtimeName("arena"), pointerType,
                         {runtime.getContext(), size});
    runtime.checkPointer(builder, loc, arena);
  }

  /// Reserves the array of argument slots that all calls share.
  void createSlots(ArrayRef<Operation *> ops) {
    int64_t count = 0;
    for (Operation *op : ops)
      if (auto call = dyn_cast<CallOp>(op))
        count = std::max(count, numSlots(call));
    if (count == 0)
      return;
    OpBuilder builder = OpBuilder::atBlockBegin(&func.getBody().front());
    Location loc = func.getLoc();
    Value size = arith::ConstantIntOp::create(builder, loc, count, 64);
    slots = LLVM::AllocaOp::create(builder, loc, pointerType,
                                   builder.getI64Type(), size);
    LLVM::StoreOp::create(builder, loc, runtime.getContext(),
                          element(builder, loc, slots, 0));
  }

  static int64_t numSlots(CallOp call) {
    int64_t count = 1;
    for (Value operand : call->getOperands()) {
      auto type = dyn_cast<MemRefType>(operand.getType());
      count += type ? 1 + type.getNumDynamicDims() : 1;
    }
    return count;
  }

  LogicalResult lower(memref::AllocOp alloc) {
    if (alloc->hasAttr("tegula.heap")) {
      runtime.allocateOnHeap(alloc, onDevice);
      return success();
    }
    OpBuilder builder(alloc);
    Location loc = alloc.getLoc();
    Value pointer;
    if (alloc->hasAttr("tegula.offset")) {
      Value offset = arith::ConstantIntOp::create(
          builder, loc, attribute(alloc, "tegula.offset"), 64);
      pointer =
          LLVM::GEPOp::create(builder, loc, pointerType, builder.getI8Type(),
                              arena, ArrayRef<LLVM::GEPArg>{offset});
    } else if (alloc->hasAttr("tegula.slot")) {
      Value slot = arith::ConstantIntOp::create(
          builder, loc, attribute(alloc, "tegula.slot"), 64);
      Value bytes = RuntimeCalls::byteSize(builder, loc, alloc.getType(),
                                           alloc.getDynamicSizes());
      pointer = runtime.call(builder, loc, runtimeName("slot"), pointerType,
                             {runtime.getContext(), slot, bytes});
      runtime.checkPointer(builder, loc, pointer);
    } else if (alloc->hasAttr("tegula.output")) {
      pointer = requestOutput(builder, alloc);
      runtime.checkPointer(builder, loc, pointer);
    } else {
      return alloc.emitOpError("has no place; run tegula-tile-plan-arena");
    }
    alloc.replaceAllUsesWith(RuntimeCalls::bufferAt(
        builder, loc, alloc.getType(), pointer, alloc.getDynamicSizes()));
    alloc.erase();
    return success();
  }

  /// The shape of the result is that of the returned view of `alloc`: known
  /// statically, or equal to that of `alloc`.
  Value requestOutput(OpBuilder &builder, memref::AllocOp alloc) {
    Location loc = alloc.getLoc();
    int64_t index = attribute(alloc, "tegula.output");
    auto type = cast<MemRefType>(resultTypes[index]);
    Value rank = arith::ConstantIntOp::create(builder, loc, type.getRank(), 64);
    Value one = arith::ConstantIntOp::create(
        builder, loc, std::max<int64_t>(1, type.getRank()), 64);
    OpBuilder atStart = OpBuilder::atBlockBegin(&func.getBody().front());
    one = arith::ConstantIntOp::create(
        atStart, loc, std::max<int64_t>(1, type.getRank()), 64);
    Value shape = LLVM::AllocaOp::create(atStart, loc, pointerType,
                                         builder.getI64Type(), one);
    ValueRange dynamicSizes = alloc.getDynamicSizes();
    for (int64_t dim = 0; dim < type.getRank(); ++dim) {
      Value size;
      if (type.isDynamicDim(dim)) {
        size = arith::IndexCastOp::create(builder, loc, builder.getI64Type(),
                                          dynamicSizes.front());
        dynamicSizes = dynamicSizes.drop_front();
      } else {
        size = arith::ConstantIntOp::create(builder, loc, type.getDimSize(dim),
                                            64);
      }
      LLVM::StoreOp::create(builder, loc, size,
                            element(builder, loc, shape, dim));
    }
    Value indexValue = arith::ConstantIntOp::create(builder, loc, index, 64);
    return runtime.call(builder, loc, runtimeName("output"), pointerType,
                        {runtime.getContext(), indexValue, rank, shape});
  }

  /// Stores the operands to the slots and calls the kernel.
  LogicalResult lower(CallOp call) {
    OpBuilder builder(call);
    Location loc = call.getLoc();
    Type i64 = builder.getI64Type();
    int64_t next = 1;
    auto store = [&](Value value) {
      if (value.getType().isIndex())
        value = arith::IndexCastOp::create(builder, loc, i64, value);
      LLVM::StoreOp::create(builder, loc, value,
                            element(builder, loc, slots, next++));
    };
    for (Value operand : call->getOperands()) {
      auto type = dyn_cast<MemRefType>(operand.getType());
      if (!type) {
        store(operand);
        continue;
      }
      store(memref::ExtractAlignedPointerAsIndexOp::create(builder, loc,
                                                           operand));
      for (int64_t dim = 0; dim < type.getRank(); ++dim)
        if (type.isDynamicDim(dim))
          store(memref::DimOp::create(builder, loc, operand, dim));
    }
    if (profile)
      beginKernel(builder, call);
    Value status = runtime.call(builder, loc, kernelSymbol(call.getCallee()),
                                builder.getI32Type(), slots);
    if (profile)
      runtime.call(builder, loc, "tegula_rt_kernel_end", {},
                   runtime.getContext());
    runtime.returnIfFailed(builder, loc, status);
    call.erase();
    return success();
  }

  /// Tells the runtime which kernel is called next.
  void beginKernel(OpBuilder &builder, CallOp call) {
    Location loc = call.getLoc();
    auto nodes = call->getAttrOfType<StringAttr>(graph::kNodesAttrName);
    Value flops = arith::ConstantIntOp::create(
        builder, loc, attribute(call, graph::kFlopsAttrName), 64);
    Value bytes = arith::ConstantIntOp::create(builder, loc, 0, 64);
    for (Value operand : call->getOperands()) {
      auto type = dyn_cast<MemRefType>(operand.getType());
      if (!type)
        continue;
      SmallVector<Value> sizes;
      for (int64_t dim = 0; dim < type.getRank(); ++dim)
        if (type.isDynamicDim(dim))
          sizes.push_back(memref::DimOp::create(builder, loc, operand, dim));
      bytes = arith::AddIOp::create(
          builder, loc, bytes,
          RuntimeCalls::byteSize(builder, loc, type, sizes));
    }
    runtime.call(builder, loc, "tegula_rt_kernel_begin", {},
                 {runtime.getContext(),
                  runtime.text(builder, loc, call.getCallee()),
                  runtime.text(builder, loc, nodes ? nodes.getValue() : ""),
                  flops, bytes});
  }

  /// The nested module has the name of the kernel as long as it is there.
  static std::string kernelSymbol(StringRef callee) {
    return ("tegula_kernel_" + callee).str();
  }

  LogicalResult lower(CheckOp check) {
    OpBuilder builder(check);
    runtime.check(builder, check.getLoc(), check.getCondition(),
                  TEGULA_CHECK_FAILED, check.getMessage());
    check.erase();
    return success();
  }

  LogicalResult lower(func::ReturnOp op) {
    OpBuilder builder(op);
    Value zero = arith::ConstantIntOp::create(builder, op.getLoc(), 0, 32);
    func::ReturnOp::create(builder, op.getLoc(), zero);
    op.erase();
    return success();
  }

  func::FuncOp func;
  bool onDevice, profile;
  SmallVector<Type> resultTypes{func.getResultTypes()};
  Type pointerType;
  SmallVector<Value> devicePointers;
  RuntimeCalls runtime;
  Value arena;
  Value slots;
};

struct LowerEntryPass
    : tegula::target::impl::LowerEntryPassBase<LowerEntryPass> {
  using LowerEntryPassBase::LowerEntryPassBase;

  void runOnOperation() override {
    auto func = getOperation().lookupSymbol<func::FuncOp>(entry);
    if (!func || func.isExternal()) {
      getOperation().emitError("has no entry function '") << entry << "'";
      return signalPassFailure();
    }
    for (Type type : func.getArgumentTypes())
      if (!isa<MemRefType>(type)) {
        func.emitOpError("expects buffers as arguments, found ") << type;
        return signalPassFailure();
      }
    if (failed(EntryLowering(func, onDevice, profile).lower()))
      signalPassFailure();
  }
};

} // namespace
