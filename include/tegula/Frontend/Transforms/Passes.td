//===- Passes.td - Passes on the onnx dialect -----------------------------===//

#ifndef TEGULA_FRONTEND_TRANSFORMS_PASSES
#define TEGULA_FRONTEND_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def InferShapesPass : Pass<"tegula-frontend-infer-shapes",
                           "::mlir::func::FuncOp"> {
  let summary = "Refine the types of onnx values from those of the arguments";
  let description = [{
    Runs ONNX's own inference on every operation in order. A type only becomes
    more precise, but for what loops carry: that is as wide as what the first
    and every later iteration have.

    ```mlir
    func.func @main(%x: tensor<2x3xf32>) -> tensor<?x?xf32> {
      %y = "onnx.Relu"(%x) : (tensor<2x3xf32>) -> tensor<?x?xf32>
    // becomes
    func.func @main(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
      %y = "onnx.Relu"(%x) : (tensor<2x3xf32>) -> tensor<2x3xf32>
    ```
  }];
  let dependentDialects = ["::tegula::onnx::OnnxDialect"];
}

def FoldConstantsPass : Pass<"tegula-frontend-fold-constants",
                             "::mlir::func::FuncOp"> {
  let summary = "Evaluate what depends on constants and known shapes only";
  let description = [{
    In program order: types are refined as in `tegula-frontend-infer-shapes`, an
    operation whose inputs are constants is evaluated as the compiled model
    would, a shape whose extents are all known becomes a constant, and an `If`
    of a known condition gives way to its branch. Results have budgets: a small
    model cannot make the compiler compute or hold a large tensor.

    ```mlir
    %s = "onnx.Shape"(%x) : (tensor<2x3xf32>) -> tensor<2xi64>
    // becomes
    %s = onnx.Weight dense<[2, 3]> : tensor<2xi64>
    ```
  }];
  let options = [
    Option<"resultBytes", "result-bytes", "int64_t", "65536",
           "Largest result of an operation in bytes">,
    Option<"weightBytes", "weight-bytes", "int64_t", "268435456",
           "Bytes that copies of weights (transposed, converted) may have in "
           "total">
  ];
  let dependentDialects = ["::tegula::onnx::OnnxDialect"];
}

def SimplifyPass : Pass<"tegula-frontend-simplify", "::mlir::func::FuncOp"> {
  let summary = "Remove onnx operations that change nothing or are not used";
  let description = [{
    ```mlir
    %y = "onnx.Identity"(%x) : (tensor<4xf32>) -> tensor<4xf32>
    %z = "onnx.Relu"(%y) : (tensor<4xf32>) -> tensor<4xf32>
    // becomes
    %z = "onnx.Relu"(%x) : (tensor<4xf32>) -> tensor<4xf32>
    ```
  }];
  let dependentDialects = ["::tegula::onnx::OnnxDialect"];
}

def InlineFunctionsPass : Pass<"tegula-frontend-inline-functions",
                               "::mlir::func::FuncOp"> {
  let summary = "Replace operators by the function bodies that ONNX gives them";
  let description = [{
    Every operator with a body in ONNX's schemas becomes that body, but for
    those in `keep`, which have lowerings of their own.

    ```mlir
    %y = "onnx.Softsign"(%x) : (tensor<4xf32>) -> tensor<4xf32>
    // becomes
    %one = onnx.Weight dense<1.0> : tensor<1xf32>
    %a = "onnx.Abs"(%x) : (tensor<4xf32>) -> tensor<4xf32>
    %b = "onnx.Add"(%a, %one) : ...
    %y = "onnx.Div"(%x, %b) : ...
    ```
  }];
  let options = [
    ListOption<"keep", "keep", "std::string",
               "Operators that are left alone, such as Softsign">
  ];
  let dependentDialects = ["::tegula::onnx::OnnxDialect"];
}

#endif // TEGULA_FRONTEND_TRANSFORMS_PASSES
