//===- CostModelFile.cpp - The cost model that a user names ---------------===//

#include "tegula/Schedule/Transforms/CostModelFile.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace tegula::sched;

LogicalResult NamedCostModel::find(StringRef name, Location loc) {
  if (name.empty() || name == "analytic") {
    model = name.empty() ? &cost::defaultModel() : &cost::analyticModel();
    return success();
  }
  auto buffer = llvm::MemoryBuffer::getFile(name);
  if (!buffer)
    return emitError(loc) << "cannot read the cost model '" << name
                          << "': " << buffer.getError().message();
  std::string message;
  owned = cost::LearnedModel::read((*buffer)->getBufferStart(),
                                   (*buffer)->getBufferSize(), message);
  if (!owned)
    return emitError(loc) << "the cost model '" << name
                          << "' is refused: " << message;
  model = owned.get();
  return success();
}
