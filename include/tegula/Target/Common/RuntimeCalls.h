//===- RuntimeCalls.h - Calls of the runtime, and its buffers ---*- C++ -*-===//

#ifndef TEGULA_TARGET_COMMON_RUNTIMECALLS_H
#define TEGULA_TARGET_COMMON_RUNTIMECALLS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"

namespace tegula::target {

/// Builds calls of the runtime in one function that takes the run's context
/// and returns a status, i32. Function bodies are control-flow graphs here.
class RuntimeCalls {
public:
  RuntimeCalls(mlir::func::FuncOp func, mlir::Value context);

  /// A call of the external function `name`, which is declared if need be.
  /// Null if it returns nothing.
  mlir::Value call(mlir::OpBuilder &builder, mlir::Location loc,
                   llvm::StringRef name, mlir::TypeRange results,
                   mlir::ValueRange arguments);

  /// Returns `status` from the function at `builder`'s place if it is not 0;
  /// `builder` goes on in the block that follows.
  void returnIfFailed(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Value status);

  /// Fails the run with `code` and `message` unless `condition` holds.
  void check(mlir::OpBuilder &builder, mlir::Location loc,
             mlir::Value condition, int32_t code, llvm::StringRef message);

  /// The address of `text` with a NUL at its end.
  mlir::Value text(mlir::OpBuilder &builder, mlir::Location loc,
                   llvm::StringRef text);

  /// A buffer of `type` at the pointer `pointer`.
  static mlir::Value bufferAt(mlir::OpBuilder &builder, mlir::Location loc,
                              mlir::MemRefType type, mlir::Value pointer,
                              mlir::ValueRange dynamicSizes);

  /// The bytes of a buffer of `type`, i64; -1, which the runtime refuses, where
  /// a dynamic size is negative or the product overflows.
  static mlir::Value byteSize(mlir::OpBuilder &builder, mlir::Location loc,
                              mlir::MemRefType type,
                              mlir::ValueRange dynamicSizes);

  /// Replaces `alloc` by memory of the runtime that dies with the run; that of
  /// the GPU if `onDevice`.
  void allocateOnHeap(mlir::memref::AllocOp alloc, bool onDevice = false);

  /// Checks that `pointer`, from the runtime, is not null.
  void checkPointer(mlir::OpBuilder &builder, mlir::Location loc,
                    mlir::Value pointer);

  mlir::Value getContext() const { return context; }

private:
  /// Ends the block at `builder`; `condition` decides between what follows and
  /// a new block, in which `builder` then stands.
  mlir::Block *branchUnless(mlir::OpBuilder &builder, mlir::Location loc,
                            mlir::Value condition);

  mlir::func::FuncOp func;
  mlir::Value context;
  unsigned numTexts = 0;
};

} // namespace tegula::target

#endif // TEGULA_TARGET_COMMON_RUNTIMECALLS_H
