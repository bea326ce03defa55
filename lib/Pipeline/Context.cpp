//===- Context.cpp - The dialects that compilation needs ------------------===//

#include "tegula/Pipeline/Compile.h"
#include "tegula/Pipeline/Registration.h"

#include "mlir/Dialect/Arith/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Index/IR/IndexDialect.h"
#include "mlir/Dialect/Linalg/Transforms/AllInterfaces.h"
#include "mlir/Dialect/SCF/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/IR/TensorInferTypeOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/Transforms/SubsetInsertionOpInterfaceImpl.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/IR/MLIRContext.h"

using namespace mlir;

/// The upstream dialects that a stage makes, and how they bufferize.
static void registerUpstream(DialectRegistry &registry) {
  registry.insert<affine::AffineDialect, arith::ArithDialect,
                  bufferization::BufferizationDialect, cf::ControlFlowDialect,
                  func::FuncDialect, index::IndexDialect, linalg::LinalgDialect,
                  LLVM::LLVMDialect, math::MathDialect, memref::MemRefDialect,
                  scf::SCFDialect, tensor::TensorDialect, ub::UBDialect,
                  vector::VectorDialect>();
  arith::registerBufferizableOpInterfaceExternalModels(registry);
  linalg::registerAllDialectInterfaceImplementations(registry);
  scf::registerBufferizableOpInterfaceExternalModels(registry);
  tensor::registerBufferizableOpInterfaceExternalModels(registry);
  tensor::registerInferTypeOpInterfaceExternalModels(registry);
  tensor::registerSubsetOpInterfaceExternalModels(registry);
}

std::unique_ptr<MLIRContext> tegula::pipeline::createContext() {
  DialectRegistry registry;
  registerUpstream(registry);
  registerTegulaDialects(registry);
  auto context =
      std::make_unique<MLIRContext>(registry, MLIRContext::Threading::DISABLED);
  context->loadAllAvailableDialects();
  // A message names the node; a whole function behind it would hide that.
  context->printOpOnDiagnostic(false);
  return context;
}

/// The names in a location, outermost first.
static void printLocation(Location loc, llvm::raw_ostream &out) {
  if (auto name = dyn_cast<NameLoc>(loc)) {
    if (isa<NameLoc>(name.getChildLoc())) // The node whose body this is from.
      printLocation(name.getChildLoc(), out);
    out << name.getName().strref() << ": ";
  } else if (auto fused = dyn_cast<FusedLoc>(loc)) {
    if (!fused.getLocations().empty())
      printLocation(fused.getLocations().front(), out);
  } else if (auto call = dyn_cast<CallSiteLoc>(loc)) {
    printLocation(call.getCallee(), out);
  } else if (isa<FileLineColLoc>(loc)) {
    out << loc << ": ";
  }
}

std::string tegula::pipeline::formatDiagnostic(const Diagnostic &diagnostic) {
  std::string text;
  llvm::raw_string_ostream out(text);
  printLocation(diagnostic.getLocation(), out);
  switch (diagnostic.getSeverity()) {
  case DiagnosticSeverity::Error:
    out << "error: ";
    break;
  case DiagnosticSeverity::Warning:
    out << "warning: ";
    break;
  case DiagnosticSeverity::Note:
    out << "note: ";
    break;
  case DiagnosticSeverity::Remark:
    out << "remark: ";
    break;
  }
  out << diagnostic;
  for (const Diagnostic &note : diagnostic.getNotes())
    out << "\n  " << formatDiagnostic(note);
  return text;
}
