//===- RuntimeCalls.cpp - Calls of the runtime, and its buffers -----------===//

#include "tegula/Target/Common/RuntimeCalls.h"

#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "tegula/Runtime/Abi.h"

using namespace mlir;
using namespace tegula::target;

RuntimeCalls::RuntimeCalls(func::FuncOp func, Value context)
    : func(func), context(context) {}

Value RuntimeCalls::call(OpBuilder &builder, Location loc, StringRef name,
                         TypeRange results, ValueRange arguments) {
  auto module = func->getParentOfType<ModuleOp>();
  auto callee = module.lookupSymbol<func::FuncOp>(name);
  if (!callee) {
    OpBuilder atEnd = OpBuilder::atBlockEnd(module.getBody());
    callee = func::FuncOp::create(
        atEnd, loc, name,
        builder.getFunctionType(arguments.getTypes(), results));
    callee.setPrivate();
  }
  auto call = func::CallOp::create(builder, loc, callee, arguments);
  return call.getNumResults() ? call.getResult(0) : Value();
}

Block *RuntimeCalls::branchUnless(OpBuilder &builder, Location loc,
                                  Value condition) {
  Block *block = builder.getInsertionBlock();
  Block *next = block->splitBlock(builder.getInsertionPoint());
  Block *failed = builder.createBlock(&func.getBody());
  builder.setInsertionPointToEnd(block);
  cf::CondBranchOp::create(builder, loc, condition, next, ValueRange(), failed,
                           ValueRange());
  builder.setInsertionPointToStart(failed);
  return next;
}

void RuntimeCalls::returnIfFailed(OpBuilder &builder, Location loc,
                                  Value status) {
  Value zero = arith::ConstantIntOp::create(builder, loc, 0, 32);
  Value good = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                     status, zero);
  Block *next = branchUnless(builder, loc, good);
  func::ReturnOp::create(builder, loc, status);
  builder.setInsertionPointToStart(next);
}

Value RuntimeCalls::text(OpBuilder &builder, Location loc, StringRef text) {
  auto module = func->getParentOfType<ModuleOp>();
  OpBuilder atEnd = OpBuilder::atBlockEnd(module.getBody());
  std::string bytes = text.str();
  bytes.push_back('\0');
  auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), bytes.size());
  auto global = LLVM::GlobalOp::create(
      atEnd, loc, type, /*isConstant=*/true, LLVM::Linkage::Internal,
      ("tegula_text_" + Twine(numTexts++)).str(), builder.getStringAttr(bytes));
  return LLVM::AddressOfOp::create(builder, loc, global);
}

void RuntimeCalls::check(OpBuilder &builder, Location loc, Value condition,
                         int32_t code, StringRef message) {
  Block *next = branchUnless(builder, loc, condition);
  Value address = text(builder, loc, message);
  Value codeValue = arith::ConstantIntOp::create(builder, loc, code, 32);
  Value status = call(builder, loc, "tegula_rt_fail", builder.getI32Type(),
                      {context, codeValue, address});
  func::ReturnOp::create(builder, loc, status);
  builder.setInsertionPointToStart(next);
}

void RuntimeCalls::checkPointer(OpBuilder &builder, Location loc,
                                Value pointer) {
  Value null = LLVM::ZeroOp::create(builder, loc, pointer.getType());
  Value good = LLVM::ICmpOp::create(builder, loc, LLVM::ICmpPredicate::ne,
                                    pointer, null);
  Block *next = branchUnless(builder, loc, good);
  // The runtime has recorded why.
  Value status =
      arith::ConstantIntOp::create(builder, loc, TEGULA_OUT_OF_MEMORY, 32);
  func::ReturnOp::create(builder, loc, status);
  builder.setInsertionPointToStart(next);
}

Value RuntimeCalls::bufferAt(OpBuilder &builder, Location loc, MemRefType type,
                             Value pointer, ValueRange dynamicSizes) {
  LLVMTypeConverter converter(builder.getContext());
  Type structType = converter.convertType(type);
  auto descriptor = MemRefDescriptor::poison(builder, loc, structType);
  descriptor.setAllocatedPtr(builder, loc, pointer);
  descriptor.setAlignedPtr(builder, loc, pointer);
  descriptor.setConstantOffset(builder, loc, 0);
  Type i64 = builder.getI64Type();
  auto constant = [&](int64_t value) -> Value {
    return LLVM::ConstantOp::create(builder, loc, i64,
                                    builder.getI64IntegerAttr(value));
  };
  SmallVector<Value> sizes;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    if (!type.isDynamicDim(dim)) {
      sizes.push_back(constant(type.getDimSize(dim)));
      continue;
    }
    Value size = dynamicSizes.front();
    dynamicSizes = dynamicSizes.drop_front();
    if (size.getType().isIndex())
      size = arith::IndexCastOp::create(builder, loc, i64, size);
    sizes.push_back(size);
  }
  Value stride = constant(1);
  for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
    descriptor.setSize(builder, loc, dim, sizes[dim]);
    descriptor.setStride(builder, loc, dim, stride);
    if (dim > 0)
      stride = LLVM::MulOp::create(builder, loc, stride, sizes[dim]);
  }
  return UnrealizedConversionCastOp::create(builder, loc, type,
                                            Value(descriptor))
      .getResult(0);
}

Value RuntimeCalls::byteSize(OpBuilder &builder, Location loc, MemRefType type,
                             ValueRange dynamicSizes) {
  Type element = type.getElementType();
  int64_t bytes = element.isIndex()
                      ? 8
                      : llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
  for (int64_t size : type.getShape())
    if (!ShapedType::isDynamic(size))
      bytes *= size;
  Type i64 = builder.getI64Type();
  Value total = arith::ConstantIntOp::create(builder, loc, bytes, 64);
  if (dynamicSizes.empty())
    return total;
  Value zero = arith::ConstantIntOp::create(builder, loc, 0, 64);
  Value bad = arith::ConstantIntOp::create(builder, loc, 0, 1);
  auto product = LLVM::LLVMStructType::getLiteral(builder.getContext(),
                                                  {i64, builder.getI1Type()});
  for (Value size : dynamicSizes) {
    if (size.getType().isIndex())
      size = arith::IndexCastOp::create(builder, loc, i64, size);
    Value isNegative = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::slt, size, zero);
    Value both =
        LLVM::SMulWithOverflowOp::create(builder, loc, product, total, size);
    total = LLVM::ExtractValueOp::create(builder, loc, both, 0);
    Value overflows = LLVM::ExtractValueOp::create(builder, loc, both, 1);
    bad = arith::OrIOp::create(builder, loc, bad, isNegative);
    bad = arith::OrIOp::create(builder, loc, bad, overflows);
  }
  Value refused = arith::ConstantIntOp::create(builder, loc, -1, 64);
  return arith::SelectOp::create(builder, loc, bad, refused, total);
}

void RuntimeCalls::allocateOnHeap(memref::AllocOp alloc, bool onDevice) {
  OpBuilder builder(alloc);
  Location loc = alloc.getLoc();
  Value bytes =
      byteSize(builder, loc, alloc.getType(), alloc.getDynamicSizes());
  Value pointer = call(
      builder, loc, onDevice ? "tegula_rt_gpu_allocate" : "tegula_rt_allocate",
      LLVM::LLVMPointerType::get(builder.getContext()), {context, bytes});
  checkPointer(builder, loc, pointer);
  Value buffer =
      bufferAt(builder, loc, alloc.getType(), pointer, alloc.getDynamicSizes());
  alloc.replaceAllUsesWith(buffer);
  alloc.erase();
}
