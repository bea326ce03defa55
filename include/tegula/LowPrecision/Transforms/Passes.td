//===- Passes.td - Passes over the lp dialect -------------*- tablegen -*-===//

#ifndef TEGULA_LOWPRECISION_TRANSFORMS_PASSES
#define TEGULA_LOWPRECISION_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def DecomposeDequantizePass
    : Pass<"tegula-lp-decompose-dequantize", "::mlir::func::FuncOp"> {
  let summary = "lp.dequantize to loops that read one code at a time";
  let description = [{
    For kernels that no lowering with vectors of codes has taken. Where a code
    lies is the affine expression of its layout.

    ```mlir
    %w = lp.dequantize %codes, %scales layout(...) scheme(...) : ...
    // becomes
    %w = linalg.generic ... outs(%empty : tensor<64x48xf32>) {
      %k = linalg.index 0 : index
      %n = linalg.index 1 : index
      %byte = affine.apply affine_map<(d0, d1) -> (...)>(%k, %n)
      %0 = tensor.extract %codes[%byte] : tensor<1536xi8>
      ...
    ```
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"
  ];
}

def ExpandDotPass : Pass<"tegula-lp-expand-dot"> {
  let summary = "lp.dot to the arithmetic that LLVM makes one instruction";
  let description = [{
    Products of neighbouring 16-bit lanes in 32 bits, added in pairs: what
    LLVM recognises as `vpmaddwd` and, with the sum, as `vpdpwssd`.

    ```mlir
    %sum = lp.dot %x, %y, %acc : vector<8xi32>
    // becomes
    %0 = vector.bitcast %x : vector<8xi32> to vector<16xi16>
    %1 = arith.extsi %0 : vector<16xi16> to vector<16xi32>
    ...
    %products = arith.muli %1, %3 : vector<16xi32>
    %even, %odd = vector.deinterleave %products : vector<16xi32> -> vector<8xi32>
    %pairs = arith.addi %even, %odd : vector<8xi32>
    %sum = arith.addi %acc, %pairs : vector<8xi32>
    ```
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::vector::VectorDialect"
  ];
}

#endif // TEGULA_LOWPRECISION_TRANSFORMS_PASSES
