//===- EmitManifest.cpp - The manifest and the typed functions -----------===//

#include "tegula/Machine/CpuFeatures.h"
#include "tegula/Runtime/Abi.h"
#include "tegula/Target/CPU/Link.h"
#include "tegula/Target/CPU/Signature.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"

using namespace llvm;
using namespace tegula;
using namespace tegula::target;

namespace {
/// Where the caller wants to know about an output of unknown size.
struct DynamicOutput {
  size_t index;
  Value *data, *shape, *rank; // `rank` only if it is unknown, too.
};

/// Builds the module. The struct types are those of Abi.h, field by field.
class ManifestBuilder {
public:
  ManifestBuilder(LLVMContext &context, const ArtifactSignature &signature);

  /// tegula_manifest and what it points to.
  void emitManifest(StringRef cpuFeatures);
  /// The functions that the generated header declares.
  void emitTypedFunctions();

  std::unique_ptr<Module> module;

private:
  Constant *text(StringRef bytes);
  Constant *numbers(ArrayRef<int64_t> values);
  Constant *tensors(const std::vector<TensorSignature> &signatures);
  Constant *i32(int64_t value) { return builder.getInt32(value); }
  Constant *i64(int64_t value) { return builder.getInt64(value); }
  Constant *null() { return ConstantPointerNull::get(pointer); }

  Function *begin(StringRef suffix, Type *result, ArrayRef<Type *> arguments);
  Value *loadModelField(unsigned field);
  void emitModel();
  void emitCreate();
  void emitRun();
  void emitForward(StringRef suffix, Type *result, unsigned field);
  SmallVector<Type *> runArgumentTypes();
  /// An array of TegulaTensor on the stack; `next` walks over the arguments.
  Value *storeInputs(Argument *&next);
  Value *storeOutputs(Argument *&next, SmallVectorImpl<DynamicOutput> &dynamic);
  void storeTensor(Value *tensor, ArrayRef<Value *> fields);
  void copyShape(Value *tensor, Value *shape, Value *rankPointer,
                 const TensorSignature &signature);

  const ArtifactSignature &signature;
  std::string name;
  IRBuilder<> builder;
  PointerType *pointer;
  StructType *tensorInfoType, *tensorType, *modelType, *manifestType;
};

/// Field numbers of TegulaModel.
enum ModelField { Create = 3, Run = 4, Destroy = 5, LastError = 6 };
/// Field numbers of TegulaTensor.
enum TensorField { Data, Bytes, Dtype, Rank, Shape, Strides };
} // namespace

// The struct types below are written field by field.
static_assert(sizeof(TegulaTensor) == 40 && sizeof(TegulaTensorInfo) == 32 &&
                  sizeof(TegulaModel) == 64 && sizeof(TegulaManifest) == 88,
              "Abi.h changed: change the struct types here, too");

ManifestBuilder::ManifestBuilder(LLVMContext &context,
                                 const ArtifactSignature &signature)
    : module(std::make_unique<Module>("manifest", context)),
      signature(signature), name(sanitizeIdentifier(signature.name)),
      builder(context), pointer(builder.getPtrTy()) {
  Type *word = builder.getInt32Ty(), *wide = builder.getInt64Ty();
  tensorInfoType =
      StructType::get(context, {pointer, word, word, pointer, pointer});
  tensorType =
      StructType::get(context, {pointer, wide, word, word, pointer, pointer});
  modelType = StructType::get(context, {word, word, pointer, pointer, pointer,
                                        pointer, pointer, pointer});
  manifestType =
      StructType::get(context, {word, word, pointer, wide, pointer, wide,
                                pointer, wide, wide, wide, pointer, pointer});
}

/// A constant of this module only.
static GlobalVariable *privateConstant(Module &module, Constant *value) {
  auto *global =
      new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                         GlobalValue::PrivateLinkage, value);
  global->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
  return global;
}

Constant *ManifestBuilder::text(StringRef bytes) {
  return privateConstant(
      *module, ConstantDataArray::getString(module->getContext(), bytes));
}

Constant *ManifestBuilder::numbers(ArrayRef<int64_t> values) {
  if (values.empty())
    return null();
  SmallVector<uint64_t> words(values.begin(), values.end());
  return privateConstant(*module,
                         ConstantDataArray::get(module->getContext(), words));
}

Constant *
ManifestBuilder::tensors(const std::vector<TensorSignature> &signatures) {
  SmallVector<Constant *> infos;
  for (const TensorSignature &tensor : signatures) {
    SmallVector<Constant *> dimNames;
    for (size_t i = 0; i < tensor.dims.size(); ++i)
      dimNames.push_back(
          text(i < tensor.dimNames.size() ? tensor.dimNames[i] : ""));
    Constant *namesPointer =
        dimNames.empty()
            ? null()
            : privateConstant(
                  *module,
                  ConstantArray::get(ArrayType::get(pointer, dimNames.size()),
                                     dimNames));
    const int64_t rank = tensor.isRanked ? tensor.dims.size() : -1;
    infos.push_back(ConstantStruct::get(
        tensorInfoType, {text(tensor.name), i32(tensor.dtype), i32(rank),
                         numbers(tensor.dims), namesPointer}));
  }
  if (infos.empty())
    return null();
  return privateConstant(
      *module,
      ConstantArray::get(ArrayType::get(tensorInfoType, infos.size()), infos));
}

