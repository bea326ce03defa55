//===- Passes.td - Tile-stage passes ----------------------------*- tablegen -*-===//

#ifndef TEGULA_TILE_TRANSFORMS_PASSES
#define TEGULA_TILE_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def PackStepsPass : Pass<"tegula-tile-pack-steps"> {
  let summary = "Weights of byte products as steps whose sums fit into 16 bits";
  let description = [{
    The constant columns of a contraction by lp.dot_bytes become the steps of
    lp.sum_steps, in panels of the schedule's `nr` columns and blocks of its
    `kc`. The few positions of k at which products of two weights would need
    more than 16 bits are two steps; so the products are `narrow`.

    ```mlir
    graph.kernel ins(%x, %w : tensor<4x16xi32>, tensor<16x24xi32>) ... {
      linalg.generic ins(%a, %b : ...) { ... lp.dot_bytes %q, %v, %acc : i32 }
    // becomes, for nr = 16
    graph.kernel ins(%x, %steps, %positions, %starts : tensor<4x16xi32>,
                     tensor<?x16xi32>, tensor<?xi32>, tensor<3xi32>) ... {
      %u = lp.sum_steps %s, %p, %t block(16) : ... -> tensor<16x24xi32>
      linalg.generic ins(%a, %u : ...) { ... lp.dot_bytes ... {narrow} : i32 }
    ```

    The number of steps is not part of the types: kernels that differ in nothing
    else are one.
  }];
  let dependentDialects = ["::tegula::lp::LowPrecisionDialect",
                           "::mlir::tensor::TensorDialect"];
}

