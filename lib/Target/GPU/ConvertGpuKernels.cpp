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

  /// A plain function of the same body, with pointers for buffers.
  void convert(gpu::GPUFuncOp kernel) {
    MLIRContext *context = &getContext();
    Location loc = kernel.getLoc();
    OpBuilder builder = OpBuilder::atBlockEnd(getOperation().getBody());
    auto func = func::FuncOp::create(builder, loc, kernel.getName(),
                                     builder.getFunctionType({}, {}));
    func->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(),
                  builder.getUnitAttr());
    func->setAttr(NVVM::NVVMDialect::getReqntidAttrName(),
                  kernel.getKnownBlockSizeAttr());
    func.getBody().takeBody(kernel.getBody());
    lowerArguments(func);
    SmallVector<Operation *> ops;
    func.walk([&](Operation *op) { ops.push_back(op); });
    for (Operation *op : ops)
      lower(op, context);
  }

  static void lowerArguments(func::FuncOp func) {
    Block &entry = func.getBody().front();
    OpBuilder builder = OpBuilder::atBlockBegin(&entry);
    Type pointer = LLVM::LLVMPointerType::get(func.getContext());
    unsigned count = entry.getNumArguments();
    SmallVector<Type> types;
    SmallVector<DictionaryAttr> attributes;
    auto add = [&](Type type, bool isBuffer) {
      types.push_back(type);
      attributes.push_back(isBuffer
                               ? builder.getDictionaryAttr(builder.getNamedAttr(
                                     "llvm.noalias", builder.getUnitAttr()))
                               : builder.getDictionaryAttr({}));
      return entry.addArgument(type, func.getLoc());
    };
    for (unsigned i = 0; i < count; ++i) {
      BlockArgument argument = entry.getArgument(i);
      auto type = dyn_cast<MemRefType>(argument.getType());
      Value value = add(type ? pointer : argument.getType(), bool(type));
      if (type) {
        SmallVector<Value> sizes;
        for (size_t dim = 0; dim < type.getNumDynamicDims(); ++dim)
          sizes.push_back(add(builder.getIndexType(), false));
        value =
            RuntimeCalls::bufferAt(builder, func.getLoc(), type, value, sizes);
      }
      argument.replaceAllUsesWith(value);
    }
    entry.eraseArguments(0, count);
    func.setFunctionType(builder.getFunctionType(types, {}));
    func.setAllArgAttrs(attributes);
  }

  template <typename Special>
  static void replaceBySpecial(Operation *op) {
    OpBuilder builder(op);
    Value value = Special::create(builder, op->getLoc(), builder.getI32Type());
    op->getResult(0).replaceAllUsesWith(arith::IndexCastUIOp::create(
        builder, op->getLoc(), builder.getIndexType(), value));
    op->erase();
  }

  static void lower(Operation *op, MLIRContext *context) {
    if (isa<gpu::ThreadIdOp>(op)) {
      replaceBySpecial<NVVM::ThreadIdXOp>(op);
    } else if (isa<gpu::BlockIdOp>(op)) {
      replaceBySpecial<NVVM::BlockIdXOp>(op);
    } else if (isa<gpu::GridDimOp>(op)) {
      replaceBySpecial<NVVM::GridDimXOp>(op);
    } else if (isa<gpu::ReturnOp>(op)) {
      OpBuilder builder(op);
      func::ReturnOp::create(builder, op->getLoc());
      op->erase();
    }
  }
};

} // namespace
