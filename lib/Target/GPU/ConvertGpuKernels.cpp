//===- ConvertGpuKernels.cpp - GPU kernels to the NVVM dialect ------------===//

#include "tegula/Target/GPU/Passes.h"

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "tegula/Runtime/Abi.h"
#include "tegula/Target/Common/RuntimeCalls.h"

namespace tegula::target {
#define GEN_PASS_DEF_CONVERTGPUKERNELSPASS
#include "tegula/Target/GPU/Passes.h.inc"
} // namespace tegula::target

using namespace mlir;
using namespace tegula::target;

static constexpr unsigned kSharedSpace = 3;
/// Tiles with a swizzle of 128 bytes repeat after 1024.
static constexpr int64_t kSharedAlignment = 1024;
static constexpr int64_t kBufferAlignment = 128;
static constexpr int64_t kTensorMapBytes =
    TEGULA_TENSOR_MAP_SLOTS * sizeof(int64_t);
static constexpr int64_t kTensorMapAlignment = 64;

namespace {

struct ConvertGpuKernelsPass
    : tegula::target::impl::ConvertGpuKernelsPassBase<ConvertGpuKernelsPass> {
  void runOnOperation() override {
    for (gpu::GPUModuleOp module : llvm::make_early_inc_range(
             getOperation().getOps<gpu::GPUModuleOp>())) {
      moveConstants(module);
      for (gpu::GPUFuncOp kernel :
           llvm::make_early_inc_range(module.getOps<gpu::GPUFuncOp>()))
        convert(kernel);
      module.erase();
    }
  }

  /// Moves constant tables out; their names are unique within `module` only.
  void moveConstants(gpu::GPUModuleOp module) {
    for (memref::GlobalOp global :
         llvm::make_early_inc_range(module.getOps<memref::GlobalOp>())) {
      std::string name = (module.getName() + global.getName()).str();
      (void)SymbolTable::replaceAllSymbolUses(
          global.getOperation(), StringAttr::get(&getContext(), name), module);
      global.setName(name);
      global->moveBefore(getOperation().getBody(),
                         getOperation().getBody()->begin());
    }
  }

  /// A function of the same body, with pointers for buffers.
  void convert(gpu::GPUFuncOp kernel) {
    OpBuilder builder = OpBuilder::atBlockEnd(getOperation().getBody());
    Type none = LLVM::LLVMVoidType::get(&getContext());
    auto func = LLVM::LLVMFuncOp::create(
        builder, kernel.getLoc(), kernel.getName(),
        LLVM::LLVMFunctionType::get(none, ArrayRef<Type>()));
    func->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(),
                  builder.getUnitAttr());
    func->setAttr(NVVM::NVVMDialect::getReqntidAttrName(),
                  kernel.getKnownBlockSizeAttr());
    // One block at a time may have all registers: ptxas else spills a few.
    func->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                  builder.getI32IntegerAttr(1));
    func.getBody().takeBody(kernel.getBody());
    lowerArguments(func);
    placeShared(func);
    SmallVector<Operation *> ops;
    func.walk([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : ops)
      lower(op);
  }

  /// Buffers in shared memory become parts of the block's dynamic shared
  /// memory: static variables are limited to 48 KB.
  void placeShared(LLVM::LLVMFuncOp func) {
    int64_t bytes = 0;
    func.walk([&](memref::AllocOp alloc) {
      MemRefType type = alloc.getType();
      OpBuilder builder(alloc);
      Location loc = alloc.getLoc();
      bytes = llvm::alignTo(
          bytes, std::max<uint64_t>(kBufferAlignment,
                                    alloc.getAlignment().value_or(1)));
      Value base = LLVM::AddressOfOp::create(builder, loc, sharedMemory());
      Value address =
          LLVM::GEPOp::create(builder, loc, base.getType(), builder.getI8Type(),
                              base, ArrayRef<LLVM::GEPArg>{int32_t(bytes)});
      alloc.replaceAllUsesWith(
          RuntimeCalls::bufferAt(builder, loc, type, address, {}));
      int64_t size = type.getNumElements() * type.getElementTypeBitWidth() / 8;
      bytes += size;
      alloc.erase();
    });
    if (bytes > 0)
      func->setAttr("tegula.shared_bytes",
                    IntegerAttr::get(IntegerType::get(&getContext(), 64),
                                     llvm::alignTo(bytes, kBufferAlignment)));
  }