void ManifestBuilder::emitManifest(StringRef cpuFeatures) {
  Constant *manifest = ConstantStruct::get(
      manifestType, {i32(TEGULA_ABI_VERSION), i32(sizeof(TegulaManifest)),
                     text(name), i64(signature.inputs.size()),
                     tensors(signature.inputs), i64(signature.outputs.size()),
                     tensors(signature.outputs), i64(signature.arenaBytes),
                     i64(signature.numSlots), i64(signature.weightBytes),
                     text(cpuFeatures), text(signature.provenance)});
  auto *global = new GlobalVariable(*module, manifestType, /*isConstant=*/true,
                                    GlobalValue::ExternalLinkage, manifest,
                                    "tegula_manifest");
  global->setVisibility(GlobalValue::HiddenVisibility);
  global->setAlignment(Align(8));
}

Function *ManifestBuilder::begin(StringRef suffix, Type *result,
                                 ArrayRef<Type *> arguments) {
  auto *function =
      Function::Create(FunctionType::get(result, arguments, false),
                       GlobalValue::ExternalLinkage, name + suffix, *module);
  builder.SetInsertPoint(
      BasicBlock::Create(module->getContext(), "", function));
  return function;
}

/// The function pointer in a field of the model.
Value *ManifestBuilder::loadModelField(unsigned field) {
  FunctionCallee getModel =
      module->getOrInsertFunction("tegula_model", pointer);
  Value *model = builder.CreateCall(getModel);
  return builder.CreateLoad(pointer,
                            builder.CreateStructGEP(modelType, model, field));
}

void ManifestBuilder::emitModel() {
  begin("_model", pointer, {});
  builder.CreateRet(
      builder.CreateCall(module->getOrInsertFunction("tegula_model", pointer)));
}

/// int32_t <name>_create(int32_t num_threads, <name>_context **context)
void ManifestBuilder::emitCreate() {
  Type *word = builder.getInt32Ty();
  Function *function = begin("_create", word, {word, pointer});
  Type *options = ArrayType::get(builder.getInt8Ty(), sizeof(TegulaOptions));
  AllocaInst *memory = builder.CreateAlloca(options);
  memory->setAlignment(Align(8));
  builder.CreateMemSet(memory, builder.getInt8(0), sizeof(TegulaOptions),
                       Align(8));
  builder.CreateStore(i32(sizeof(TegulaOptions)), memory);
  builder.CreateStore(
      function->getArg(0),
      builder.CreateConstGEP1_64(builder.getInt8Ty(), memory,
                                 offsetof(TegulaOptions, num_threads)));
  auto *type = FunctionType::get(word, {pointer, pointer}, false);
  builder.CreateRet(builder.CreateCall(type, loadModelField(ModelField::Create),
                                       {memory, function->getArg(1)}));
}

/// `result <name><suffix>(<name>_context *)`, which the model does.
void ManifestBuilder::emitForward(StringRef suffix, Type *result,
                                  unsigned field) {
  Function *function = begin(suffix, result, {pointer});
  auto *type = FunctionType::get(result, {pointer}, false);
  Value *call =
      builder.CreateCall(type, loadModelField(field), {function->getArg(0)});
  if (result->isVoidTy())
    builder.CreateRetVoid();
  else
    builder.CreateRet(call);
}

void ManifestBuilder::storeTensor(Value *tensor, ArrayRef<Value *> fields) {
  for (auto [index, value] : llvm::enumerate(fields))
    builder.CreateStore(value,
                        builder.CreateStructGEP(tensorType, tensor, index));
}

/// Hands the caller the sizes of a dynamic output.
void ManifestBuilder::copyShape(Value *tensor, Value *shape, Value *rankPointer,
                                const TensorSignature &signature) {
  Value *bytes = i64(8 * signature.dims.size());
  if (rankPointer) {
    Value *rank = builder.CreateSExt(
        builder.CreateLoad(
            builder.getInt32Ty(),
            builder.CreateStructGEP(tensorType, tensor, TensorField::Rank)),
        builder.getInt64Ty());
    builder.CreateStore(rank, rankPointer);
    bytes = builder.CreateShl(rank, 3);
  }
  Value *source = builder.CreateLoad(
      pointer, builder.CreateStructGEP(tensorType, tensor, TensorField::Shape));
  builder.CreateMemCpy(shape, Align(8), source, Align(8), bytes);
}

SmallVector<Type *> ManifestBuilder::runArgumentTypes() {
  Type *wide = builder.getInt64Ty();
  SmallVector<Type *> types = {pointer};
  for (const TensorSignature &input : signature.inputs) {
    types.push_back(pointer);
    if (!input.isRanked)
      types.push_back(wide);
    if (isDynamic(input))
      types.push_back(pointer);
  }
  for (const TensorSignature &output : signature.outputs) {
    types.push_back(pointer);
    if (isDynamic(output))
      types.append({wide, pointer});
    if (!output.isRanked)
      types.push_back(pointer);
  }
  return types;
}

