//===- Compile.cpp - tegula compile ---------------------------------------===//

#include "Commands.h"

#include "tegula/Frontend/ImportModel.h"
#include "tegula/Pipeline/Registration.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

int tegula::tools::runCompile(ArrayRef<StringRef> arguments) {
  frontend::ImportOptions options;
  StringRef path;
  for (StringRef argument : arguments) {
    if (argument.consume_front("--dim=")) {
      auto [name, extent] = argument.split('=');
      int64_t value;
      if (extent.getAsInteger(10, value) || value < 0) {
        errs() << "tegula compile: --dim wants NAME=EXTENT, found '"
               << argument << "'\n";
        return 2;
      }
      options.dims[name] = value;
    } else if (!argument.starts_with("-")) {
      path = argument;
    }
  }
  mlir::DialectRegistry registry;
  pipeline::registerTegulaDialects(registry);
  mlir::MLIRContext context(registry);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      frontend::importModelFile(path, options, &context);
  if (!module)
    return 1;
  module->print(outs(), mlir::OpPrintingFlags().elideLargeElementsAttrs(16)
                            .elideLargeResourceString(64));
  return 0;
}
