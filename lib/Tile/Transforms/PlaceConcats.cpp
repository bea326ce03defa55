//===- PlaceConcats.cpp - Concatenations without copies -------------------===//

#include "tegula/Graph/IR/Graph.h"
#include "tegula/Tile/Transforms/Passes.h"

#include "Allocations.h"
#include "ArenaPlan.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/SmallPtrSet.h"

namespace tegula::tile {
#define GEN_PASS_DEF_PLACECONCATSPASS
#include "tegula/Tile/Transforms/Passes.h.inc"
} // namespace tegula::tile

using namespace mlir;
using namespace tegula::tile;
using tegula::graph::CallOp;

/// The arguments of `func` that it joins, and along which dimension, if it does
/// nothing else.
static std::optional<std::pair<SmallVector<unsigned>, int64_t>>
joinedArguments(func::FuncOp func) {
  tensor::ConcatOp concat;
  for (Operation &op : func.getBody().front()) {
    if (auto found = dyn_cast<tensor::ConcatOp>(op)) {
      if (concat)
        return std::nullopt;
      concat = found;
    } else if (!isa<bufferization::ToTensorOp, func::ReturnOp,
                    bufferization::MaterializeInDestinationOp>(op)) {
      return std::nullopt;
    }
  }
  if (!concat)
    return std::nullopt;
  SmallVector<unsigned> arguments;
  for (Value input : concat.getInputs()) {
    auto read = input.getDefiningOp<bufferization::ToTensorOp>();
    auto argument = read ? dyn_cast<BlockArgument>(read.getBuffer()) : nullptr;
    if (!argument)
      return std::nullopt;
    arguments.push_back(argument.getArgNumber());
  }
  return std::pair(arguments, int64_t(concat.getDim()));
}

/// Bytes of `value`; none of a buffer whose size is not known or that has
/// elements of other than whole bytes.
static std::optional<int64_t> bytesOf(Value value) {
  auto type = cast<MemRefType>(value.getType());
  if (!type.hasStaticShape() || !type.getElementType().isIntOrFloat() ||
      type.getElementTypeBitWidth() % 8 != 0)
    return std::nullopt;
  return type.getNumElements() * type.getElementTypeBitWidth() / 8;
}

namespace {

/// One input of a concatenation, and where it begins in the result.
struct Part {
  unsigned input; ///< Number among the call's inputs.
  int64_t offset;
  memref::AllocOp alloc; ///< That can lie in the result; none: it is copied.
};

/// A concatenation whose inputs follow each other in memory.
struct Concat {
  CallOp call;
  memref::AllocOp whole;
  SmallVector<Part> parts;
  int64_t bytes = 0;
};

struct PlaceConcatsPass
    : tegula::tile::impl::PlaceConcatsPassBase<PlaceConcatsPass> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    for (func::FuncOp func : getOperation().getOps<func::FuncOp>()) {
      SmallVector<CallOp> calls;
      func.walk([&](CallOp call) { calls.push_back(call); });
      for (CallOp call : calls)
        if (std::optional<Concat> concat = find(call, symbols))
          place(*concat);
    }
    eraseUnused(symbols);
  }

private:
  std::optional<Concat> find(CallOp call, SymbolTable &symbols);
  static bool isWrittenOnce(memref::AllocOp alloc);
  static void place(Concat &concat);
  void eraseUnused(SymbolTable &symbols);
};

} // namespace

/// Whether one kernel gives `alloc` its contents and others only read them. A
/// result of the model is the caller's memory.
bool PlaceConcatsPass::isWrittenOnce(memref::AllocOp alloc) {
  BufferViewFlowAnalysis aliases(alloc->getParentOfType<func::FuncOp>());
  int writes = 0;
  for (Value alias : aliases.resolve(alloc.getResult()))
    for (OpOperand &use : alias.getUses()) {
      if (auto call = dyn_cast<CallOp>(use.getOwner()))
        writes += call.isDpsInit(&use);
      else if (!isa<ViewLikeOpInterface, memref::DimOp>(use.getOwner()))
        return false;
    }
  return writes == 1;
}

