//===- Link.cpp - Object files to a finished artifact --------------------===//

#include "tegula/Target/CPU/Link.h"
#include "LibcSymbols.h"
#include "Weights.h"
#include "lld/Common/Driver.h"
#include "tegula/Runtime/Embedded.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/InterfaceStub/ELFObjHandler.h"
#include "llvm/InterfaceStub/IFSStub.h"
#include "llvm/ObjCopy/ConfigManager.h"
#include "llvm/ObjCopy/ObjCopy.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include <mutex>

LLD_HAS_DRIVER(elf)

using namespace llvm;
using namespace tegula;
using namespace tegula::target;
using tegula::machine::Architecture;
using tegula::runtime::RuntimePart;

namespace {
/// A private directory (mode 0700) that goes away with its files.
class WorkDirectory {
public:
  static Expected<WorkDirectory> create(StringRef given) {
    WorkDirectory directory;
    directory.path = given;
    if (!given.empty())
      return std::move(directory);
    if (std::error_code code =
            sys::fs::createUniqueDirectory("tegula", directory.path))
      return createStringError(code, "cannot make a temporary directory: %s",
                               code.message().c_str());
    directory.isOurs = true;
    sys::fs::setPermissions(directory.path, sys::fs::owner_all);
    return std::move(directory);
  }
  WorkDirectory(WorkDirectory &&other)
      : path(std::move(other.path)), isOurs(other.isOurs) {
    other.isOurs = false;
  }
  ~WorkDirectory() {
    if (isOurs)
      sys::fs::remove_directories(path);
  }
  std::string file(const Twine &name) const {
    SmallString<128> result(path);
    sys::path::append(result, name);
    return std::string(result);
  }

private:
  WorkDirectory() = default;
  SmallString<128> path;
  bool isOurs = false;
};

/// One call of the linker: its files and its options.
struct LinkJob {
  const WorkDirectory &directory;
  Architecture architecture;
  std::vector<std::string> arguments;
};
} // namespace

static bool isArm(const LinkJob &job) {
  return job.architecture == Architecture::AArch64;
}

/// lld's name of what it writes.
static const char *emulation(const LinkJob &job) {
  return isArm(job) ? "aarch64linux" : "elf_x86_64";
}

static Error writeFile(StringRef path, StringRef bytes) {
  std::error_code code;
  raw_fd_ostream stream(path, code, sys::fs::OF_None);
  if (code)
    return createStringError(code, "cannot write '%s': %s", path.str().c_str(),
                             code.message().c_str());
  stream << bytes;
  stream.close();
  if ((code = stream.error())) {
    stream.clear_error();
    return createStringError(code, "cannot write '%s': %s", path.str().c_str(),
                             code.message().c_str());
  }
  return Error::success();
}

/// lld keeps its state in globals: one call at a time, and none after a crash.
static Error runLld(const std::vector<std::string> &arguments) {
  static std::mutex mutex;
  static bool canRun = true;
  std::lock_guard<std::mutex> lock(mutex);
  if (!canRun)
    return createStringError("the linker crashed earlier in this process and "
                             "cannot be used again");
  std::vector<const char *> argv = {"ld.lld"};
  for (const std::string &argument : arguments)
    argv.push_back(argument.c_str());
  std::string out, errors;
  raw_string_ostream outStream(out), errorStream(errors);
  const lld::DriverDef drivers[] = {{lld::Gnu, &lld::elf::link}};
  lld::Result result = lld::lldMain(argv, outStream, errorStream, drivers);
  canRun = result.canRunAgain;
  if (result.retCode == 0)
    return Error::success();
  return createStringError("linking failed: %s", errors.c_str());
}

static Error addObjects(LinkJob &job, ArrayRef<StringRef> objects) {
  for (auto [index, object] : llvm::enumerate(objects)) {
    const std::string path = job.directory.file("input" + Twine(index) + ".o");
    if (Error error = writeFile(path, object))
      return error;
    job.arguments.push_back(path);
  }
  return Error::success();
}

static Error addRuntime(LinkJob &job, RuntimePart part, const Twine &name) {
  const runtime::EmbeddedObject object =
      runtime::embeddedRuntime(job.architecture, part);
  const std::string path = job.directory.file(name);
  job.arguments.push_back(path);
  return writeFile(path, StringRef(object.data, object.size));
}

