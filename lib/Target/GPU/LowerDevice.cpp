//===- LowerDevice.cpp - The host's view of device memory and kernels -----===//

#include "tegula/Target/GPU/Passes.h"

#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "tegula/Runtime/Abi.h"
#include "tegula/Target/Common/RuntimeCalls.h"

namespace tegula::target {
#define GEN_PASS_DEF_LOWERDEVICEPASS
#include "tegula/Target/GPU/Passes.h.inc"
} // namespace tegula::target

using namespace mlir;
using namespace tegula::target;

static constexpr int64_t kMapSlots = TEGULA_TENSOR_MAP_SLOTS;
static constexpr int64_t kMapAlignment = 64;

static int64_t elementBytes(Type type) {
  return type.isIndex() ? 8 : llvm::divideCeil(type.getIntOrFloatBitWidth(), 8);
}

namespace {

/// Lowers one function whose runtime context is `context`.
class DeviceLowering {
public:
  DeviceLowering(func::FuncOp func, Value context)
      : func(func), runtime(func, context),
        pointer(LLVM::LLVMPointerType::get(func.getContext())) {}

  LogicalResult run() {
    SmallVector<Operation *> ops;
    // Last: the others read them.
    SmallVector<nvgpu::TmaCreateDescriptorOp> maps;
    SmallVector<memref::GetGlobalOp> globals;
    func.walk([&](Operation *op) {
      if (auto global = dyn_cast<memref::GetGlobalOp>(op))
        globals.push_back(global);
      else if (auto map = dyn_cast<nvgpu::TmaCreateDescriptorOp>(op))
        maps.push_back(map);
      else
        ops.push_back(op);
    });
    for (Operation *op : ops) {
      OpBuilder builder(op);
      if (auto load = dyn_cast<memref::LoadOp>(op))
        lower(load, builder);
      else if (auto store = dyn_cast<memref::StoreOp>(op))
        lower(store, builder);
      else if (auto launch = dyn_cast<gpu::LaunchFuncOp>(op))
        lower(launch, builder);
      else if (auto copy = dyn_cast<memref::CopyOp>(op)) {
        if (failed(lower(copy, builder)))
          return failure();
      }
    }
    for (nvgpu::TmaCreateDescriptorOp map : maps)
      erase(map);
    for (memref::GetGlobalOp global : globals)
      lower(global);
    return success();
  }

private:
  Value constant(OpBuilder &builder, int64_t value) {
    return arith::ConstantIntOp::create(builder, func.getLoc(), value, 64);
  }

  Value host(int64_t slots, int64_t alignment = 0) {
    OpBuilder builder = OpBuilder::atBlockBegin(&func.getBody().front());
    return LLVM::AllocaOp::create(builder, func.getLoc(), pointer,
                                  builder.getI64Type(),
                                  constant(builder, slots), alignment);
  }

  Value addressOf(OpBuilder &builder, Value buffer) {
    Location loc = buffer.getLoc();
    Value address =
        memref::ExtractAlignedPointerAsIndexOp::create(builder, loc, buffer);
    Value number =
        arith::IndexCastOp::create(builder, loc, builder.getI64Type(), address);
    return LLVM::IntToPtrOp::create(builder, loc, pointer, number);
  }

  /// The address of one element.
  Value addressOf(OpBuilder &builder, Value buffer, ValueRange indices) {
    Location loc = buffer.getLoc();
    auto data = memref::ExtractStridedMetadataOp::create(builder, loc, buffer);
    Value offset = data.getOffset();
    for (auto [index, stride] : llvm::zip(indices, data.getStrides()))
      offset = arith::AddIOp::create(
          builder, loc, offset,
          arith::MulIOp::create(builder, loc, index, stride));
    auto type = cast<MemRefType>(buffer.getType());
    Value shift = arith::MulIOp::create(
        builder, loc,
        arith::IndexCastOp::create(builder, loc, builder.getI64Type(), offset),
        constant(builder, elementBytes(type.getElementType())));
    return LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(),
                               addressOf(builder, buffer),
                               ArrayRef<LLVM::GEPArg>{shift});
  }

