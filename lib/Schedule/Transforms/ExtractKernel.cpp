//===- ExtractKernel.cpp - A kernel as a model of its own -----------------===//

#include "tegula/Schedule/Transforms/ExtractKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "tegula/Schedule/IR/Sched.h"

using namespace mlir;
using namespace tegula;

static bool isStaticTensor(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.hasStaticShape();
}

/// The kernel in a module of its own; constants as constants, or as arguments
/// that say so.
static OwningOpRef<ModuleOp> extract(graph::KernelOp kernel,
                                     bool keepConstants) {
  if (!llvm::all_of(kernel->getOperands(), isStaticTensor))
    return {};
  Location loc = UnknownLoc::get(kernel.getContext());
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  OpBuilder b = OpBuilder::atBlockEnd(module->getBody());
  auto main = func::FuncOp::create(b, loc, "main", b.getFunctionType({}, {}));
  Block *block = main.addEntryBlock();
  b.setInsertionPointToStart(block);
  IRMapping mapping;
  SmallVector<bool> areConstant;
  for (Value input : kernel.getInputs()) {
    if (mapping.contains(input))
      continue;
    auto constant = input.getDefiningOp<arith::ConstantOp>();
    if (constant && keepConstants) {
      mapping.map(input,
                  arith::ConstantOp::create(b, loc, constant.getValue()));
      continue;
    }
    mapping.map(input, block->addArgument(input.getType(), loc));
    areConstant.push_back(constant != nullptr);
  }
  for (Value output : kernel.getOutputs()) {
    auto type = cast<RankedTensorType>(output.getType());
    mapping.map(output, tensor::EmptyOp::create(b, loc, type.getShape(),
                                                type.getElementType()));
  }
  Operation *copy = b.clone(*kernel, mapping);
  copy->removeAttr(sched::kScheduleAttrName);
  copy->removeAttr(sched::kSequentialAttrName);
  copy->walk([&](Operation *op) { op->setLoc(loc); });
  func::ReturnOp::create(b, loc, copy->getResults());
  main.setFunctionType(
      b.getFunctionType(block->getArgumentTypes(), copy->getResultTypes()));
  for (auto [index, isConstant] : llvm::enumerate(areConstant))
    if (isConstant)
      main.setArgAttr(index, "constant", b.getUnitAttr());
  return module;
}

OwningOpRef<ModuleOp> sched::extractKernel(graph::KernelOp kernel) {
  return extract(kernel, /*keepConstants=*/true);
}

std::string sched::kernelText(graph::KernelOp kernel) {
  OwningOpRef<ModuleOp> module = extract(kernel, /*keepConstants=*/false);
  std::string text;
  llvm::raw_string_ostream out(text);
  if (module)
    module->print(out, OpPrintingFlags().useLocalScope());
  return text;
}
