//===- MergeModules.cpp - Kernels into units of compilation ---------------===//

#include "MergeModules.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;

static bool isDeclaration(Operation *op) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  return function && function.isExternal();
}

/// Gives definitions of `kernel` whose names are taken in `symbols` new ones:
/// two kernels may each have a private constant of the same name.
static void renameClashes(ModuleOp kernel,
                          const llvm::StringMap<Operation *> &symbols) {
  SymbolTable own(kernel);
  for (Operation &op : *kernel.getBody()) {
    auto symbol = dyn_cast<SymbolOpInterface>(op);
    if (!symbol || isDeclaration(&op))
      continue;
    Operation *known = symbols.lookup(symbol.getName());
    if (!known || isDeclaration(known))
      continue;
    std::string name;
    unsigned count = 0;
    do {
      name = (symbol.getName() + "_" + Twine(++count)).str();
    } while (symbols.contains(name) || own.lookup(name));
    (void)own.rename(&op, name);
  }
}

/// Moves the contents of `source` to `target`. Of several declarations and one
/// definition of a symbol the definition stays.
static void moveContents(Block &source, ModuleOp target,
                         llvm::StringMap<Operation *> &symbols) {
  for (Operation &op : llvm::make_early_inc_range(source)) {
    if (isa<ModuleOp>(op))
      continue;
    if (auto symbol = dyn_cast<SymbolOpInterface>(op)) {
      Operation *&known = symbols[symbol.getName()];
      if (known && isDeclaration(&op)) {
        op.erase();
        continue;
      }
      if (known && isDeclaration(known))
        known->erase();
      known = &op;
    }
    op.moveBefore(target.getBody(), target.getBody()->end());
  }
}

void tegula::pipeline::mergeModules(ModuleOp module, int64_t minOps) {
  SmallVector<ModuleOp> kernels(module.getOps<ModuleOp>());
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  ModuleOp unit;
  llvm::StringMap<Operation *> symbols;
  int64_t numOps = 0, numUnits = 0;
  auto startUnit = [&]() {
    unit = ModuleOp::create(builder, module.getLoc(),
                            ("unit_" + Twine(numUnits++)).str());
    symbols.clear();
    numOps = 0;
  };
  startUnit();
  moveContents(*module.getBody(), unit, symbols);
  unit.walk([&](Operation *) { ++numOps; });
  for (ModuleOp kernel : kernels) {
    if (numOps >= minOps)
      startUnit();
    kernel.walk([&](Operation *) { ++numOps; });
    renameClashes(kernel, symbols);
    moveContents(*kernel.getBody(), unit, symbols);
    kernel.erase();
  }
}
