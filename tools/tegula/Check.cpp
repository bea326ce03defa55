//===- Check.cpp - tegula check -------------------------------------------===//

#include "Commands.h"
#include "ReportArguments.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace tegula::pipeline;

static constexpr StringLiteral kUsage =
    "usage: tegula check MODEL.onnx [--json] [options of compile]\n\n"
    "Lists every operator that cannot be compiled, with its node and the "
    "reason.\nThe exit status is 0 if there is none.\n";

/// Nodes by what is wrong with them, in the order of the model.
using Groups =
    MapVector<std::pair<StringRef, StringRef>, SmallVector<std::string>>;

static void printText(const Groups &groups, size_t numBad, size_t numOps) {
  constexpr size_t shown = 5;
  for (const auto &[key, nodes] : groups) {
    outs() << key.first << ": " << nodes.size()
           << (nodes.size() == 1 ? " node: " : " nodes: ") << key.second
           << "\n";
    for (const std::string &node : ArrayRef(nodes).take_front(shown))
      outs() << "    " << node << "\n";
    if (nodes.size() > shown)
      outs() << "    ... and " << nodes.size() - shown << " more\n";
  }
  if (numBad == 0)
    outs() << "all " << numOps << " operators are supported\n";
  else
    outs() << numBad << " of " << numOps << " operators are not supported\n";
}

static void printJson(ArrayRef<UnsupportedNode> unsupported,
                      ArrayRef<std::string> errors, size_t numOps) {
  json::OStream out(outs(), /*IndentSize=*/2);
  out.object([&] {
    out.attribute("supported", unsupported.empty() && errors.empty());
    out.attribute("operators", int64_t(numOps));
    out.attributeArray("unsupported", [&] {
      for (const UnsupportedNode &entry : unsupported)
        out.object([&] {
          out.attribute("op", json::fixUTF8(entry.op));
          out.attribute("node", json::fixUTF8(entry.node));
          out.attribute("reason", json::fixUTF8(entry.reason));
        });
    });
    out.attributeArray("errors", [&] {
      for (const std::string &error : errors)
        out.value(json::fixUTF8(error));
    });
  });
  outs() << "\n";
}

int tegula::tools::runCheck(ArrayRef<StringRef> arguments) {
  ReportArguments given;
  if (std::optional<int> code = given.parse("check", kUsage, arguments))
    return *code;
  std::unique_ptr<mlir::MLIRContext> context = createContext();
  std::vector<std::string> errors;
  mlir::ScopedDiagnosticHandler handler(
      context.get(), [&](mlir::Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error)
          errors.push_back(formatDiagnostic(diagnostic));
        return mlir::success();
      });
  std::vector<UnsupportedNode> unsupported;
  size_t numOps = 0;
  bool read =
      checkFile(given.path, given.options, *context, unsupported, numOps);
  if (given.asJson) {
    printJson(unsupported, errors, numOps);
  } else if (read) {
    Groups groups;
    for (const UnsupportedNode &entry : unsupported)
      groups[{entry.op, entry.reason}].push_back(entry.node);
    printText(groups, unsupported.size(), numOps);
  } else {
    for (const std::string &error : errors)
      errs() << error << "\n";
  }
  return read && unsupported.empty() ? 0 : 1;
}