/// A shared object that has the names of a system library and no code: linking
/// against it records the dependency without the library being at hand.
static Error addStub(LinkJob &job, StringRef soname,
                     ArrayRef<const char *> symbols) {
  ifs::IFSStub stub;
  stub.IfsVersion = VersionTuple(3, 0);
  stub.SoName = soname.str();
  stub.Target.Arch =
      static_cast<ifs::IFSArch>(isArm(job) ? ELF::EM_AARCH64 : ELF::EM_X86_64);
  stub.Target.BitWidth = ifs::IFSBitWidthType::IFS64;
  stub.Target.Endianness = ifs::IFSEndiannessType::Little;
  for (const char *name : symbols) {
    ifs::IFSSymbol symbol(name);
    symbol.Type = ifs::IFSSymbolType::Func;
    stub.Symbols.push_back(symbol);
  }
  llvm::sort(stub.Symbols);
  const std::string path = job.directory.file(soname);
  job.arguments.push_back(path);
  return ifs::writeBinaryStub(path, stub);
}

static Error addSystemLibraries(LinkJob &job) {
  if (Error error = addStub(job, "libc.so.6", libcSymbols()))
    return error;
  job.arguments.push_back("--as-needed");
  return addStub(job, "libm.so.6", libmSymbols());
}

std::vector<std::string> tegula::target::exportedSymbols(StringRef name) {
  std::vector<std::string> symbols;
  for (const char *suffix :
       {"_model", "_create", "_run", "_destroy", "_last_error"})
    symbols.push_back((name + suffix).str());
  return symbols;
}

/// Options of everything that a loader maps: read-only after relocation, no
/// lazy binding, no executable stack, no relocations in code.
static void addHardening(LinkJob &job) {
  for (const char *argument :
       {"-z", "now", "-z", "relro", "-z", "noexecstack", "-z", "text", "-z",
        "separate-code", "-z", "defs", "--build-id=none", "--hash-style=gnu",
        "--gc-sections", "-m", emulation(job), "-nostdlib"})
    job.arguments.push_back(argument);
}

static Error linkSharedObject(LinkJob &job, ArrayRef<StringRef> objects,
                              StringRef name, const std::string &output) {
  std::string script = "{ global: tegula_model;";
  for (const std::string &symbol : exportedSymbols(name))
    script += " " + symbol + ";";
  script += " local: *; };\n";
  const std::string scriptPath = job.directory.file("exports");
  if (Error error = writeFile(scriptPath, script))
    return error;
  job.arguments = {"-shared",
                   "-Bsymbolic",
                   "-soname",
                   (name + ".so").str(),
                   "--version-script=" + scriptPath,
                   "-o",
                   output};
  addHardening(job);
  if (Error error = addObjects(job, objects))
    return error;
  if (Error error = addRuntime(job, RuntimePart::Base, "runtime.o"))
    return error;
  if (Error error = addSystemLibraries(job))
    return error;
  return runLld(job.arguments);
}

static Error linkExecutable(LinkJob &job, ArrayRef<StringRef> objects,
                            const std::string &output) {
  const std::string loader =
      isArm(job) ? "/lib/ld-linux-aarch64.so.1" : "/lib64/ld-linux-x86-64.so.2";
  job.arguments = {"-pie", "--dynamic-linker=" + loader, "-e", "_start", "-o",
                   output};
  addHardening(job);
  if (Error error = addObjects(job, objects))
    return error;
  if (Error error = addRuntime(job, RuntimePart::Base, "runtime.o"))
    return error;
  if (Error error = addRuntime(job, RuntimePart::Program, "program.o"))
    return error;
  if (Error error = addSystemLibraries(job))
    return error;
  return runLld(job.arguments);
}

/// Makes every symbol of a relocatable file local but `kept`, so that two
/// models, each with its runtime, can be linked into one program.
static Error localizeSymbols(const std::string &input,
                             const std::string &output,
                             ArrayRef<std::string> kept) {
  Expected<object::OwningBinary<object::ObjectFile>> file =
      object::ObjectFile::createObjectFile(input);
  if (!file)
    return file.takeError();
  objcopy::ConfigManager config;
  for (const std::string &symbol : kept)
    if (Error error = config.Common.SymbolsToKeepGlobal.addMatcher(
            objcopy::NameOrPattern::create(symbol, objcopy::MatchStyle::Literal,
                                           [](Error error) { return error; })))
      return error;
  std::error_code code;
  raw_fd_ostream stream(output, code, sys::fs::OF_None);
  if (code)
    return createStringError(code, "cannot write '%s': %s", output.c_str(),
                             code.message().c_str());
  return objcopy::executeObjcopyOnBinary(config, *file->getBinary(), stream);
}

