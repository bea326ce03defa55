//===- LowerKernel.cpp - The calling convention of kernels ----------------===//

#include "tegula/Target/Common/Passes.h"

#include "tegula/Target/Common/RuntimeCalls.h"

namespace tegula::target {
#define GEN_PASS_DEF_LOWERKERNELPASS
#include "tegula/Target/Common/Passes.h.inc"
} // namespace tegula::target

using namespace mlir;
using namespace tegula::target;

/// Replaces each buffer argument of `func` by its pointer and dynamic sizes.
/// Returns the types of the slots that callers pass on.
static SmallVector<Type> lowerArguments(func::FuncOp func) {
  MLIRContext *context = func.getContext();
  Type pointerType = LLVM::LLVMPointerType::get(context);
  Type indexType = IndexType::get(context);
  Block &entry = func.getBody().front();
  OpBuilder builder = OpBuilder::atBlockBegin(&entry);
  unsigned numArguments = entry.getNumArguments();
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attributes;
  DictionaryAttr none = builder.getDictionaryAttr({});
  DictionaryAttr noAlias = builder.getDictionaryAttr(
      builder.getNamedAttr("llvm.noalias", builder.getUnitAttr()));
  for (unsigned i = 0; i < numArguments; ++i) {
    BlockArgument argument = entry.getArgument(i);
    Location loc = argument.getLoc();
    auto type = dyn_cast<MemRefType>(argument.getType());
    types.push_back(type ? pointerType : argument.getType());
    attributes.push_back(type ? noAlias : none);
    Value value = entry.addArgument(types.back(), loc);
    if (type) {
      SmallVector<Value> sizes;
      for (size_t dim = 0; dim < type.getNumDynamicDims(); ++dim) {
        types.push_back(indexType);
        attributes.push_back(none);
        sizes.push_back(entry.addArgument(indexType, loc));
      }
      value = RuntimeCalls::bufferAt(builder, loc, type, value, sizes);
    }
    argument.replaceAllUsesWith(value);
  }
  entry.eraseArguments(0, numArguments);
  func.setFunctionType(builder.getFunctionType(types, func.getResultTypes()));
  func.setAllArgAttrs(attributes);
  return types;
}

/// The values of the slots after the context, as `types`.
static SmallVector<Value> loadSlots(OpBuilder &builder, Location loc,
                                    Value slots, TypeRange types) {
  SmallVector<Value> values;
  for (auto [index, type] : llvm::enumerate(types)) {
    Value address =
        LLVM::GEPOp::create(builder, loc, slots.getType(), builder.getI64Type(),
                            slots, ArrayRef<LLVM::GEPArg>{int32_t(index + 1)});
    Type stored = type.isIndex() ? builder.getI64Type() : type;
    Value value = LLVM::LoadOp::create(builder, loc, stored, address);
    if (type.isIndex())
      value = arith::IndexCastOp::create(builder, loc, type, value);
    values.push_back(value);
  }
  return values;
}

static Value toIndex(OpBuilder &builder, Location loc, Value value) {
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                    value);
}

