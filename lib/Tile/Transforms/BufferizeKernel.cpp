//===- BufferizeKernel.cpp - A kernel function from tensors to buffers ----===//

#include "tegula/Tile/Transforms/BufferizeKernel.h"

#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

bool tegula::tile::isKernelOnTensors(func::FuncOp func) {
  WalkResult found = func.walk([](Operation *op) {
    return isa<bufferization::MaterializeInDestinationOp>(op)
               ? WalkResult::interrupt()
               : WalkResult::advance();
  });
  return found.wasInterrupted();
}

/// Rewrites the tensor operations that cannot be bufferized directly.
static LogicalResult decompose(func::FuncOp func) {
  SmallVector<Operation *> packs;
  bool hasConcat = false;
  func.walk([&](Operation *op) {
    hasConcat |= isa<tensor::ConcatOp>(op);
    if (isa<linalg::PackOp, linalg::UnPackOp>(op))
      packs.push_back(op);
  });
  IRRewriter rewriter(func.getContext());
  for (Operation *op : packs) {
    rewriter.setInsertionPoint(op);
    auto pack = dyn_cast<linalg::PackOp>(op);
    if (pack
            ? failed(linalg::lowerPack(rewriter, pack))
            : failed(linalg::lowerUnPack(rewriter, cast<linalg::UnPackOp>(op))))
      return op->emitOpError("cannot be lowered to loops");
  }
  if (!hasConcat)
    return success();
  RewritePatternSet patterns(func.getContext());
  tensor::populateDecomposeTensorConcatPatterns(patterns);
  return applyPatternsGreedily(func, std::move(patterns));
}

static LogicalResult bufferize(func::FuncOp func) {
  IRRewriter rewriter(func.getContext());
  if (failed(bufferization::eliminateEmptyTensors(rewriter, func)))
    return failure();
  bufferization::OneShotBufferizationOptions options;
  options.allowReturnAllocsFromLoops = true;
  options.unknownTypeConverterFn =
      [](TensorType type, Attribute space,
         const bufferization::BufferizationOptions &) {
        return bufferization::getMemRefTypeWithStaticIdentityLayout(type,
                                                                    space);
      };
  options.memCpyFn = [](OpBuilder &builder, Location loc, Value from,
                        Value to) {
    if (from != to) // The result was computed in place.
      linalg::makeMemRefCopyOp(builder, loc, from, to);
    return success();
  };
  bufferization::BufferizationState state;
  return bufferization::runOneShotBufferize(func, options, state);
}

LogicalResult tegula::tile::bufferizeKernel(func::FuncOp func) {
  return success(succeeded(decompose(func)) && succeeded(bufferize(func)));
}