def PackWeightsPass : Pass<"tegula-tile-pack-weights"> {
  let summary = "Re-lay constants out as the kernels' schedules want them";
  let description = [{
    The constant operand of a contraction becomes panels of `nr` columns, the
    filter of a convolution panels of `mr` output channels, padded with zeros;
    that of a convolution by transforms is transformed before (then the body
    has a graph.winograd_filter behind the linalg.unpack).
    The kernel takes the packed constant and unpacks it in its body: it means
    what it meant, and the lowering reads the panels in place.

    ```mlir
    graph.kernel ins(%x, %w : tensor<4x64xf32>, tensor<64x40xf32>) ... {
      linalg.matmul ins(%a, %b : ...)
    // becomes, for nr = 16
    graph.kernel ins(%x, %packed : tensor<4x64xf32>, tensor<3x64x16xf32>) ... {
      %u = linalg.unpack %b outer_dims_perm = [1, 0] inner_dims_pos = [1]
             inner_tiles = [16] into %e : tensor<3x64x16xf32> -> tensor<64x40xf32>
      linalg.matmul ins(%a, %u : ...)
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect",
                           "::tegula::graph::GraphDialect"];
}

def DecomposeWinogradFilterPass
    : Pass<"tegula-tile-decompose-winograd-filter", "::mlir::func::FuncOp"> {
  let summary = "graph.winograd_filter to linalg";
  let description = [{
    For kernels that no lowering has taken: each tap of the filter is a short
    sum over the elements of its transform.

    ```mlir
    %g = graph.winograd_filter %u : tensor<16x8x4xf32> -> tensor<8x4x3x3xf32>
    // becomes
    %g = linalg.generic ... outs(%e : tensor<8x4x3x3xf32>) {
      ... tensor.extract %u[...] ... arith.select ... linalg.yield }
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def OutlineKernelsPass
    : Pass<"tegula-tile-outline-kernels", "::mlir::ModuleOp"> {
  let summary = "Move the body of each graph.kernel to a function on buffers";
  let description = [{
    Every kernel becomes a function in a nested module of the same name, and a
    `graph.call`. Kernels whose functions have the same text share one. The
    attributes of the kernel, such as its schedule, move to the function.

    ```mlir
    module @exp_0 {
      func.func @exp_0(%a: memref<4xf32>, %o: memref<4xf32>) attributes {schedule = ..} {
        %ta = bufferization.to_tensor %a restrict : memref<4xf32> to tensor<4xf32>
        %e = tensor.empty() : tensor<4xf32>
        %r = linalg.exp ins(%ta : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
        bufferization.materialize_in_destination %r in restrict writable %o
        return
      }
    }
    ```
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::func::FuncDialect",
                           "::mlir::tensor::TensorDialect"];
}

def ExternalizeWeightsPass
    : Pass<"tegula-tile-externalize-weights", "::mlir::ModuleOp"> {
  let summary = "Replace tensor constants by offsets into the weight blob";
  let description = [{
    Each tensor constant of the entry function becomes a view of the external
    symbol `tegula_weights`, at a 64-byte aligned offset. Equal contents share
    one place. The bytes themselves are collected by `externalizeWeights`
    (Weights.h); this pass drops them and serves tests.

    ```mlir
    %c = arith.constant dense_resource<w> : tensor<64x64xf32>
    // becomes
    %w = memref.get_global @tegula_weights : memref<16384xi8>
    %v = memref.view %w[%offset][] : memref<16384xi8> to memref<64x64xf32>
    %c = bufferization.to_tensor %v restrict : memref<64x64xf32> to tensor<64x64xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::bufferization::BufferizationDialect",
                           "::mlir::memref::MemRefDialect"];
}

def BufferizeEntryPass
    : Pass<"tegula-tile-bufferize-entry", "::mlir::func::FuncOp"> {
  let summary = "Turn the entry function from tensors to buffers";
  let description = [{
    Arguments are read-only buffers, results are buffers; all are dense and
    row-major (identity layout). One-shot bufferization does the rest.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::memref::MemRefDialect"];
}

def PlaceConcatsPass : Pass<"tegula-tile-place-concats", "::mlir::ModuleOp"> {
  let summary = "Concatenations without copies: inputs lie in the result";
  let description = [{
    Where the inputs of a concatenation follow each other in its result (all
    dimensions before the joined one are 1), the kernels that compute them write
    there. An input that is something else too (an argument, a constant, part
    of another concatenation), or would not begin at a multiple of the arena's
    alignment, is copied; nothing changes if that is more than half.

    ```mlir
    %a = memref.alloc() : memref<1x64x784xf32>
    graph.call @k ins(%x : ...) outs(%a : memref<1x64x784xf32>)
    %b = memref.alloc() : memref<1x64x784xf32>
    graph.call @k ins(%y : ...) outs(%b : memref<1x64x784xf32>)
    %c = memref.alloc() : memref<1x128x784xf32>
    graph.call @concat ins(%a, %b : ...) outs(%c : memref<1x128x784xf32>)
    // becomes
    %bytes = memref.alloc() : memref<401408xi8>
    %a = memref.view %bytes[%c0][] : ... to memref<1x64x784xf32>
    graph.call @k ins(%x : ...) outs(%a : memref<1x64x784xf32>)
    %b = memref.view %bytes[%c200704][] : ... to memref<1x64x784xf32>
    graph.call @k ins(%y : ...) outs(%b : memref<1x64x784xf32>)
    %c = memref.view %bytes[%c0][] : ... to memref<1x128x784xf32>
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect"];
}

def PlanArenaPass : Pass<"tegula-tile-plan-arena", "::mlir::ModuleOp"> {
  let summary = "Give every buffer of the entry function a place";
  let description = [{
    Annotates each `memref.alloc` of the entry function with one of

    - `tegula.output = i`: it is result number i (the first result that is an
      allocation of the entry block; other results are copied);
    - `tegula.offset = n`: at byte n of the arena (static size); buffers with
      disjoint live ranges share bytes, by best fit, largest first;
    - `tegula.slot = n`: the growable buffer number n (dynamic size);
    - `tegula.heap`: allocated by the runtime and freed at the end of the run
      (it leaves the loop iteration that allocates it).

    The function gets `tegula.arena_bytes` and `tegula.slots`. Kernels that take
    a scratch buffer after their outputs are given one.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

def LowerLoopsPass : Pass<"tegula-tile-lower-loops", "::mlir::func::FuncOp"> {
  let summary = "Lower a kernel function to plain loops (the generic family)";
  let description = [{
    The fallback for every kernel that no other family lowering takes, and the
    only one at -O0. The body is bufferized in one shot, each linalg op becomes
    a loop nest, and the leading parallel loops that all of them share become
    one `scf.forall`.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect",
                           "::mlir::bufferization::BufferizationDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect"];
}

def PlaceTemporariesPass
    : Pass<"tegula-tile-place-temporaries", "::mlir::func::FuncOp"> {
  let summary = "Put the temporaries of a kernel on the stack or in scratch";
  let description = [{
    Static temporaries go on the stack until 64 KiB are used up; larger ones
    that live outside of the parallel loop are views of one scratch buffer, a
    new last argument. The rest stays with the runtime's allocator.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect"];
}

def LowerTasksPass : Pass<"tegula-tile-lower-tasks", "::mlir::ModuleOp"> {
  let summary = "Split the parallel loop of a kernel into tasks";
  let description = [{
    ```mlir
    func.func @k(%a: memref<8xf32>) {
      scf.forall (%i) in (%n) { .. }
    }
    // becomes
    func.func @k(%a: memref<8xf32>, %begin: index, %end: index) {
      scf.for %i = %begin to %end step %c1 { .. }
    }
    func.func @k_tasks(%a: memref<8xf32>) -> index { return %n : index }
    ```

    A kernel without a parallel loop is left as it is.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::func::FuncDialect",
                           "::mlir::scf::SCFDialect"];
}

#endif // TEGULA_TILE_TRANSFORMS_PASSES