  LLVM::GlobalOp sharedMemory() {
    StringRef name = "tegula_shared";
    if (auto global = getOperation().lookupSymbol<LLVM::GlobalOp>(name))
      return global;
    OpBuilder builder = OpBuilder::atBlockBegin(getOperation().getBody());
    auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), 0);
    return LLVM::GlobalOp::create(builder, getOperation().getLoc(), type,
                                  /*isConstant=*/false, LLVM::Linkage::External,
                                  name, Attribute(), kSharedAlignment,
                                  kSharedSpace);
  }

  /// A parameter that is the map itself, where the kernel reads it.
  static DictionaryAttr tensorMapAttributes(OpBuilder &builder) {
    auto bytes = LLVM::LLVMArrayType::get(builder.getI8Type(), kTensorMapBytes);
    return builder.getDictionaryAttr(
        {builder.getNamedAttr(LLVM::LLVMDialect::getByValAttrName(),
                              TypeAttr::get(bytes)),
         builder.getNamedAttr(LLVM::LLVMDialect::getAlignAttrName(),
                              builder.getI64IntegerAttr(kTensorMapAlignment)),
         builder.getNamedAttr(NVVM::NVVMDialect::getGridConstantAttrName(),
                              builder.getUnitAttr())});
  }

  /// Gives `func` a pointer and the dynamic sizes for each buffer.
  static void lowerArguments(LLVM::LLVMFuncOp func) {
    Block &entry = func.getBody().front();
    Location loc = func.getLoc();
    OpBuilder builder = OpBuilder::atBlockBegin(&entry);
    Type pointer = LLVM::LLVMPointerType::get(func.getContext());
    SmallVector<Type> types;
    SmallVector<Attribute> attributes;
    DictionaryAttr plain = builder.getDictionaryAttr({});
    DictionaryAttr buffer = builder.getDictionaryAttr(builder.getNamedAttr(
        LLVM::LLVMDialect::getNoAliasAttrName(), builder.getUnitAttr()));
    auto add = [&](Type type, DictionaryAttr attribute) {
      types.push_back(type);
      attributes.push_back(attribute);
      return entry.addArgument(type, loc);
    };
    auto addIndex = [&]() -> Value {
      return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                        add(builder.getI64Type(), plain));
    };
    unsigned count = entry.getNumArguments();
    for (unsigned i = 0; i < count; ++i) {
      BlockArgument argument = entry.getArgument(i);
      Value value;
      if (auto type = dyn_cast<MemRefType>(argument.getType())) {
        Value data = add(pointer, buffer);
        SmallVector<Value> sizes;
        for (int64_t dim = type.getNumDynamicDims(); dim > 0; --dim)
          sizes.push_back(addIndex());
        value = RuntimeCalls::bufferAt(builder, loc, type, data, sizes);
      } else if (isa<nvgpu::TensorMapDescriptorType>(argument.getType())) {
        value = UnrealizedConversionCastOp::create(
                    builder, loc, argument.getType(),
                    ValueRange{add(pointer, tensorMapAttributes(builder))})
                    .getResult(0);
      } else {
        value = argument.getType().isIndex() ? addIndex()
                                             : add(argument.getType(), plain);
      }
      argument.replaceAllUsesWith(value);
    }
    entry.eraseArguments(0, count);
    func.setFunctionType(LLVM::LLVMFunctionType::get(
        func.getFunctionType().getReturnType(), types));
    func.setArgAttrsAttr(builder.getArrayAttr(attributes));
  }

  template <typename Special>
  static void replaceBySpecial(Operation *op) {
    OpBuilder builder(op);
    Value value = Special::create(builder, op->getLoc(), builder.getI32Type());
    op->getResult(0).replaceAllUsesWith(arith::IndexCastUIOp::create(
        builder, op->getLoc(), builder.getIndexType(), value));
    op->erase();
  }

  /// A butterfly of a whole warp, which is all that Tile makes.
  static void lower(gpu::ShuffleOp shuffle) {
    OpBuilder builder(shuffle);
    Location loc = shuffle.getLoc();
    Value all = arith::ConstantIntOp::create(builder, loc, -1, /*width=*/32);
    Value clamp = arith::ConstantIntOp::create(builder, loc, 31, /*width=*/32);
    Value value = NVVM::ShflOp::create(
        builder, loc, shuffle.getValue().getType(), all, shuffle.getValue(),
        shuffle.getOffset(), clamp, NVVM::ShflKind::bfly, UnitAttr());
    shuffle.getShuffleResult().replaceAllUsesWith(value);
    shuffle.erase();
  }

  static void lower(Operation *op) {
    if (isa<gpu::ThreadIdOp>(op)) {
      replaceBySpecial<NVVM::ThreadIdXOp>(op);
    } else if (isa<gpu::BlockIdOp>(op)) {
      replaceBySpecial<NVVM::BlockIdXOp>(op);
    } else if (isa<gpu::GridDimOp>(op)) {
      replaceBySpecial<NVVM::GridDimXOp>(op);
    } else if (auto shuffle = dyn_cast<gpu::ShuffleOp>(op)) {
      lower(shuffle);
    } else if (isa<gpu::BarrierOp>(op)) {
      OpBuilder builder(op);
      NVVM::Barrier0Op::create(builder, op->getLoc());
      op->erase();
    } else if (isa<gpu::ReturnOp>(op)) {
      OpBuilder builder(op);
      LLVM::ReturnOp::create(builder, op->getLoc(), ValueRange());
      op->erase();
    }
  }
};

} // namespace
