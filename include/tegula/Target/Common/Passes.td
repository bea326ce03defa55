//===- Passes.td - Passes that every target uses -----------*- tablegen -*-===//

#ifndef TEGULA_TARGET_COMMON_PASSES
#define TEGULA_TARGET_COMMON_PASSES

include "mlir/Pass/PassBase.td"

def ExpandMathPass : Pass<"tegula-target-expand-math"> {
  let summary = "Elementary functions become plain arithmetic";
  let description = [{
    Rewrites elementary functions of the math dialect, on scalars and on vectors
    of any shape, into arith operations: polynomials with a range reduction, free
    of branches, within 2 units in the last place in f32. NaN, infinities, -0
    and subnormals give what NumPy gives. f16 and bf16 are computed in f32. In
    f64, functions that are not expanded stay calls into the C library, and
    vectors of them become scalars. Rounding functions, sqrt, absf, copysign,
    fma, fpowi and ipowi are left to upstream's lowering. Tensors are left alone.

    Before:

    ```mlir
    %y = math.exp2 %x : vector<8xf32>
    ```

    After:

    ```mlir
    %0 = arith.addf %clamped, %rounder : vector<8xf32>
    %1 = arith.subf %0, %rounder : vector<8xf32>
    %r = arith.subf %clamped, %1 : vector<8xf32>
    ... // p(r), then two multiplications by powers of two built from %0's bits
    ```
  }];
  let dependentDialects = [
    "mlir::arith::ArithDialect",
    "mlir::math::MathDialect",
    "mlir::vector::VectorDialect"
  ];
  let options = [
    Option<"useFma", "use-fma", "bool", /*default=*/"true",
           "Use math.fma. Turn off for targets without such an instruction, "
           "where it becomes a call; results stay within 2 ULP">
  ];
}

def LowerEntryPass : Pass<"tegula-target-lower-entry", "::mlir::ModuleOp"> {
  let summary = "Give the entry function the runtime's calling convention";
  let description = [{
    Expects the function without structured control flow and with planned
    buffers (tegula-tile-plan-arena). Inputs are read from arrays of pointers,
    buffers come from the runtime, kernels are called with one array of 8-byte
    slots, and every failure returns a status.

    ```mlir
    func.func @main(%x: memref<?x4xf32>) -> memref<?x4xf32>
    // becomes
    func.func @tegula_entry(%ctx: !llvm.ptr, %inputs: !llvm.ptr, %shapes: !llvm.ptr) -> i32
    ```
  }];
  let options = [
    Option<"entry", "entry", "std::string", /*default=*/"\"main\"",
           "Name of the entry function">,
    Option<"onDevice", "on-device", "bool", /*default=*/"false",
           "Buffers are memory of a GPU">,
    Option<"profile", "profile", "bool", /*default=*/"false",
           "Tell the runtime when kernels begin and end">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::cf::ControlFlowDialect",
                           "::mlir::func::FuncDialect",
                           "::mlir::LLVM::LLVMDialect",
                           "::mlir::memref::MemRefDialect"];
}

def LowerKernelPass : Pass<"tegula-target-lower-kernel", "::mlir::ModuleOp"> {
  let summary = "Give a kernel function the calling convention of graph.call";
  let description = [{
    The kernel reads its arguments from an array of 8-byte slots: the context,
    then for each argument its pointer and its dynamic sizes, or the scalar.
    Kernels with a parallel loop hand it to the runtime.

    ```mlir
    func.func @k(%a: memref<?xf32>, %begin: index, %end: index)
    func.func @k_tasks(%a: memref<?xf32>) -> index
    // becomes
    func.func @k(%slots: !llvm.ptr) -> i32
    func.func private @k_range(%slots: !llvm.ptr, %begin: i64, %end: i64)
    func.func private @k_body(%a: !llvm.ptr {llvm.noalias}, %size: index, %begin: index, %end: index)
    ```
  }];
  let options = [
    Option<"onDevice", "on-device", "bool", /*default=*/"false",
           "Buffers are memory of a GPU">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::cf::ControlFlowDialect",
                           "::mlir::func::FuncDialect",
                           "::mlir::LLVM::LLVMDialect",
                           "::mlir::memref::MemRefDialect"];
}

def ConvertToLLVMPass
    : Pass<"tegula-target-convert-to-llvm", "::mlir::ModuleOp"> {
  let summary = "Convert everything but nested modules to the LLVM dialect";
  let description = [{
    One conversion over all upstream patterns: affine, arith, cf, func, index,
    math, memref, ub, vector. Math functions that have no instruction become
    calls of libm.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::affine::AffineDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::vector::VectorDialect"];
}

#endif // TEGULA_TARGET_COMMON_PASSES