namespace {

struct LowerKernelPass
    : tegula::target::impl::LowerKernelPassBase<LowerKernelPass> {
  using LowerKernelPassBase::LowerKernelPassBase;

  void runOnOperation() override {
    for (func::FuncOp func :
         llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      if (func.isExternal() || func.isPrivate() ||
          func.getName().ends_with("_tasks"))
        continue;
      lower(func);
    }
  }

  void lower(func::FuncOp body) {
    std::string name = ("tegula_kernel_" + body.getName()).str();
    auto tasks = getOperation().lookupSymbol<func::FuncOp>(
        (body.getName() + "_tasks").str());
    body.setName(name + "_body");
    makeInternal(body);
    SmallVector<Type> types = lowerArguments(body);
    addStatus(body);
    if (!tasks) {
      createCaller(body, name, types);
      return;
    }
    tasks.setName(name + "_tasks");
    makeInternal(tasks);
    types.pop_back_n(2); // The range is not in a slot.
    lowerArguments(tasks);
    createParallelCaller(body, tasks, createRange(body, name, types), name,
                         types);
  }

  void makeInternal(func::FuncOp func) {
    func.setPrivate();
    func->setAttr("llvm.linkage", LLVM::LinkageAttr::get(
                                      &getContext(), LLVM::Linkage::Internal));
  }

  /// Gives `body` the context as last argument and a status as result.
  void addStatus(func::FuncOp body) {
    MLIRContext *context = &getContext();
    Type pointer = LLVM::LLVMPointerType::get(context);
    SmallVector<func::ReturnOp> returns;
    SmallVector<memref::AllocOp> allocs;
    body.walk([&](Operation *op) {
      if (auto alloc = dyn_cast<memref::AllocOp>(op))
        allocs.push_back(alloc);
      if (auto ret = dyn_cast<func::ReturnOp>(op))
        returns.push_back(ret);
    });
    (void)body.insertArgument(body.getNumArguments(), pointer, {},
                              body.getLoc());
    body.setFunctionType(FunctionType::get(context, body.getArgumentTypes(),
                                           IntegerType::get(context, 32)));
    RuntimeCalls runtime(body, body.getArguments().back());
    for (memref::AllocOp alloc : allocs)
      runtime.allocateOnHeap(alloc, onDevice);
    for (func::ReturnOp op : returns) {
      OpBuilder builder(op);
      Value zero = arith::ConstantIntOp::create(builder, op.getLoc(), 0, 32);
      op.getOperandsMutable().assign(zero);
    }
  }

  func::FuncOp createFunction(StringRef name, TypeRange inputs,
                              TypeRange results, OpBuilder &builder,
                              Location loc) {
    builder.setInsertionPointToEnd(getOperation().getBody());
    auto func = func::FuncOp::create(builder, loc, name,
                                     builder.getFunctionType(inputs, results));
    builder.setInsertionPointToStart(func.addEntryBlock());
    return func;
  }

  Value loadContext(OpBuilder &builder, Location loc, Value slots) {
    return LLVM::LoadOp::create(builder, loc, slots.getType(), slots);
  }

  /// i32 @k(slots): all of the kernel on this thread.
  void createCaller(func::FuncOp body, StringRef name, TypeRange types) {
    Location loc = body.getLoc();
    OpBuilder builder(&getContext());
    Type pointer = LLVM::LLVMPointerType::get(&getContext());
    func::FuncOp caller =
        createFunction(name, pointer, builder.getI32Type(), builder, loc);
    Value slots = caller.getArgument(0);
    SmallVector<Value> values = loadSlots(builder, loc, slots, types);
    values.push_back(loadContext(builder, loc, slots));
    auto call = func::CallOp::create(builder, loc, body, values);
    func::ReturnOp::create(builder, loc, call.getResults());
  }

  /// void @k_range(slots, begin, end): what a thread runs.
  func::FuncOp createRange(func::FuncOp body, StringRef name, TypeRange types) {
    Location loc = body.getLoc();
    OpBuilder builder(&getContext());
    Type pointer = LLVM::LLVMPointerType::get(&getContext());
    Type i64 = builder.getI64Type();
    func::FuncOp range = createFunction((name + "_range").str(),
                                        {pointer, i64, i64}, {}, builder, loc);
    makeInternal(range);
    Value slots = range.getArgument(0);
    SmallVector<Value> values = loadSlots(builder, loc, slots, types);
    values.push_back(toIndex(builder, loc, range.getArgument(1)));
    values.push_back(toIndex(builder, loc, range.getArgument(2)));
    values.push_back(loadContext(builder, loc, slots));
    func::CallOp::create(builder, loc, body, values);
    func::ReturnOp::create(builder, loc);
    return range;
  }

  /// i32 @k(slots): hands the tasks to the runtime if there are several.
  void createParallelCaller(func::FuncOp body, func::FuncOp tasks,
                            func::FuncOp range, StringRef name,
                            TypeRange types) {
    Location loc = body.getLoc();
    OpBuilder builder(&getContext());
    Type pointer = LLVM::LLVMPointerType::get(&getContext());
    func::FuncOp caller =
        createFunction(name, pointer, builder.getI32Type(), builder, loc);
    Value slots = caller.getArgument(0);
    SmallVector<Value> values = loadSlots(builder, loc, slots, types);
    Value context = loadContext(builder, loc, slots);
    Value count =
        func::CallOp::create(builder, loc, tasks, values).getResult(0);
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    Value alone = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sle,
                                        count, one);
    Block *parallel = caller.addBlock(), *single = caller.addBlock();
    cf::CondBranchOp::create(builder, loc, alone, single, parallel);
    builder.setInsertionPointToStart(single);
    values.push_back(arith::ConstantIndexOp::create(builder, loc, 0));
    values.push_back(count);
    values.push_back(context);
    func::ReturnOp::create(
        builder, loc,
        func::CallOp::create(builder, loc, body, values).getResults());
    builder.setInsertionPointToStart(parallel);
    Value function =
        func::ConstantOp::create(builder, loc, range.getFunctionType(),
                                 FlatSymbolRefAttr::get(range.getNameAttr()));
    Value address =
        UnrealizedConversionCastOp::create(builder, loc, pointer, function)
            .getResult(0);
    Value total =
        arith::IndexCastOp::create(builder, loc, builder.getI64Type(), count);
    RuntimeCalls(caller, context)
        .call(builder, loc, "tegula_rt_parallel", {},
              {context, address, slots, total});
    Value zero = arith::ConstantIntOp::create(builder, loc, 0, 32);
    func::ReturnOp::create(builder, loc, zero);
  }
};

} // namespace
