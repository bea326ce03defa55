//===- EmitArtifact.cpp - Code, weights and manifest to a file ------------===//

#include "EmitArtifact.h"

#include "tegula/Target/CPU/EmitObject.h"
#include "tegula/Target/CPU/Link.h"
#include "tegula/Target/Common/Translate.h"

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace tegula;
using namespace tegula::pipeline;

static Error fail(const Twine &message) {
  return createStringError(inconvertibleErrorCode(), message);
}

static target::EmitOptions emitOptions(const ArtifactParts &parts,
                                       const CompileOptions &options) {
  target::EmitOptions result;
  result.triple = parts.machine.triple;
  result.cpu = parts.machine.cpu;
  result.features = parts.machine.featureString();
  // Plain loops are for comparison and debugging; they need no heavy passes.
  result.optLevel = options.optLevel == 0 ? 1 : options.optLevel;
  result.kernelCache = options.kernelCache;
  return result;
}

static Expected<std::unique_ptr<Module>> translate(mlir::ModuleOp unit,
                                                   LLVMContext &context) {
  std::unique_ptr<Module> module = target::translateToLLVM(unit, context);
  if (!module)
    return fail("the LLVM dialect could not be translated");
  return module;
}

/// Writes the text of all units, in order, as `write` makes it.
static Error
writeText(const ArtifactParts &parts, StringRef output,
          function_ref<Error(Module &module, raw_ostream &out)> write) {
  std::error_code error;
  raw_fd_ostream out(output, error);
  if (error)
    return fail("cannot write '" + output + "': " + error.message());
  for (mlir::ModuleOp unit :
       mlir::ModuleOp(parts.code).getOps<mlir::ModuleOp>()) {
    LLVMContext context;
    Expected<std::unique_ptr<Module>> module = translate(unit, context);
    if (!module)
      return module.takeError();
    if (Error failed = write(**module, out))
      return failed;
  }
  return Error::success();
}

/// The weights as the linker wants them; no byte is copied.
static target::WeightBlob linkWeights(const tile::WeightBlob &blob) {
  target::WeightBlob result;
  for (const tile::WeightBlob::Entry &entry : blob.entries)
    result.entries.push_back(
        {static_cast<uint64_t>(entry.offset), entry.bytes});
  result.size = blob.size;
  return result;
}

static target::OutputKind outputKind(Emit emit) {
  switch (emit) {
  case Emit::Object:
    return target::OutputKind::Object;
  case Emit::Archive:
    return target::OutputKind::Archive;
  case Emit::Executable:
    return target::OutputKind::Executable;
  default:
    return target::OutputKind::SharedObject;
  }
}

static Error writeHeader(const target::ArtifactSignature &signature,
                         StringRef output) {
  Expected<std::string> text = target::emitHeader(signature);
  if (!text)
    return text.takeError();
  SmallString<128> path(output);
  sys::path::replace_extension(path, "h");
  std::error_code error;
  raw_fd_ostream out(path, error);
  if (error)
    return fail("cannot write '" + path + "': " + error.message());
  out << *text;
  return Error::success();
}

static Error writePtx(const ArtifactParts &parts, StringRef output) {
  std::error_code error;
  raw_fd_ostream out(output, error);
  if (error)
    return fail("cannot write '" + output + "': " + error.message());
  out << parts.gpu->image;
  return Error::success();
}

/// Compiles all units and links them with weights, manifest and runtime.
static Error linkAll(const ArtifactParts &parts, const CompileOptions &options,
                     StringRef output) {
  target::EmitOptions emit = emitOptions(parts, options);
  std::vector<target::ModuleMaker> makers;
  for (mlir::ModuleOp unit :
       mlir::ModuleOp(parts.code).getOps<mlir::ModuleOp>())
    makers.push_back(
        [unit](LLVMContext &context) { return translate(unit, context); });
  if (parts.gpu)
    makers.push_back(
        [&](LLVMContext &context) -> Expected<std::unique_ptr<Module>> {
          return target::makeProgramModule(context, parts.gpu->gpu,
                                           parts.gpu->kernels, parts.gpu->image,
                                           parts.gpu->isPtx);
        });
  auto progress = [&](size_t done) {
    if (options.progress)
      options.progress("emit", done, makers.size());
  };
  auto objects = target::emitObjects(makers, emit, options.threads, progress);
  if (!objects)
    return objects.takeError();
  auto manifest = target::emitManifest(parts.signature, emit);
  if (!manifest)
    return manifest.takeError();

  std::vector<StringRef> inputs;
  for (const auto &object : *objects)
    inputs.push_back(StringRef(object.data(), object.size()));
  inputs.push_back(StringRef(manifest->data(), manifest->size()));
  target::LinkOptions link;
  link.name = target::sanitizeIdentifier(parts.signature.name);
  link.weights = linkWeights(parts.weights);
  link.architecture = parts.machine.architecture;
  link.withGpu = parts.gpu != nullptr;
  return target::linkArtifact(inputs, outputKind(options.emit), link, output);
}

Error tegula::pipeline::emitArtifact(const ArtifactParts &parts,
                                     const CompileOptions &options,
                                     StringRef output) {
  if (options.emit == Emit::LLVM)
    return writeText(parts, output,
                     [](Module &module, raw_ostream &out) -> Error {
                       module.print(out, nullptr);
                       return Error::success();
                     });
  if (options.emit == Emit::Asm)
    return writeText(
        parts, output, [&](Module &module, raw_ostream &out) -> Error {
          auto text = target::emitObject(module, emitOptions(parts, options),
                                         target::CodeKind::Assembly);
          if (!text)
            return text.takeError();
          out << StringRef(text->data(), text->size());
          return Error::success();
        });
  if (options.emit == Emit::PTX)
    return writePtx(parts, output);
  if (Error error = linkAll(parts, options, output))
    return error;
  if (options.emit == Emit::Executable)
    return Error::success();
  return writeHeader(parts.signature, output);
}
