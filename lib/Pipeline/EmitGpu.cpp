//===- EmitGpu.cpp - Kernels of a model to device code --------------------===//

#include "EmitGpu.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "tegula/Pipeline/Pipelines.h"
#include "tegula/Target/Common/Translate.h"

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

using namespace mlir;
using namespace tegula;
using namespace tegula::pipeline;

/// All gpu.modules below `module`, in a module of their own.
static OwningOpRef<ModuleOp> takeDeviceCode(ModuleOp module) {
  OwningOpRef<ModuleOp> device = ModuleOp::create(module.getLoc());
  SmallVector<gpu::GPUModuleOp> modules;
  module.walk([&](gpu::GPUModuleOp op) { modules.push_back(op); });
  for (gpu::GPUModuleOp op : modules) {
    op->getParentOp()->removeAttr(
        gpu::GPUDialect::getContainerModuleAttrName());
    op->remove();
    device->push_back(op);
  }
  return device;
}

/// What the runtime has to know to launch the kernels of `device`.
static std::vector<target::GpuKernelRecord> recordsOf(ModuleOp device) {
  std::vector<target::GpuKernelRecord> records;
  for (auto func : device.getOps<LLVM::LLVMFuncOp>()) {
    auto threads = func->getAttrOfType<DenseI32ArrayAttr>(
        NVVM::NVVMDialect::getReqntidAttrName());
    if (!threads)
      continue;
    auto shared = func->getAttrOfType<IntegerAttr>("tegula.shared_bytes");
    int32_t maps = llvm::count_if(
        llvm::seq<unsigned>(0, func.getNumArguments()), [&](unsigned i) {
          return bool(
              func.getArgAttr(i, LLVM::LLVMDialect::getByValAttrName()));
        });
    records.push_back({func.getName().str(), int32_t(func.getNumArguments()),
                       threads[0], shared ? int32_t(shared.getInt()) : 0,
                       maps});
  }
  return records;
}

llvm::Error tegula::pipeline::compileKernels(ModuleOp module,
                                             const CompileOptions &options,
                                             GpuParts &parts) {
  OwningOpRef<ModuleOp> device = takeDeviceCode(module);
  PassManager manager(module.getContext(), ModuleOp::getOperationName());
  buildGpuPipeline(manager);
  manager.enableVerifier(options.verify);
  if (failed(manager.run(*device)))
    return llvm::createStringError("the kernels cannot be lowered for the GPU");
  parts.kernels = recordsOf(*device);
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> code =
      target::translateToLLVM(*device, context);
  if (!code)
    return llvm::createStringError("the device code could not be translated");
  llvm::Expected<std::string> ptx =
      target::emitPtx(*code, parts.gpu, options.kernelCache);
  if (!ptx)
    return ptx.takeError();
  parts.image = std::move(*ptx);
  if (options.gpuImage == GpuImage::Ptx || options.emit == Emit::PTX ||
      parts.kernels.empty())
    return llvm::Error::success();
  llvm::Expected<std::string> ptxas = target::findPtxas(options.ptxas);
  if (!ptxas)
    return ptxas.takeError();
  llvm::Expected<std::string> cubin =
      target::assemblePtx(parts.image, parts.gpu, *ptxas);
  if (!cubin)
    return cubin.takeError();
  parts.image = std::move(*cubin);
  parts.isPtx = false;
  return llvm::Error::success();
}
