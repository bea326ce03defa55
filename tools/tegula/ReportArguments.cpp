//===- ReportArguments.cpp - Arguments of commands that report ------------===//

#include "ReportArguments.h"

#include "llvm/Support/raw_ostream.h"

using namespace llvm;

std::optional<int>
tegula::tools::ReportArguments::parse(StringRef command, StringRef usage,
                                      ArrayRef<StringRef> arguments) {
  SmallVector<StringRef> words;
  for (StringRef argument : arguments) {
    if (argument == "--help")
      return outs() << usage, 0;
    if (argument == "--json")
      asJson = true;
    else if (argument.starts_with("-"))
      words.push_back(argument);
    else
      path = argument;
  }
  if (path.empty())
    return errs() << usage, 2;
  std::string message;
  if (!pipeline::parseOptions(words, options, message))
    return errs() << "tegula " << command << ": " << message << "\n", 2;
  return std::nullopt;
}
