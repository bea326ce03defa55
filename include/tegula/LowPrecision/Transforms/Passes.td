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

#endif // TEGULA_LOWPRECISION_TRANSFORMS_PASSES
