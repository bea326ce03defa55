//===- ImportModel.cpp - Reading a model, its checks and its signature ----===//

#include "Importer.h"

#include "../IR/OnnxProto.h"
#include "tegula/Frontend/IR/ShapeInference.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/Path.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace mlir;
using ::onnx::ModelProto;

namespace tegula::frontend {

/// Weights smaller than this are copied, which aligns them.
static constexpr size_t inPlaceBytes = 65536;

static LogicalResult readFile(StringRef path, const ImportLimits &limits,
                              ModelData &data, Location loc) {
  int file = ::open(path.str().c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return emitError(loc) << "cannot open '" << path
                          << "': " << strerror(errno);
  auto closer = llvm::scope_exit([&] { ::close(file); });
  struct stat status;
  if (::fstat(file, &status) != 0 || !S_ISREG(status.st_mode))
    return emitError(loc) << "'" << path << "' is not a plain file";
  if (status.st_size > limits.modelBytes)
    return emitError(loc) << "'" << path << "' has " << status.st_size
                          << " bytes; the limit is " << limits.modelBytes;
  size_t size = status.st_size;
  void *base =
      size ? ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0) : nullptr;
  if (base == MAP_FAILED)
    return emitError(loc) << "cannot map '" << path << "': " << strerror(errno);
  if (base)
    data.file = std::shared_ptr<const void>(base, [size](const void *pointer) {
      ::munmap(const_cast<void *>(pointer), size);
    });
  if (size == 0 || !parseModel(StringRef(static_cast<const char *>(base), size),
                               inPlaceBytes, data))
    return emitError(loc) << "'" << path
                          << "' is not an ONNX model: it is truncated or not "
                             "a protobuf of ModelProto";
  return success();
}

Importer::Importer(const ImportOptions &options, StringRef directory,
                   ModelData data, MLIRContext *context)
    : options(options), directory(directory), data(std::move(data)),
      model(this->data.model), owner(this->data.model), builder(context),
      unknown(UnknownLoc::get(context)) {
  context->loadDialect<onnx::OnnxDialect, func::FuncDialect>();
  if (!options.name.empty())
    unknown = NameLoc::get(builder.getStringAttr(options.name));
}

LogicalResult Importer::checkModel() {
  if (!model->has_graph())
    return emitError(unknown, "the model has no graph");
  if (model->opset_import_size() == 0)
    return emitError(unknown, "the model imports no operator set");
  if (model->functions_size() > options.limits.functions)
    return emitError(unknown)
           << "the model has " << model->functions_size()
           << " functions; the limit is " << options.limits.functions;
  llvm::StringMap<int64_t> versions;
  for (const auto &import : model->opset_import()) {
    StringRef domain = import.domain();
    if (domain == "ai.onnx")
      domain = "";
    if (domain.empty() &&
        (import.version() < 1 || import.version() > onnx::newestOpset()))
      return emitError(unknown)
             << "the model wants operator set " << import.version()
             << "; known are 1 to " << onnx::newestOpset();
    versions[domain] = import.version();
  }
  opsets.push_back(std::move(versions));
  for (const auto &function : model->functions()) {
    std::string key =
        function.domain() + ":" + function.name() + ":" + function.overload();
    if (!functions.try_emplace(key, &function).second)
      return emitError(unknown) << "function '" << key << "' is defined twice";
  }
  return success();
}

/// Every dimension fixed by an option must be one that the model has.
LogicalResult Importer::checkDims() {
  llvm::StringMap<bool> names;
  for (const auto &input : model->graph().input())
    for (const auto &dim : input.type().tensor_type().shape().dim())
      if (dim.has_dim_param())
        names[dim.dim_param()] = true;
  for (const auto &fixed : options.dims) {
    if (names.contains(fixed.getKey()))
      continue;
    InFlightDiagnostic error = emitError(unknown)
                               << "no symbolic dimension is named '"
                               << fixed.getKey() << "'; the model has";
    if (names.empty())
      return error << " none";
    SmallVector<StringRef> sorted(names.keys());
    llvm::sort(sorted);
    for (StringRef name : sorted)
      error << " '" << name << "'";
    return error;
  }
  return success();
}

Type Importer::importType(const ::onnx::TypeProto &type) {
  ::onnx::TypeProto fixed = type;
  if (fixed.has_tensor_type() && fixed.tensor_type().has_shape())
    for (auto &dim :
         *fixed.mutable_tensor_type()->mutable_shape()->mutable_dim())
      if (dim.has_dim_param())
        if (auto found = options.dims.find(dim.dim_param());
            found != options.dims.end())
          dim.set_dim_value(found->second);
  return onnx::typeFromProto(fixed, builder.getContext());
}

/// Dimension names of a value as an attribute; empty text where there is none.
static ArrayAttr dimNames(const ::onnx::ValueInfoProto &value,
                          Builder &builder) {
  SmallVector<StringRef> names;
  for (const auto &dim : value.type().tensor_type().shape().dim())
    names.push_back(dim.has_dim_param() ? StringRef(dim.dim_param()) : "");
  return builder.getStrArrayAttr(names);
}

LogicalResult
Importer::setSignature(Operation *op,
                       ArrayRef<const ::onnx::ValueInfoProto *> inputs) {
  auto function = cast<func::FuncOp>(op);
  for (auto [index, input] : llvm::enumerate(inputs)) {
    function.setArgAttr(index, "onnx.name",
                        builder.getStringAttr(input->name()));
    function.setArgAttr(index, "onnx.dims", dimNames(*input, builder));
  }
  for (auto [index, output] : llvm::enumerate(model->graph().output())) {
    function.setResultAttr(index, "onnx.name",
                           builder.getStringAttr(output.name()));
    function.setResultAttr(index, "onnx.dims", dimNames(output, builder));
  }
  return success();
}

LogicalResult Importer::importMain(ModuleOp module) {
  const ::onnx::GraphProto &graph = model->graph();
  llvm::StringMap<bool> initialized;
  for (const auto &tensor : graph.initializer())
    initialized[tensor.name()] = true;
  SmallVector<const ::onnx::ValueInfoProto *> inputs;
  SmallVector<Type> types;
  scopes.emplace_back();
  for (const auto &input : graph.input()) {
    if (initialized.contains(input.name()))
      continue; // Before IR version 4 initialisers were inputs as well.
    Type type = importType(input.type());
    if (!type)
      return emitError(unknown)
             << "input '" << input.name() << "' has no type that Tegula knows";
    Location loc = NameLoc::get(builder.getStringAttr(input.name()));
    if (failed(checkType(type, input.name(), loc)))
      return failure();
    inputs.push_back(&input);
    types.push_back(type);
  }

  builder.setInsertionPointToEnd(module.getBody());
  auto function = func::FuncOp::create(builder, unknown, "main",
                                       builder.getFunctionType(types, {}));
  Block *entry = function.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  for (auto [input, argument] : llvm::zip_equal(inputs, entry->getArguments()))
    if (!scopes.back().try_emplace(input->name(), argument).second)
      return emitError(unknown)
             << "two inputs are named '" << input->name() << "'";

  SmallVector<Value> outputs;
  if (failed(importGraphBody(graph, outputs)))
    return failure();
  func::ReturnOp::create(builder, unknown, outputs);
  function.setFunctionType(
      builder.getFunctionType(types, ValueRange(outputs).getTypes()));
  return setSignature(function, inputs);
}

OwningOpRef<ModuleOp> Importer::run() {
  OwningOpRef<ModuleOp> module = ModuleOp::create(unknown);
  if (failed(checkModel()) || failed(checkDims()) ||
      failed(importMain(*module)) || failed(verify(*module)))
    return {};
  if (!options.name.empty())
    (*module)->setAttr("onnx.model", builder.getStringAttr(options.name));
  return module;
}

OwningOpRef<ModuleOp> importModelFile(StringRef path,
                                      const ImportOptions &options,
                                      MLIRContext *context) {
  ImportOptions named = options;
  if (named.name.empty())
    named.name = llvm::sys::path::stem(path).str();
  Location loc = NameLoc::get(StringAttr::get(context, named.name));
  ModelData data;
  if (failed(readFile(path, options.limits, data, loc)))
    return {};
  StringRef directory = llvm::sys::path::parent_path(path);
  return Importer(named, directory.empty() ? "." : directory, std::move(data),
                  context)
      .run();
}

OwningOpRef<ModuleOp> importModelBytes(StringRef bytes,
                                       const ImportOptions &options,
                                       MLIRContext *context) {
  Location loc = UnknownLoc::get(context);
  ModelData data;
  if (bytes.size() >
      size_t(std::min<int64_t>(options.limits.modelBytes, INT32_MAX))) {
    emitError(loc) << "the model has " << bytes.size()
                   << " bytes; the limit is " << options.limits.modelBytes;
    return {};
  }
  // The caller's bytes may be gone before the module is: copy all of them.
  if (!parseModel(bytes, /*inPlaceBytes=*/SIZE_MAX, data)) {
    emitError(loc, "the bytes are not an ONNX model: they are truncated or "
                   "not a protobuf of ModelProto");
    return {};
  }
  return Importer(options, /*directory=*/"", std::move(data), context).run();
}

} // namespace tegula::frontend
