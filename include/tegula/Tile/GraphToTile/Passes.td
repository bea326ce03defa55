//===- Passes.td - Passes that lower kernel functions -----*- tablegen -*-===//

#ifndef TEGULA_TILE_GRAPHTOTILE_PASSES
#define TEGULA_TILE_GRAPHTOTILE_PASSES

include "mlir/Pass/PassBase.td"

class KernelLowering<string flag> : Pass<flag, "::mlir::func::FuncOp"> {
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
    "::tegula::lp::LowPrecisionDialect", "::tegula::sched::SchedDialect"
  ];
}

def LowerContractionPass : KernelLowering<"tegula-tile-lower-contraction"> {
  let summary = "Lower #sched.contraction kernels to register tiles";
  let description = [{
    A kernel function whose schedule is `#sched.contraction` becomes one
    `scf.forall` over blocks of the result with a register-blocked inner loop.
    The elementwise operations after the contraction run on the accumulators
    before they are stored. A kernel that this lowering does not cover keeps its
    body and gets `#sched.loops`, with a remark that says why.

    ```mlir
    // before
    %m = linalg.matmul ins(%x, %y) outs(%zero) -> tensor<128x768xf32>
    // after
    scf.forall (%task) in (8) {
      scf.for %panel = ... { scf.for %row = ... {
        %acc:12 = scf.for %k = %c0 to %c768 step %c1 iter_args(...) {
          %b0 = vector.load %panels[%panel, %k, %c0] : vector<8xf32>
          %a0 = memref.load %x[%row, %k]
          %v0 = vector.broadcast %a0 : f32 to vector<8xf32>
          %f0 = vector.fma %v0, %b0, %arg0 : vector<8xf32>
    ```
  }];
}

def LowerAttentionPass : KernelLowering<"tegula-tile-lower-attention"> {
  let summary = "Lower #sched.attention kernels: two products and a softmax";
  let description = [{
    A kernel of attention becomes one `scf.forall` over tasks, each a loop over
    blocks of queries of one head. The scores of a block with all keys lie in
    scratch memory, queries in lanes; the softmax runs on them in place, and the
    second product reads them. The elementwise operations between the first
    product and the softmax, and after the second product, run on registers. A
    kernel that this lowering does not cover keeps its body and gets
    `#sched.loops`, with a remark that says why.

    ```mlir
    // before
    %s = linalg.batch_matmul ins(%q, %k) ...; %e = ... math.exp ...
    %r = linalg.batch_matmul ins(%w, %v) ...
    // after
    scf.forall (%task) in (32) {
      %scores = memref.alloc() : memref<512x48xf32>
      scf.for %block = ... {
        ... %acc:12 = scf.for %k = ... { vector.fma ... } ; vector.store
        ... arith.maximumf ; math.exp ; arith.addf : vector<8xf32>
        ... %acc:12 = scf.for %key = ... { vector.fma ... } ; arith.divf
    ```
  }];
}

def LowerFilterLanesPass : KernelLowering<"tegula-tile-lower-filter-lanes"> {
  let summary = "Lower #sched.filter_lanes kernels: convolutions of few pixels";
  let description = [{
    A convolution with packed filters and an image of known size becomes one
    `scf.forall` over blocks of pixels and filters. The rows of the register tile
    are pixels, gathered or in place, its lanes are filters. Sums lie in scratch
    memory, pixels x filters; they are turned in squares, so that the elementwise
    operations after the convolution run on vectors of pixels.

    ```mlir
    // before
    %c = linalg.conv_2d_nchw_fchw ins(%x, %w) outs(%zero)
    // after
    scf.forall (%task) in (8) {
      %sums = memref.alloc() : memref<4x49x16xf32>
      ... scf.for %k = ... { vector.load %w; vector.broadcast %x; vector.fma }
      ... vector.store %sums ... vector.transpose ... vector.store %result
    ```
  }];
}