Value *ManifestBuilder::storeInputs(Argument *&next) {
  Value *inputs =
      builder.CreateAlloca(ArrayType::get(tensorType, signature.inputs.size()));
  for (auto [index, input] : llvm::enumerate(signature.inputs)) {
    Value *data = next++;
    Value *rank = i32(input.dims.size());
    if (!input.isRanked)
      rank = builder.CreateTrunc(next++, builder.getInt32Ty());
    Value *shape = numbers(input.dims);
    if (isDynamic(input))
      shape = next++;
    storeTensor(builder.CreateConstGEP1_64(tensorType, inputs, index),
                {data, i64(0), i32(input.dtype), rank, shape, null()});
  }
  return inputs;
}

Value *ManifestBuilder::storeOutputs(Argument *&next,
                                     SmallVectorImpl<DynamicOutput> &dynamic) {
  Value *outputs = builder.CreateAlloca(
      ArrayType::get(tensorType, signature.outputs.size()));
  for (auto [index, output] : llvm::enumerate(signature.outputs)) {
    Value *data = next++;
    Value *bytes = i64(staticBytes(output));
    if (isDynamic(output)) {
      DynamicOutput results = {index, data, nullptr, nullptr};
      data = builder.CreateLoad(pointer, data);
      bytes = builder.CreateMul(next++, i64(dtypeBytes(output.dtype)));
      results.shape = next++;
      if (!output.isRanked)
        results.rank = next++;
      dynamic.push_back(results);
    }
    storeTensor(builder.CreateConstGEP1_64(tensorType, outputs, index),
                {data, bytes, i32(0), i32(0), null(), null()});
  }
  return outputs;
}

/// int32_t <name>_run(context, inputs..., outputs...); see EmitHeader.cpp for
/// the arguments of each tensor.
void ManifestBuilder::emitRun() {
  Type *word = builder.getInt32Ty(), *wide = builder.getInt64Ty();
  Function *function = begin("_run", word, runArgumentTypes());
  Argument *next = function->arg_begin() + 1;
  Value *inputs = storeInputs(next);
  SmallVector<DynamicOutput> dynamicOutputs;
  Value *outputs = storeOutputs(next, dynamicOutputs);
  auto *runType =
      FunctionType::get(word, {pointer, pointer, wide, pointer, wide}, false);
  Value *status = builder.CreateCall(runType, loadModelField(ModelField::Run),
                                     {function->getArg(0), inputs,
                                      i64(signature.inputs.size()), outputs,
                                      i64(signature.outputs.size())});
  auto *success = BasicBlock::Create(module->getContext(), "success", function);
  auto *exit = BasicBlock::Create(module->getContext(), "exit", function);
  builder.CreateCondBr(builder.CreateICmpEQ(status, i32(TEGULA_OK)), success,
                       exit);
  builder.SetInsertPoint(success);
  for (const DynamicOutput &output : dynamicOutputs) {
    Value *tensor =
        builder.CreateConstGEP1_64(tensorType, outputs, output.index);
    builder.CreateStore(
        builder.CreateLoad(pointer, builder.CreateStructGEP(tensorType, tensor,
                                                            TensorField::Data)),
        output.data);
    copyShape(tensor, output.shape, output.rank,
              signature.outputs[output.index]);
  }
  builder.CreateBr(exit);
  builder.SetInsertPoint(exit);
  builder.CreateRet(status);
}

void ManifestBuilder::emitTypedFunctions() {
  emitModel();
  emitCreate();
  emitRun();
  emitForward("_destroy", builder.getVoidTy(), ModelField::Destroy);
  emitForward("_last_error", pointer, ModelField::LastError);
}

Expected<std::string>
tegula::target::requiredCpuFeatures(const EmitOptions &options) {
  Expected<std::unique_ptr<TargetMachine>> machine =
      createTargetMachine(options);
  if (!machine)
    return machine.takeError();
  std::string result;
  const auto architecture = (*machine)->getTargetTriple().isAArch64()
                                ? machine::Architecture::AArch64
                                : machine::Architecture::X86_64;
  const MCSubtargetInfo *info = (*machine)->getMCSubtargetInfo();
  for (size_t i = 0; const char *name = cpuFeatureName(architecture, i); ++i)
    if (info->checkFeatures(std::string("+") + name))
      result += (result.empty() ? "" : ",") + std::string(name);
  return result;
}

Expected<SmallVector<char, 0>>
tegula::target::emitManifest(const ArtifactSignature &signature,
                             const EmitOptions &options) {
  if (Error error = checkSignature(signature))
    return std::move(error);
  Expected<std::string> features = requiredCpuFeatures(options);
  if (!features)
    return features.takeError();
  LLVMContext context;
  ManifestBuilder builder(context, signature);
  builder.emitManifest(*features);
  builder.emitTypedFunctions();
  // This code runs before the processor is known to have the features.
  EmitOptions baseline = options;
  baseline.cpu = "";
  baseline.features = "";
  baseline.optLevel = 1;
  return emitObject(*builder.module, baseline);
}
