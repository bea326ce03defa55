//===- tegula-lsp-server.cpp - Language server for Tegula's MLIR ----------===//
//
// Editors that speak the language server protocol get completion, hovers and
// diagnostics for .mlir files with Tegula's dialects.
//
//===----------------------------------------------------------------------===//

#include "tegula/Pipeline/Registration.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  tegula::pipeline::registerTegulaDialects(registry);
  return mlir::failed(mlir::MlirLspServerMain(argc, argv, registry));
}