def LowerConvolutionPass : KernelLowering<"tegula-tile-lower-convolution"> {
  let summary = "Lower #sched.convolution kernels to register tiles";
  let description = [{
    A convolution (any spatial rank, strides, dilations, groups, zero padding by
    a `tensor.pad` inside the kernel) becomes one `scf.forall` over blocks of
    output pixels. The input columns of a block are gathered into a scratch
    buffer, or read in place by pointwise convolutions; the rows of the register
    tile are filters of the packed weights. The elementwise operations after the
    convolution run on the accumulators.

    ```mlir
    // before
    %p = tensor.pad %x low[0, 0, 1, 1] high[0, 0, 1, 1] ...
    %c = linalg.conv_2d_nchw_fchw ins(%p, %w) outs(%zero)
    // after
    scf.forall (%task) in (16) {
      %columns = memref.alloc() : memref<4x288x16xf32>
      ... vector.maskedload %x ... vector.store %columns[%panel, %k, %c0]
      scf.for %f = ... { %acc:12 = scf.for %k = ... { vector.fma ... } }
    ```
  }];
}

def LowerWinogradPass : KernelLowering<"tegula-tile-lower-winograd"> {
  let summary = "Lower #sched.winograd kernels: convolutions by transforms";
  let description = [{
    A 3x3 convolution whose filter is packed as its transform becomes one
    `scf.forall` over tasks, each a loop over blocks of tiles and filters. Per
    block the tiles of the input are transformed (zero outside the image), then
    multiplied with the filters on register tiles, one product per element of a
    tile, then transformed back in registers. The elementwise operations after
    the convolution run there, on vectors of neighbouring pixels.

    ```mlir
    // before
    %u = linalg.unpack %packed ...
    %g = graph.winograd_filter %u : tensor<36x64x64xf32> -> tensor<64x64x3x3xf32>
    %c = linalg.conv_2d_nchw_fchw ins(%p, %g) outs(%zero)
    // after
    scf.forall (%task) in (8) {
      %tiles = memref.alloc() : memref<36x65x56xf32>
      scf.for %block = ... {
      ... vector.store %v, %tiles[%element, %channel, %tile]
      ... %acc:12 = scf.for %k = ... { vector.fma ... }
      ... vector.store %y, %result[...] } }
    ```
  }];
}

def LowerDepthwisePass : KernelLowering<"tegula-tile-lower-depthwise"> {
  let summary = "Lower #sched.depthwise kernels: windows without channel sums";
  let description = [{
    Depthwise convolutions and pooling become one `scf.forall` over rows of the
    result with lanes along its last dimension and the taps unrolled. Vectors
    whose window lies inside the input read it directly; at the edges the padding
    value is selected in registers.

    ```mlir
    // before
    %p = tensor.pad %x ...
    %d = linalg.generic ... [parallel x 4, reduction x 2] ins(%p, %w) { mulf, addf }
    // after
    scf.forall (%task) in (40) { ... %v = vector.load %x[...] ... vector.fma ... }
    ```
  }];
}

def LowerElementwisePass : KernelLowering<"tegula-tile-lower-elementwise"> {
  let summary = "Lower #sched.elementwise kernels to vector loops";
  let description = [{
    A kernel whose operations are all parallel becomes one `scf.forall` over
    blocks of its result. Dimensions that every access holds next to each other
    are folded into one, lanes run along the last, the rest of a row is masked.
    Bodies without a vector form run as scalars.

    ```mlir
    // before
    %r = linalg.generic ... ins(%x, %y : tensor<4x100xf32>, tensor<4x100xf32>)
    // after
    scf.forall (%task) in (1) {
      scf.for %j = %low to %end step %c8 {
        %0 = vector.load %x1d[%j] : vector<8xf32>
    ```
  }];
}

def LowerRowsPass : KernelLowering<"tegula-tile-lower-rows"> {
  let summary = "Lower #sched.rows kernels: reductions row by row";
  let description = [{
    Reductions over trailing dimensions and the elementwise operations around
    them (softmax, layer normalisation, sums) become one `scf.forall` over rows.
    A row is read once per reduction and once for the outputs; a costly value
    that several passes need (the exponentials of softmax) is kept in the
    output's row. Sums use vectors and a fixed tree.

    ```mlir
    // before
    %sum = linalg.generic ... ["parallel", "reduction"] ins(%x) outs(%zero)
    %r = linalg.generic ... ins(%x, %sum) { divf }
    // after
    scf.forall (%task) in (16) { scf.for %row = ... {
      %acc:4 = scf.for %j = ... iter_args(...) { arith.addf : vector<8xf32> }
      %sum = ... vector.shuffle ... arith.addf ... vector.extract
      scf.for %j = ... { vector.store ... } } }
    ```
  }];
}

#endif // TEGULA_TILE_GRAPHTOTILE_PASSES
