//===- link-ir.cpp - Textual LLVM IR to an artifact, for tests -----------===//
//
//   link-ir [OPTION=VALUE...] model.ll [more.ll...] -o artifact
//
// The modules define tegula_entry. Comments of the first of the form
//   ; input: NAME DTYPE [DIM...]     DIM: a number, ?, or the name of a size
//   ; output: NAME DTYPE [DIM...]    "..." as the only DIM: any rank
//   ; slots: N      ; arena: BYTES   ; weights: float values
// give its signature and constants.
//
//===----------------------------------------------------------------------===//

#include "tegula/Target/CPU/EmitObject.h"
#include "tegula/Target/CPU/Link.h"
#include "tegula/Target/CPU/Signature.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/Module.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;
using namespace tegula::target;

static cl::list<std::string> inputPaths(cl::Positional, cl::OneOrMore);
static cl::opt<std::string> outputPath("o", cl::Required);
static cl::opt<std::string> modelName("name", cl::init("net"));
static cl::opt<std::string> triple("triple",
                                   cl::init("x86_64-unknown-linux-gnu"));
static cl::opt<std::string> cpu("cpu", cl::init("x86-64"));
static cl::opt<std::string> features("features");
static cl::opt<std::string> headerPath("header");
static cl::opt<unsigned> jobs("jobs", cl::desc("threads that compile"));
static cl::opt<uint64_t> extraWeights("zero-weights",
                                      cl::desc("bytes behind the weights"));
static cl::opt<OutputKind>
    kind("emit", cl::init(OutputKind::SharedObject),
         cl::values(clEnumValN(OutputKind::SharedObject, "so", ""),
                    clEnumValN(OutputKind::Object, "o", ""),
                    clEnumValN(OutputKind::Archive, "a", ""),
                    clEnumValN(OutputKind::Executable, "exe", "")));

/// "NAME DTYPE [DIM...]".
static TensorSignature parseTensor(StringRef line) {
  SmallVector<StringRef> words;
  line.split(words, ' ', -1, /*KeepEmpty=*/false);
  TensorSignature tensor;
  tensor.name = words[0];
  tensor.dtype = std::stoi(words[1].str());
  for (StringRef word : drop_begin(words, 2)) {
    if (word == "...") {
      tensor.isRanked = false;
      continue;
    }
    int64_t size = -1;
    const bool isName = word.getAsInteger(10, size);
    tensor.dims.push_back(isName ? -1 : size);
    tensor.dimNames.push_back(isName && word != "?" ? word.str() : "");
  }
  return tensor;
}

static ArtifactSignature parseSignature(StringRef text,
                                        std::vector<float> &weights) {
  ArtifactSignature signature;
  signature.name = modelName;
  signature.provenance = "link-ir";
  while (!text.empty()) {
    StringRef line;
    std::tie(line, text) = text.split('\n');
    if (line.consume_front("; input: "))
      signature.inputs.push_back(parseTensor(line));
    else if (line.consume_front("; output: "))
      signature.outputs.push_back(parseTensor(line));
    else if (line.consume_front("; slots: "))
      line.getAsInteger(10, signature.numSlots);
    else if (line.consume_front("; arena: "))
      line.getAsInteger(10, signature.arenaBytes);
    else if (line.consume_front("; weights: "))
      for (StringRef word : split(line, ' '))
        weights.push_back(std::stof(word.str()));
  }
  return signature;
}

/// The given numbers, then zeros, then 42.0.
static WeightBlob makeWeights(ArrayRef<float> numbers,
                              const std::vector<char> &zeros) {
  static const float last = 42;
  WeightBlob blob;
  auto append = [&](const void *data, size_t size) {
    blob.entries.push_back({alignTo(blob.size, 64),
                            ArrayRef(static_cast<const char *>(data), size)});
    blob.size = blob.entries.back().offset + size;
  };
  append(numbers.data(), numbers.size() * sizeof(float));
  for (uint64_t done = 0; done < extraWeights; done += zeros.size())
    append(zeros.data(), zeros.size());
  append(&last, sizeof(last));
  return blob;
}

static Error writeHeader(const ArtifactSignature &signature) {
  Expected<std::string> text = emitHeader(signature);
  if (!text)
    return text.takeError();
  std::error_code code;
  raw_fd_ostream(headerPath, code) << *text;
  return errorCodeToError(code);
}

/// Parses a module on the thread that compiles it.
static Expected<std::unique_ptr<Module>> readModule(const std::string &path,
                                                    LLVMContext &context) {
  SMDiagnostic diagnostic;
  std::unique_ptr<Module> module = parseIRFile(path, diagnostic, context);
  if (!module)
    return createStringError(diagnostic.getMessage());
  return module;
}

static Error linkIr() {
  ErrorOr<std::unique_ptr<MemoryBuffer>> text =
      MemoryBuffer::getFile(inputPaths[0]);
  if (!text)
    return errorCodeToError(text.getError());
  std::vector<float> weights;
  ArtifactSignature signature = parseSignature((*text)->getBuffer(), weights);
  const std::vector<char> zeros(1 << 20);
  LinkOptions linkOptions;
  linkOptions.architecture = Triple(triple).isAArch64()
                                 ? tegula::machine::Architecture::AArch64
                                 : tegula::machine::Architecture::X86_64;
  linkOptions.name = sanitizeIdentifier(modelName);
  linkOptions.weights = makeWeights(weights, zeros);
  signature.weightBytes = linkOptions.weights.size;

  EmitOptions options;
  options.triple = triple;
  options.cpu = cpu;
  options.features = features;
  std::vector<ModuleMaker> makers;
  for (const std::string &path : inputPaths)
    makers.push_back(
        [path](LLVMContext &context) { return readModule(path, context); });
  size_t progress = 0;
  Expected<std::vector<SmallVector<char, 0>>> codes =
      emitObjects(makers, options, jobs, [&](size_t done) { progress = done; });
  if (!codes)
    return codes.takeError();
  if (progress != makers.size())
    return createStringError("progress was not reported");
  Expected<SmallVector<char, 0>> manifest = emitManifest(signature, options);
  if (!manifest)
    return manifest.takeError();
  if (!headerPath.empty())
    if (Error error = writeHeader(signature))
      return error;
  std::vector<StringRef> objects = {
      StringRef(manifest->data(), manifest->size())};
  for (const SmallVector<char, 0> &code : *codes)
    objects.push_back(StringRef(code.data(), code.size()));
  return linkArtifact(objects, kind, linkOptions, outputPath);
}

int main(int argc, char **argv) {
  cl::ParseCommandLineOptions(argc, argv);
  if (Error error = linkIr()) {
    errs() << "error: " << toString(std::move(error)) << "\n";
    return 1;
  }
  return 0;
}
