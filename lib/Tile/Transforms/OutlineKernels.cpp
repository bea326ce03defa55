//===- OutlineKernels.cpp - Kernel bodies to functions on buffers ---------===//

#include "tegula/Graph/IR/Graph.h"
#include "tegula/Tile/Transforms/Passes.h"

#include "llvm/ADT/StringMap.h"

namespace tegula::tile {
#define GEN_PASS_DEF_OUTLINEKERNELSPASS
#include "tegula/Tile/Transforms/Passes.h.inc"
} // namespace tegula::tile

using namespace mlir;
using tegula::graph::CallOp;
using tegula::graph::KernelOp;
using tegula::graph::YieldOp;

static Type bufferType(Type type) {
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return MemRefType::get(tensor.getShape(), tensor.getElementType());
  return type;
}

/// A word for the main operation of the kernel, for names that people read.
static StringRef rootName(KernelOp kernel) {
  StringRef name = "kernel";
  bool hasReduction = false;
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
    if (isa<linalg::FillOp, tensor::EmptyOp, arith::ConstantOp>(op) ||
        (hasReduction && !(linalgOp && linalgOp.getNumReductionLoops())))
      continue;
    hasReduction |= linalgOp && linalgOp.getNumReductionLoops();
    name = op.getName().stripDialect();
  }
  return name;
}

/// Moves the body of `kernel` to a function named "kernel" that stands alone.
static func::FuncOp takeBody(KernelOp kernel) {
  Location loc = kernel.getLoc();
  SmallVector<Type> types;
  for (Value operand : kernel.getOperands())
    types.push_back(bufferType(operand.getType()));
  OpBuilder builder(kernel.getContext());
  auto func =
      func::FuncOp::create(loc, "kernel", builder.getFunctionType(types, {}),
                           llvm::to_vector(kernel->getDiscardableAttrs()));
  Block *entry = func.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  Block &body = kernel.getBody().front();
  unsigned numInputs = kernel.getInputs().size();
  SmallVector<Value> values;
  for (auto [index, argument] : llvm::enumerate(body.getArguments())) {
    Value buffer = entry->getArgument(index);
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type) {
      values.push_back(buffer);
    } else if (index < numInputs) {
      values.push_back(bufferization::ToTensorOp::create(
          builder, loc, type, buffer, /*restrict=*/true));
    } else if (argument.use_empty()) {
      values.push_back(buffer); // Never used: the yield names the outputs.
    } else {
      SmallVector<Value> sizes;
      for (int64_t dim = 0; dim < type.getRank(); ++dim)
        if (type.isDynamicDim(dim))
          sizes.push_back(memref::DimOp::create(builder, loc, buffer, dim));
      values.push_back(tensor::EmptyOp::create(builder, loc, type, sizes));
    }
  }
  for (auto [argument, value] : llvm::zip(body.getArguments(), values))
    if (!argument.use_empty())
      argument.replaceAllUsesWith(value);
  auto yield = cast<YieldOp>(body.getTerminator());
  entry->getOperations().splice(entry->end(), body.getOperations());
  builder.setInsertionPoint(yield);
  for (auto [index, value] : llvm::enumerate(yield.getValues()))
    bufferization::MaterializeInDestinationOp::create(
        builder, loc, /*result=*/Type(), value,
        entry->getArgument(numInputs + index), /*restrict=*/true,
        /*writable=*/true);
  func::ReturnOp::create(builder, loc);
  yield.erase();
  return func;
}

namespace {

struct OutlineKernelsPass
    : tegula::tile::impl::OutlineKernelsPassBase<OutlineKernelsPass> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<KernelOp> kernels;
    for (func::FuncOp func : module.getOps<func::FuncOp>())
      func.walk([&](KernelOp kernel) { kernels.push_back(kernel); });
    llvm::StringMap<StringAttr> nameOfText;
    for (KernelOp kernel : kernels)
      outline(kernel, nameOfText);
  }

  void outline(KernelOp kernel, llvm::StringMap<StringAttr> &nameOfText) {
    OpBuilder builder(kernel);
    std::string base = rootName(kernel).str();
    // What differs between equal kernels belongs to their calls.
    SmallVector<NamedAttribute> callAttrs;
    for (StringRef name :
         {tegula::graph::kNodesAttrName, tegula::graph::kFlopsAttrName})
      if (Attribute value = kernel->removeDiscardableAttr(name))
        callAttrs.emplace_back(name, value);
    func::FuncOp func = takeBody(kernel);
    std::string text;
    llvm::raw_string_ostream stream(text);
    func->print(stream, OpPrintingFlags().useLocalScope());
    auto [known, isNew] = nameOfText.try_emplace(text);
    if (isNew) {
      std::string name = base + "_" + std::to_string(nameOfText.size() - 1);
      known->second = builder.getStringAttr(name);
      func.setName(name);
      auto nested = ModuleOp::create(kernel.getLoc(), name);
      nested.push_back(func);
      getOperation().push_back(nested);
    } else {
      func.erase();
    }
    auto call =
        CallOp::create(builder, kernel.getLoc(), kernel.getResultTypes(),
                       FlatSymbolRefAttr::get(known->second),
                       kernel.getInputs(), kernel.getOutputs());
    call->setDiscardableAttrs(callAttrs);
    kernel.replaceAllUsesWith(call.getResults());
    kernel.erase();
  }
};

} // namespace
