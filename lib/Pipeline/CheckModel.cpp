//===- CheckModel.cpp - What keeps a model from being compiled ------------===//

#include "tegula/Frontend/IR/Onnx.h"
#include "tegula/Frontend/ImportModel.h"
#include "tegula/Graph/OnnxToGraph/Passes.h"
#include "tegula/Pipeline/Compile.h"

using namespace mlir;
using namespace tegula;

/// The name that the importer has put into a location, without the operator.
static std::string nodeName(Location loc) {
  auto named = dyn_cast<NameLoc>(loc);
  while (named && isa<NameLoc>(named.getChildLoc()))
    named = cast<NameLoc>(named.getChildLoc()); // The node of the model itself.
  return named ? named.getName().getValue().rsplit(" (").first.str() : "";
}

static std::string displayName(Operation *op) {
  if (isa<onnx::CustomOp>(op))
    return (onnx::operatorDomain(op) + ":" + onnx::operatorName(op)).str();
  return op->getName().stripDialect().str();
}

bool tegula::pipeline::checkFile(StringRef path, const CompileOptions &options,
                                 MLIRContext &context,
                                 std::vector<UnsupportedNode> &unsupported,
                                 size_t &numOps) {
  frontend::ImportOptions importing;
  importing.dims = options.dims;
  importing.name = options.name;
  OwningOpRef<ModuleOp> module =
      frontend::importModelFile(path, importing, &context);
  if (!module)
    return false;
  PassManager manager(&context, ModuleOp::getOperationName());
  buildModelPipeline(manager);
  if (failed(manager.run(*module)))
    return false;
  numOps = 0;
  module->walk([&](Operation *op) {
    numOps +=
        isa_and_nonnull<onnx::OnnxDialect>(op->getDialect()) &&
        !isa<onnx::WeightOp, onnx::NoValueOp, onnx::YieldOp, onnx::CheckOp>(op);
  });
  for (const graph::UnsupportedOp &entry : graph::convertOnnx(*module))
    unsupported.push_back(
        {displayName(entry.op), nodeName(entry.op->getLoc()), entry.reason});
  return true;
}
