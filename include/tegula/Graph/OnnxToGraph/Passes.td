//===- Passes.td - From onnx operators to linalg on tensors ---------------===//

#ifndef TEGULA_GRAPH_ONNXTOGRAPH_PASSES
#define TEGULA_GRAPH_ONNXTOGRAPH_PASSES

include "mlir/Pass/PassBase.td"

def ConvertOnnxPass : Pass<"tegula-graph-convert-onnx", "::mlir::ModuleOp"> {
  let summary = "Lower onnx operators to linalg, tensor, arith, math, scf and graph";
  let description = [{
    One pattern per operator, one file per family in lib/Graph/OnnxToGraph.
    Element types become what memory holds: `i1` and `ui8` tensors become `i8`
    ones, and so on (ElementType.h).

    ```mlir
    %y = "onnx.Relu"(%x) : (tensor<4xf32>) -> tensor<4xf32>
    // becomes
    %e = tensor.empty() : tensor<4xf32>
    %y = linalg.generic {...} ins(%x) outs(%e) {
      %0 = arith.maximumf %in, %zero : f32
      linalg.yield %0 : f32
    }
    ```

    What cannot be lowered is reported all at once, one error per operator with
    the reason of the pattern that refused it.
  }];
  let options = [
    Option<"exactByteDots", "exact-byte-dots", "bool", "false",
           "the target sums products of four bytes exactly">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect", "::tegula::graph::GraphDialect",
    "::tegula::lp::LowPrecisionDialect"
  ];
}

def UseIntegerProductsPass
    : Pass<"tegula-graph-use-integer-products", "::mlir::func::FuncOp"> {
  let summary = "Products of dequantised tensors as products of integers";
  let description = [{
    Conv, MatMul and Gemm of an 8-bit tensor with one scale and constant 8-bit
    weights with a scale for each output column or filter: the integers less
    their zero points are multiplied and summed exactly, the sum is scaled. The
    scales of a sum are the same for all its terms, so that only roundings
    change.

    ```mlir
    %a = "onnx.DequantizeLinear"(%x, %xs, %xz)
    %b = "onnx.DequantizeLinear"(%w, %ws, %wz)
    %y = "onnx.MatMul"(%a, %b)
    // becomes
    %i = "onnx.MatMulInteger"(%x, %w, %xz, %wz)
    %f = "onnx.Cast"(%i)
    %y = "onnx.Mul"(%f, %scales)     // %scales = %xs * %ws, a constant
    ```
  }];
}

#endif // TEGULA_GRAPH_ONNXTOGRAPH_PASSES
