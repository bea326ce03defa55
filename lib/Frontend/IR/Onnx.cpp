//===- Onnx.cpp - The onnx dialect ----------------------------------------===//

#include "tegula/Frontend/IR/Onnx.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include "onnx/defs/schema.h"

using namespace mlir;

#include "tegula/Frontend/IR/OnnxDialect.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "tegula/Frontend/IR/OnnxTypes.cpp.inc"

#define GET_OP_DEFS
#include "tegula/Frontend/IR/OnnxOps.cpp.inc"

namespace tegula::onnx {

void OnnxDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "tegula/Frontend/IR/OnnxTypes.cpp.inc"
      >();
  registerOnnxDialectOperations(this);
}

OpFoldResult WeightOp::fold(FoldAdaptor) { return getValue(); }

llvm::StringRef operatorName(Operation *op) {
  if (auto custom = dyn_cast<CustomOp>(op))
    return custom.getOpType();
  return op->getName().getStringRef().rsplit('.').second;
}

llvm::StringRef operatorDomain(Operation *op) {
  if (auto custom = dyn_cast<CustomOp>(op))
    return custom.getDomain();
  StringRef name = op->getName().stripDialect();
  if (name.starts_with("ml."))
    return "ai.onnx.ml";
  if (name.starts_with("preview."))
    return "ai.onnx.preview";
  if (name.starts_with("training."))
    return "ai.onnx.preview.training";
  return "";
}

ElementsAttr constantData(Value value) {
  if (auto weight = value.getDefiningOp<WeightOp>())
    return weight.getValue();
  return {};
}

int64_t newestOpset(llvm::StringRef domain) {
  const auto &versions =
      ::onnx::OpSchemaRegistry::DomainToVersionRange::Instance()
          .LastReleaseVersionMap();
  auto found = versions.find(domain.str());
  return found == versions.end() ? 1 : found->second;
}

} // namespace tegula::onnx
