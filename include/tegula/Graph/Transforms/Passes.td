//===- Passes.td - Graph-stage passes ---------------------------*- tablegen -*-===//

#ifndef TEGULA_GRAPH_TRANSFORMS_PASSES
#define TEGULA_GRAPH_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def ExpandGroupsPass
    : Pass<"tegula-graph-expand-groups", "::mlir::func::FuncOp"> {
  let summary = "Pad and finish grouped convolutions in their own shape";
  let description = [{
    A convolution of several groups has a dimension for the groups, which
    reshapes make before it and merge behind it. What pads its input moves behind
    the first of them, elementwise operations on its result before the other one,
    so that they become part of its kernel. By upstream's patterns.

    ```mlir
    %0 = linalg.generic {.. convolution ..} -> tensor<1x4x8x7x7xf32>
    %1 = tensor.collapse_shape %0 [[0], [1, 2], [3], [4]] .. into tensor<1x32x7x7xf32>
    %2 = linalg.generic {.. maximumf ..} ins(%1) -> tensor<1x32x7x7xf32>
    // becomes
    %0 = linalg.generic {.. convolution ..} -> tensor<1x4x8x7x7xf32>
    %1 = linalg.generic {.. maximumf ..} ins(%0) -> tensor<1x4x8x7x7xf32>
    %2 = tensor.collapse_shape %1 [[0], [1, 2], [3], [4]] .. into tensor<1x32x7x7xf32>
    ```
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def CollapseReshapesPass
    : Pass<"tegula-graph-collapse-reshapes", "::mlir::func::FuncOp"> {
  let summary = "Move reshapes away from between operations that could fuse";
  let description = [{
    Upstream's patterns that compute an elementwise operation or a reduction in
    the shape in front of an expand_shape, or behind a collapse_shape. Reshapes
    move on until they meet an operation that needs them, or each other. An
    operand that is broadcast along a part of the merged dimensions keeps the
    reshape where it is, and so does an operation that reads loop numbers. A
    reshaped constant is a constant.

    ```mlir
    %0 = linalg.matmul ins(%a, %b) outs(%e) -> tensor<8x4xf32>
    %1 = tensor.expand_shape %0 : tensor<8x4xf32> into tensor<2x4x4xf32>
    %2 = linalg.generic {.. exp ..} ins(%1) -> tensor<2x4x4xf32>
    // becomes
    %0 = linalg.matmul ins(%a, %b) outs(%e) -> tensor<8x4xf32>
    %1 = linalg.generic {.. exp ..} ins(%0) -> tensor<8x4xf32>
    %2 = tensor.expand_shape %1 : tensor<8x4xf32> into tensor<2x4x4xf32>
    ```
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::tensor::TensorDialect"];
}

def FuseElementwisePass
    : Pass<"tegula-graph-fuse-elementwise", "::mlir::func::FuncOp"> {
  let summary = "Fuse elementwise linalg.generic ops into their only consumer";
  let description = [{
    Upstream's elementwise fusion, with a control function that never computes
    an expensive body twice: a producer is fused only into its single user, and
    only where every element of the producer is read once; cheap bodies (no
    math functions, at most four operations) may be recomputed where they are
    broadcast. Reductions take in the producers of their only input.

    ```mlir
    %0 = linalg.generic {.. exp ..} ins(%x) outs(%e0)
    %1 = linalg.generic {.. add ..} ins(%0, %y) outs(%e1)
    // becomes
    %1 = linalg.generic {.. exp, add ..} ins(%x, %y) outs(%e1)
    ```
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::memref::MemRefDialect"];
}

def FoldTransposesPass
    : Pass<"tegula-graph-fold-transposes", "::mlir::func::FuncOp"> {
  let summary = "Fold transposes into the indexing maps of products";
  let description = [{
    A product reads what a transpose reads, in the other order, and writes what a
    transpose of its result writes. An elementwise operation between is done
    before the transpose instead. Operands are folded only where the last
    dimension in memory stays what it was or is the summed one, results where the
    last dimension stays: anything else would be accessed in strides.

    ```mlir
    %t = linalg.transpose ins(%k : tensor<8x64xf32>) permutation = [1, 0]
    %m = linalg.matmul ins(%q, %t) ..
    // becomes
    %m = linalg.generic {indexing_maps = [(q, t, d) -> (q, d),
                                          (q, t, d) -> (t, d), ..]} ins(%q, %k)
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def FormKernelsPass
    : Pass<"tegula-graph-form-kernels", "::mlir::func::FuncOp"> {
  let summary = "Put every operation that computes tensors into a graph.kernel";
  let description = [{
    Each block of the function, including those of scf.if, scf.for and
    scf.while, is cut into kernels. With `fuse`, a kernel is an operation
    together with the producers that only it uses: the contraction or
    convolution before an elementwise op of the same shape (epilogue), padding
    before a convolution, chains of elementwise ops, and reductions over
    trailing dimensions with the elementwise ops over the same leading ones
    (softmax, layer normalisation). With `attention`, too, a product, the softmax
    that alone reads it, and the product that alone reads that are one kernel.
    Without `fuse`, every operation is a kernel of its own. Empty tensors, fills, scalars and splats move into the kernels that
    use them.

    ```mlir
    %0 = linalg.matmul ins(%a, %b) outs(%fill)
    %1 = linalg.generic {.. max 0 ..} ins(%0) outs(%e)
    // becomes
    %1 = graph.kernel ins(%a, %b) outs(%e) {
    ^bb0(%x, %y, %z):
      %f = linalg.fill ins(%zero) outs(%empty)
      %m = linalg.matmul ins(%x, %y) outs(%f)
      %r = linalg.generic {.. max 0 ..} ins(%m) outs(%z)
      graph.yield %r
    }
    ```
  }];
  let options = [
    Option<"fuse", "fuse", "bool", /*default=*/"true",
           "Group producers with their consumers">,
    Option<"attention", "attention", "bool", /*default=*/"true",
           "With fuse: a product, its softmax and the product with it are one">
  ];
  let dependentDialects = ["::tegula::graph::GraphDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

#endif // TEGULA_GRAPH_TRANSFORMS_PASSES
