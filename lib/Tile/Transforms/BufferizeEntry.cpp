//===- BufferizeEntry.cpp - The entry function on buffers -----------------===//

#include "tegula/Graph/IR/Graph.h"
#include "tegula/Tile/Transforms/Passes.h"

#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"

namespace tegula::tile {
#define GEN_PASS_DEF_BUFFERIZEENTRYPASS
#include "tegula/Tile/Transforms/Passes.h.inc"
} // namespace tegula::tile

using namespace mlir;
using namespace mlir::bufferization;
using tegula::graph::CallOp;

namespace {

/// graph.call reads its inputs and overwrites its outputs; all buffers are
/// dense and row-major.
struct CallModel : DstBufferizableOpInterfaceExternalModel<CallModel, CallOp> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &state) const {
    return !cast<CallOp>(op).isDpsInit(&operand);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto call = cast<CallOp>(op);
    SmallVector<Value> inputs, outputs;
    for (OpOperand &operand : op->getOpOperands()) {
      Value value = operand.get();
      if (auto type = dyn_cast<RankedTensorType>(value.getType())) {
        FailureOr<Value> buffer = getBuffer(rewriter, value, options, state);
        if (failed(buffer))
          return failure();
        auto dense = MemRefType::get(type.getShape(), type.getElementType());
        if (buffer->getType() != dense)
          buffer = castOrReallocMemRefValue(rewriter, *buffer, dense, options);
        if (failed(buffer))
          return failure();
        value = *buffer;
      }
      (call.isDpsInit(&operand) ? outputs : inputs).push_back(value);
    }
    auto onBuffers = CallOp::create(rewriter, op->getLoc(), TypeRange(),
                                    call.getCalleeAttr(), inputs, outputs);
    onBuffers->setDiscardableAttrs(call->getDiscardableAttrDictionary());
    replaceOpWithBufferizedValues(rewriter, op, outputs);
    return success();
  }
};

struct BufferizeEntryPass
    : tegula::tile::impl::BufferizeEntryPassBase<BufferizeEntryPass> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func.isExternal())
      return;
    if (!func.getBody().hasOneBlock()) {
      func.emitOpError("expects one block");
      return signalPassFailure();
    }
    convertBoundary(func);
    OneShotBufferizationOptions options;
    options.allowReturnAllocsFromLoops = true;
    options.unknownTypeConverterFn = [](TensorType type, Attribute space,
                                        const BufferizationOptions &) {
      return getMemRefTypeWithStaticIdentityLayout(type, space);
    };
    BufferizationState state;
    if (failed(runOneShotBufferize(func, options, state)))
      signalPassFailure();
  }

  static Type denseBuffer(Type type) {
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      return MemRefType::get(tensor.getShape(), tensor.getElementType());
    return type;
  }

  /// Gives `func` buffers for arguments and results; its body stays on tensors.
  static void convertBoundary(func::FuncOp func) {
    OpBuilder builder = OpBuilder::atBlockBegin(&func.getBody().front());
    SmallVector<Type> inputs, results;
    for (BlockArgument argument : func.getArguments()) {
      Type type = argument.getType();
      inputs.push_back(denseBuffer(type));
      if (inputs.back() == type)
        continue;
      argument.setType(inputs.back());
      auto tensor =
          ToTensorOp::create(builder, argument.getLoc(), type, argument,
                             /*restrict=*/true);
      argument.replaceAllUsesExcept(tensor, tensor);
    }
    Operation *terminator = func.getBody().front().getTerminator();
    builder.setInsertionPoint(terminator);
    for (OpOperand &operand : terminator->getOpOperands()) {
      Type type = operand.get().getType();
      results.push_back(denseBuffer(type));
      if (results.back() != type)
        operand.set(ToBufferOp::create(builder, terminator->getLoc(),
                                       results.back(), operand.get(),
                                       /*read_only=*/true));
    }
    func.setFunctionType(builder.getFunctionType(inputs, results));
  }
};

} // namespace

void tegula::tile::registerBufferizationModels(DialectRegistry &registry) {
  registry.addExtension(
      +[](MLIRContext *context, tegula::graph::GraphDialect *) {
        CallOp::attachInterface<CallModel>(*context);
      });
}
