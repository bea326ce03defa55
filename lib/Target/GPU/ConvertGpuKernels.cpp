//===- ConvertGpuKernels.cpp - GPU kernels to the NVVM dialect ------------===//
//---------------===//

#include "tegula/Target/GPU/Passes.h"

#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "tegula/Target/Common/RuntimeCalls.h"

namespace tegula::target {
#define GEN_PASS_DEF_CONVERTGPUKERNELSPASS
#include "tegula/Target/GPU/Passes.h.inc"
} // namespace tegula::target

using namespace mlir;
using namespace tegula::target;

namespace {

struct ConvertGpuKernelsPass
    : tegula::target::impl::ConvertGpuKernelsPassBase<ConvertGpuKernelsPass> {
  void runOnOperation() override {
    for (gpu::GPUModuleOp module : llvm::make_early_inc_range(
             getOperation().getOps<gpu::GPUModuleOp>())) {
      for (gpu::GPUFuncOp kernel :
           llvm::make_early_inc_range(module.getOps<gpu::GPUFuncOp>()))
        convert(kernel);
      module.erase();
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
    func.getBody().takeBody(kernel.getBody());
    lowerArguments(func);
    SmallVector<Operation *> ops;
    func.walk([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : ops)
      lower(op);
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

  static void lower(Operation *op) {
    if (isa<gpu::ThreadIdOp>(op)) {
      replaceBySpecial<NVVM::ThreadIdXOp>(op);
    } else if (isa<gpu::BlockIdOp>(op)) {
      replaceBySpecial<NVVM::BlockIdXOp>(op);
    } else if (isa<gpu::GridDimOp>(op)) {
      replaceBySpecial<NVVM::GridDimXOp>(op);
    } else if (isa<gpu::ReturnOp>(op)) {
      OpBuilder builder(op);
      LLVM::ReturnOp::create(builder, op->getLoc(), ValueRange());
      op->erase();
    }
  }
};

} // namespace