  void checked(OpBuilder &builder, StringRef name, ValueRange arguments) {
    Value status = runtime.call(builder, func.getLoc(), name,
                                builder.getI32Type(), arguments);
    runtime.returnIfFailed(builder, func.getLoc(), status);
  }

  void lower(memref::LoadOp load, OpBuilder &builder) {
    Location loc = load.getLoc();
    Type type = load.getType();
    Value memory = host(1);
    checked(builder, "tegula_rt_gpu_read",
            {runtime.getContext(), memory,
             addressOf(builder, load.getMemRef(), load.getIndices()),
             constant(builder, elementBytes(type))});
    builder.setInsertionPoint(load);
    Type stored = type.isIndex() ? builder.getI64Type() : type;
    Value value = LLVM::LoadOp::create(builder, loc, stored, memory);
    if (type.isIndex())
      value = arith::IndexCastOp::create(builder, loc, type, value);
    load.replaceAllUsesWith(value);
    load.erase();
  }

  void lower(memref::StoreOp store, OpBuilder &builder) {
    Location loc = store.getLoc();
    Value memory = host(1), value = store.getValueToStore();
    int64_t bytes = elementBytes(value.getType());
    if (value.getType().isIndex())
      value =
          arith::IndexCastOp::create(builder, loc, builder.getI64Type(), value);
    LLVM::StoreOp::create(builder, loc, value, memory);
    checked(builder, "tegula_rt_gpu_write",
            {runtime.getContext(),
             addressOf(builder, store.getMemRef(), store.getIndices()), memory,
             constant(builder, bytes)});
    store.erase();
  }

  LogicalResult lower(memref::CopyOp copy, OpBuilder &builder) {
    auto source = cast<MemRefType>(copy.getSource().getType());
    auto target = cast<MemRefType>(copy.getTarget().getType());
    if (!source.getLayout().isIdentity() || !target.getLayout().isIdentity())
      return copy.emitOpError("between parts of buffers is not supported on "
                              "GPUs yet; compile for the CPU");
    SmallVector<Value> sizes;
    for (int64_t dim = 0; dim < source.getRank(); ++dim)
      if (source.isDynamicDim(dim))
        sizes.push_back(memref::DimOp::create(builder, copy.getLoc(),
                                              copy.getSource(), dim));
    Value bytes = RuntimeCalls::byteSize(builder, copy.getLoc(), source, sizes);
    checked(builder, "tegula_rt_gpu_copy",
            {runtime.getContext(), addressOf(builder, copy.getTarget()),
             addressOf(builder, copy.getSource()), bytes});
    copy.erase();
    return success();
  }

  Value slotAt(OpBuilder &builder, Value slots, int64_t index) {
    return LLVM::GEPOp::create(builder, func.getLoc(), pointer,
                               builder.getI64Type(), slots,
                               ArrayRef<LLVM::GEPArg>{int32_t(index)});
  }

  /// The buffer behind a tensor map.
  static Value bufferOf(nvgpu::TmaCreateDescriptorOp map) {
    return map.getTensor().getDefiningOp<memref::CastOp>().getSource();
  }

  /// Has the runtime write a tensor map to `slot`.
  void encode(nvgpu::TmaCreateDescriptorOp map, Value slot,
              OpBuilder &builder) {
    Value buffer = bufferOf(map);
    auto type = cast<MemRefType>(buffer.getType());
    SmallVector<int64_t> dims(type.getShape());
    llvm::append_range(dims,
                       map.getTensorMap().getType().getTensor().getShape());
    Value sizes = host(dims.size());
    for (auto [index, size] : llvm::enumerate(dims))
      LLVM::StoreOp::create(builder, map.getLoc(), constant(builder, size),
                            slotAt(builder, sizes, index));
    checked(builder, "tegula_rt_gpu_tensor_map",
            {runtime.getContext(), slot, addressOf(builder, buffer),
             constant(builder, type.getElementType().isBF16()),
             constant(builder, type.getRank()), sizes});
  }

