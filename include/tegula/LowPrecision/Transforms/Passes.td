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

def DecomposeSumStepsPass
    : Pass<"tegula-lp-decompose-sum-steps", "::mlir::func::FuncOp"> {
  let summary = "lp.sum_steps to loops over the steps of a panel";
  let description = [{
    For kernels that no lowering that walks through the steps has taken.

    ```mlir
    %w = lp.sum_steps %steps, %positions, %starts block(8) : ...
    // becomes
    %w = linalg.generic ... outs(%empty : tensor<8x32xi32>) {
      %k = linalg.index 0 : index
      ...
      %quad = scf.for %step = %low to %high ... {
        %position = tensor.extract %positions[%step] : tensor<20xi32>
        ...
    ```
  }];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect"
  ];
}

def ExpandDotPass : Pass<"tegula-lp-expand-dot"> {
  let summary = "lp.dot to the arithmetic that LLVM makes one instruction";
  let description = [{
    Also lp.dot_bytes: narrow ones to `vpmaddubsw`, in vectors of up to
    `byte-product-bits` bits, and a sum of its neighbours, to `vpdpbusd`
    (`byte-dot-bits`), or to `usdot`, `udot`
    or products of 16-bit lanes (`neon`); others to lp.dot of their even and odd
    bytes.

    Products of neighbouring 16-bit lanes in 32 bits, added in pairs: what
    LLVM recognises as `vpmaddwd` and, with the sum, as `vpdpwssd`. With `neon`
    the products of the low halves and of the high halves: `smlal`.

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
  let options = [
    Option<"byteProductBits", "byte-product-bits", "int64_t", "0",
           "widest vector of vpmaddubsw, in bits; 0: there is none">,
    Option<"byteDotBits", "byte-dot-bits", "int64_t", "0",
           "widest vector of vpdpbusd, in bits; 0: there is none">,
    Option<"neon", "neon", "std::string", "\"\"",
           "for AArch64: base, dotprod or i8mm; empty: for others">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::vector::VectorDialect"
  ];
}

#endif // TEGULA_LOWPRECISION_TRANSFORMS_PASSES