std::optional<Concat> PlaceConcatsPass::find(CallOp call,
                                             SymbolTable &symbols) {
  auto module = symbols.lookup<ModuleOp>(call.getCallee());
  auto func =
      module ? module.lookupSymbol<func::FuncOp>(call.getCallee()) : nullptr;
  auto joined = func ? joinedArguments(func) : std::nullopt;
  if (!joined)
    return std::nullopt;
  Concat concat;
  concat.call = call;
  concat.whole = call.getOutputs()[0].getDefiningOp<memref::AllocOp>();
  if (!concat.whole || concat.whole->getBlock() != call->getBlock() ||
      !bytesOf(concat.whole) || !isWrittenOnce(concat.whole))
    return std::nullopt;
  ArrayRef<int64_t> shape = concat.whole.getType().getShape();
  if (llvm::any_of(shape.take_front(joined->second),
                   [](int64_t size) { return size != 1; }))
    return std::nullopt; // The inputs lie in stripes.
  llvm::SmallPtrSet<Operation *, 8> taken;
  int64_t placed = 0;
  for (unsigned argument : joined->first) {
    Value value = call.getInputs()[argument];
    Part part{argument, concat.bytes, allocationBehind(value)};
    std::optional<int64_t> bytes = bytesOf(value);
    if (!bytes)
      return std::nullopt;
    if (part.alloc &&
        (part.alloc->getBlock() != call->getBlock() ||
         part.offset % kArenaAlignment != 0 || !isWrittenOnce(part.alloc) ||
         !taken.insert(part.alloc).second))
      part.alloc = nullptr;
    placed += part.alloc ? *bytes : 0;
    concat.bytes += *bytes;
    concat.parts.push_back(part);
  }
  // One thread copies what is left, where all would have copied everything.
  if (2 * placed < concat.bytes)
    return std::nullopt;
  return concat;
}

void PlaceConcatsPass::place(Concat &concat) {
  Operation *first = concat.whole;
  for (Part &part : concat.parts)
    if (part.alloc && part.alloc->isBeforeInBlock(first))
      first = part.alloc;
  OpBuilder builder(first);
  Location loc = concat.call.getLoc();
  auto bytes = memref::AllocOp::create(
      builder, loc, MemRefType::get({concat.bytes}, builder.getI8Type()));
  auto view = [&](int64_t offset, Type type) -> Value {
    Value begin = arith::ConstantIndexOp::create(builder, loc, offset);
    return memref::ViewOp::create(builder, loc, cast<MemRefType>(type), bytes,
                                  begin, ValueRange());
  };
  for (Part &part : concat.parts) {
    if (!part.alloc)
      continue;
    builder.setInsertionPoint(part.alloc);
    part.alloc.replaceAllUsesWith(view(part.offset, part.alloc.getType()));
    part.alloc.erase();
  }
  builder.setInsertionPoint(concat.call);
  for (const Part &part : concat.parts) {
    Value value = concat.call.getInputs()[part.input];
    if (!part.alloc)
      memref::CopyOp::create(builder, loc, value,
                             view(part.offset, value.getType()));
  }
  Value whole = view(/*offset=*/0, concat.whole.getType());
  concat.call.erase();
  concat.whole.replaceAllUsesWith(whole);
  concat.whole.erase();
}

/// Erases the concatenations that nothing calls any more.
void PlaceConcatsPass::eraseUnused(SymbolTable &symbols) {
  llvm::SmallPtrSet<Operation *, 32> called;
  getOperation().walk(
      [&](CallOp call) { called.insert(symbols.lookup(call.getCallee())); });
  for (ModuleOp module :
       llvm::make_early_inc_range(getOperation().getOps<ModuleOp>()))
    if (auto func = module.lookupSymbol<func::FuncOp>(*module.getSymName());
        func && !called.contains(module) && joinedArguments(func))
      symbols.erase(module);
}