  static void erase(nvgpu::TmaCreateDescriptorOp map) {
    auto cast = map.getTensor().getDefiningOp<memref::CastOp>();
    map.erase();
    if (cast->use_empty())
      cast.erase();
  }

  /// Stores the operands to slots, as kernels take them: tensor maps first.
  void lower(gpu::LaunchFuncOp launch, OpBuilder &builder) {
    Location loc = launch.getLoc();
    Type i64 = builder.getI64Type();
    SmallVector<nvgpu::TmaCreateDescriptorOp> maps;
    SmallVector<Value> values;
    for (Value operand : launch.getKernelOperands()) {
      if (auto map = operand.getDefiningOp<nvgpu::TmaCreateDescriptorOp>()) {
        maps.push_back(map);
        continue;
      }
      auto type = dyn_cast<MemRefType>(operand.getType());
      values.push_back(type ? addressOf(builder, operand) : operand);
      for (int64_t dim = 0; type && dim < type.getRank(); ++dim)
        if (type.isDynamicDim(dim))
          values.push_back(memref::DimOp::create(builder, loc, operand, dim));
    }
    int64_t mapSlots = maps.size() * kMapSlots;
    Value slots = host(std::max<int64_t>(1, mapSlots + values.size()),
                       maps.empty() ? 0 : kMapAlignment);
    for (auto [index, map] : llvm::enumerate(maps))
      encode(map, slotAt(builder, slots, index * kMapSlots), builder);
    for (auto [index, value] : llvm::enumerate(values)) {
      Value stored = value;
      if (value.getType().isIndex())
        stored = arith::IndexCastOp::create(builder, loc, i64, value);
      LLVM::StoreOp::create(builder, loc, stored,
                            slotAt(builder, slots, mapSlots + index));
    }
    Value blocks =
        arith::IndexCastOp::create(builder, loc, i64, launch.getGridSizeX());
    checked(
        builder, "tegula_rt_gpu_launch",
        {runtime.getContext(), kernelRecord(builder, launch), slots, blocks});
    launch.erase();
  }

  /// The TegulaGpuKernel that EmitProgram defines.
  Value kernelRecord(OpBuilder &builder, gpu::LaunchFuncOp launch) {
    std::string name =
        ("tegula_gpu_" + launch.getKernelName().getValue()).str();
    auto module = func->getParentOfType<ModuleOp>();
    auto global = module.lookupSymbol<LLVM::GlobalOp>(name);
    if (!global) {
      OpBuilder atEnd = OpBuilder::atBlockEnd(module.getBody());
      global = LLVM::GlobalOp::create(
          atEnd, launch.getLoc(), builder.getI8Type(), /*isConstant=*/true,
          LLVM::Linkage::External, name, Attribute());
      global.setVisibility_(LLVM::Visibility::Hidden);
    }
    return LLVM::AddressOfOp::create(builder, launch.getLoc(), global);
  }

  /// The weights are constant: their device address is asked for once.
  void lower(memref::GetGlobalOp global) {
    OpBuilder builder(global);
    Value address =
        runtime.call(builder, global.getLoc(), "tegula_rt_gpu_weights", pointer,
                     runtime.getContext());
    global.replaceAllUsesWith(RuntimeCalls::bufferAt(
        builder, global.getLoc(), global.getType(), address, {}));
    global.erase();
  }

  func::FuncOp func;
  RuntimeCalls runtime;
  Type pointer;
};

struct LowerDevicePass
    : tegula::target::impl::LowerDevicePassBase<LowerDevicePass> {
  void runOnOperation() override {
    getOperation().walk([&](func::FuncOp func) {
      if (func.isExternal())
        return WalkResult::advance();
      bool isEntry = func.getName() == "tegula_entry";
      if (!isEntry && !func.getName().ends_with("_body"))
        return WalkResult::advance();
      Value context =
          isEntry ? func.getArgument(0) : func.getArguments().back();
      if (succeeded(DeviceLowering(func, context).run()))
        return WalkResult::advance();
      signalPassFailure();
      return WalkResult::interrupt();
    });
  }
};

} // namespace