static Error linkObject(LinkJob &job, ArrayRef<StringRef> objects,
                        StringRef name, const std::string &output) {
  const std::string joined = job.directory.file("joined.o");
  job.arguments = {"-r", "-m", emulation(job), "-o", joined};
  if (Error error = addObjects(job, objects))
    return error;
  if (Error error = addRuntime(job, RuntimePart::Base, "runtime.o"))
    return error;
  if (Error error = runLld(job.arguments))
    return error;
  return localizeSymbols(joined, output, exportedSymbols(name));
}

static Error linkArchive(LinkJob &job, ArrayRef<StringRef> objects,
                         StringRef name, const std::string &output) {
  const std::string object = job.directory.file(name + ".o");
  if (Error error = linkObject(job, objects, name, object))
    return error;
  Expected<NewArchiveMember> member =
      NewArchiveMember::getFile(object, /*Deterministic=*/true);
  if (!member)
    return member.takeError();
  member->MemberName = sys::path::filename(object);
  std::vector<NewArchiveMember> members;
  members.push_back(std::move(*member));
  return writeArchive(output, members, SymtabWritingMode::NormalSymtab,
                      object::Archive::K_GNU, /*Deterministic=*/true,
                      /*Thin=*/false);
}

static Error linkKind(LinkJob &job, ArrayRef<StringRef> objects,
                      OutputKind kind, StringRef name,
                      const std::string &output) {
  switch (kind) {
  case OutputKind::SharedObject:
    return linkSharedObject(job, objects, name, output);
  case OutputKind::Object:
    return linkObject(job, objects, name, output);
  case OutputKind::Archive:
    return linkArchive(job, objects, name, output);
  case OutputKind::Executable:
    return linkExecutable(job, objects, output);
  }
  return createStringError("unknown kind of artifact");
}

/// Gives the file the permissions of its kind under the user's umask, and its
/// final name.
static Error publish(const std::string &file, const std::string &path,
                     OutputKind kind) {
  const bool isLoadable =
      kind == OutputKind::SharedObject || kind == OutputKind::Executable;
  const unsigned mode = (isLoadable ? 0777 : 0666) & ~sys::fs::getUmask();
  std::error_code code =
      sys::fs::setPermissions(file, static_cast<sys::fs::perms>(mode));
  if (!code)
    code = sys::fs::rename(file, path);
  if (!code)
    return Error::success();
  sys::fs::remove(file);
  return createStringError(code, "cannot write '%s': %s", path.c_str(),
                           code.message().c_str());
}

Error tegula::target::linkArtifact(ArrayRef<StringRef> objects, OutputKind kind,
                                   const LinkOptions &options,
                                   StringRef outputPath) {
  // A copy: lld resets every cl::opt of the process to its default.
  const std::string path = outputPath.str();
  if (Error error = checkWeights(options.weights))
    return error;
  Expected<WorkDirectory> directory =
      WorkDirectory::create(options.workDirectory);
  if (!directory)
    return directory.takeError();
  // Beside the final place, so that the rename stays in one file system.
  SmallString<128> unfinished;
  int descriptor;
  if (std::error_code code = sys::fs::createUniqueFile(path + ".%%%%%%.tmp",
                                                       descriptor, unfinished))
    return createStringError(code, "cannot write '%s': %s", path.c_str(),
                             code.message().c_str());
  sys::fs::file_t handle = descriptor;
  sys::fs::closeFile(handle);
  LinkJob job{*directory, options.architecture, {}};
  const SmallVector<char, 0> placeholder =
      makePlaceholder(options.weights.size, options.architecture);
  SmallVector<StringRef> all(objects);
  all.push_back(StringRef(placeholder.data(), placeholder.size()));
  auto addPart = [&](RuntimePart part) {
    const runtime::EmbeddedObject object =
        runtime::embeddedRuntime(options.architecture, part);
    all.push_back(StringRef(object.data, object.size));
  };
  // A reference to the weights keeps them: small ones gain nothing.
  constexpr uint64_t kLargeWeights = 4 << 20;
  if (options.withGpu)
    addPart(RuntimePart::Gpu);
  else if (options.weights.size >= kLargeWeights)
    addPart(RuntimePart::Weights);
  Error error = linkKind(job, all, kind, options.name, std::string(unfinished));
  if (!error)
    error = appendWeights(std::string(unfinished), options.weights);
  if (error) {
    sys::fs::remove(unfinished);
    return error;
  }
  return publish(std::string(unfinished), path, kind);
}
