//===- tegula-reduce.cpp - Shrink a failing MLIR file ---------------------===//
//
// mlir-reduce with Tegula's dialects and passes: cuts a file down while a
// script of the user still finds it interesting.
//
//===----------------------------------------------------------------------===//

#include "tegula/Pipeline/Registration.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  mlir::registerAllPasses();
  tegula::pipeline::registerTegulaDialects(registry);
  tegula::pipeline::registerTegulaPasses();
  mlir::MLIRContext context(registry);
  return mlir::failed(mlir::mlirReduceMain(argc, argv, context));
}
