//===- Sched.td - The sched dialect: schedules as attributes --*- tablegen -*-===//

#ifndef TEGULA_SCHEDULE_IR_SCHED
#define TEGULA_SCHEDULE_IR_SCHED

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/DialectBase.td"

def SchedDialect : Dialect {
  let name = "sched";
  let summary = "How a kernel is to be executed: attributes only.";
  let description = [{
    One attribute `schedule = #sched.<family><...>` sits on every kernel. One
    pass writes it; the family's lowering obeys it and decides nothing itself.

    `numerics` names the numerics class: the order in which sums are formed and
    whether multiply-add is fused. Two schedules of one family and one class
    give the same bits. The other parameters never change a result.
  }];
  let cppNamespace = "::tegula::sched";
  let useDefaultAttributePrinterParser = 1;
}

class SchedAttr<string name, string keyword>
    : AttrDef<SchedDialect, name> {
  let mnemonic = keyword;
  let assemblyFormat = "`<` struct(params) `>`";
}

def ContractionAttr : SchedAttr<"Contraction", "contraction"> {
  let summary = "Matrix-multiplication-like kernel on register tiles.";
  let description = [{
    Per task, an `mc` x `nc` block of the output; inside it K in blocks of
    `kc` (the output is revisited), the B panel of `nr` columns in L1, and an
    `mr` x `nr` tile of accumulators in registers of `vl` lanes.

    ```mlir
    #sched.contraction<mr = 6, nr = 16, vl = 8, kc = 256, mc = 120, nc = 256,
                       pack_columns = false, streams = 1, numerics = "fma">
    ```
    A constant B is packed as [N/w][K][w] with `w = nr / streams`: a tile reads
    `streams` panels side by side, since several sequences of addresses keep
    more of the memory busy than one.
    Numerics: `fma` or `mul-add`; K in order, one chain per element.
  }];
  let parameters = (ins "int64_t":$mr, "int64_t":$nr, "int64_t":$vl,
      "int64_t":$kc, "int64_t":$mc, "int64_t":$nc, "bool":$pack_columns,
      "int64_t":$streams, StringRefParameter<>:$numerics);
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Columns that lie together in a packed constant.
    int64_t packedColumns() const { return getNr() / getStreams(); }
  }];
}

def ConvolutionAttr : SchedAttr<"Convolution", "convolution"> {
  let summary = "Convolution as an implicit matrix multiplication.";
  let description = [{
    Rows of the register tile are `mr` output channels (weights packed
    [F/mr][K][mr]), columns `nr` output pixels gathered on the fly. A task is
    `nb` panels of `nr` pixels, times `fc` output channels; K in blocks of `kc`.
    `in_place` reads the columns from the input instead of gathering them
    (1x1 kernels of stride 1 without padding only).
  }];
  let parameters = (ins "int64_t":$mr, "int64_t":$nr, "int64_t":$vl,
      "int64_t":$kc, "int64_t":$nb, "int64_t":$fc, "bool":$in_place,
      StringRefParameter<>:$numerics);
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Positions of k in a block, whole channels, for filters of this shape:
    /// channels and taps.
    int64_t positionsOfBlock(::llvm::ArrayRef<int64_t> filter) const;
  }];
}

def FilterLanesAttr : SchedAttr<"FilterLanes", "filter_lanes"> {
  let summary = "Convolution as an implicit product, for images of few pixels.";
  let description = [{
    Rows of the register tile are `mr` output pixels, lanes `nr` filters: nothing
    is idle where pixels do not fill vectors. A task is `np` pixels times `fc`
    filters. Its sums lie in scratch memory as pixels x filters until all blocks
    of `kc` positions of k are added, and are then turned. Filters are packed
    [F/nr][K][nr]. `in_place` reads the pixels from the input instead of
    gathering them (pointwise convolutions only).

    ```mlir
    #sched.filter_lanes<mr = 5, nr = 16, vl = 8, kc = 256, np = 49, fc = 64,
                        in_place = true, numerics = "fma">
    ```
    Numerics: `fma` or `mul-add`, the same classes as #sched.convolution.
  }];
  let parameters = (ins "int64_t":$mr, "int64_t":$nr, "int64_t":$vl,
      "int64_t":$kc, "int64_t":$np, "int64_t":$fc, "bool":$in_place,
      StringRefParameter<>:$numerics);
  let genVerifyDecl = 1;
}

def WinogradAttr : SchedAttr<"Winograd", "winograd"> {
  let summary = "3x3 convolution of stride 1 by Winograd transforms.";
  let description = [{
    The image is cut into tiles of `results` x `results` pixels. A block is
    `rows` rows of tiles times `fc` filters: its input tiles are transformed,
    multiplied by the transformed filters (one product per element of a tile, on
    a register tile of `mr` filters x `nr` tiles), and transformed back. `tasks`
    tasks share the blocks evenly; each has its own scratch memory.

    ```mlir
    #sched.winograd<results = 4, mr = 6, nr = 16, vl = 8, rows = 4, fc = 64,
                    tasks = 8, numerics = "winograd4-fma">
    ```
    Numerics: `winograd<results>-` and `fma` or `mul-add`; channels in order, one
    chain per element.
  }];
  let parameters = (ins "int64_t":$results, "int64_t":$mr, "int64_t":$nr,
      "int64_t":$vl, "int64_t":$rows, "int64_t":$fc, "int64_t":$tasks,
      StringRefParameter<>:$numerics);
  let genVerifyDecl = 1;
}

def AttentionAttr : SchedAttr<"Attention", "attention"> {
  let summary = "Two products and the softmax between them, in one kernel.";
  let description = [{
    A block is `mq` queries of one head (batch): their scores with all keys lie in
    scratch memory, a row of `mq` lanes per key, until the second product has
    read them. Scores are computed on register tiles of `mr` keys x `nr` queries,
    results on tiles of `mr` queries x `nr` columns, `kc` keys at a time. `tasks`
    tasks share the blocks evenly; each has its own scratch memory.

    ```mlir
    #sched.attention<mr = 6, nr = 16, vl = 8, mq = 48, kc = 64, tasks = 32,
                     numerics = "keys4-fma">
    ```
    Numerics: `keys4-` and `fma` or `mul-add`. Products are summed in order, one
    chain per element; key t adds its exponential to sum t mod 4 of a query, the
    last incomplete four to sum 0; (0 + 1) + (2 + 3). The result is divided by
    that.
  }];
  let parameters = (ins "int64_t":$mr, "int64_t":$nr, "int64_t":$vl,
      "int64_t":$mq, "int64_t":$kc, "int64_t":$tasks, StringRefParameter<>:$numerics);
  let genVerifyDecl = 1;
}

def DepthwiseAttr : SchedAttr<"Depthwise", "depthwise"> {
  let summary = "Depthwise convolution or pooling, lanes along the width.";
  let description = [{
    Tasks compute `block` rows of a plane in register tiles of `rows` rows x
    `columns` vectors of `vl` columns. Padded input rows lie in scratch memory,
    or they are read `in_place`, where nothing is padded. `unroll`: all taps of
    the window are unrolled and its weights loaded once for a block; otherwise
    its rows are a loop.

    ```mlir
    #sched.depthwise<vl = 8, rows = 4, columns = 2, block = 28, unroll = true,
                     in_place = false, numerics = "fma">
    ```
  }];
  let parameters = (ins "int64_t":$vl, "int64_t":$rows, "int64_t":$columns,
      "int64_t":$block, "bool":$unroll, "bool":$in_place,
      StringRefParameter<>:$numerics);
  let genVerifyDecl = 1;
}

def ElementwiseAttr : SchedAttr<"Elementwise", "elementwise"> {
  let summary = "All-parallel kernel: vectors of `vl` lanes.";
  let description = [{
    `unroll` vectors go through each operation side by side, where all lanes of
    an access lie next to each other. Inputs that lie across the lanes are
    transposed in registers, `tile` rows of the result at a time. Tasks have at
    least `grain` elements. Numerics: `exact`, nothing is summed.
  }];
  let parameters = (ins "int64_t":$vl, "int64_t":$unroll, "int64_t":$tile,
      "int64_t":$grain, StringRefParameter<>:$numerics);
  let genVerifyDecl = 1;
}

def RowsAttr : SchedAttr<"Rows", "rows"> {
  let summary = "Reductions along trailing dimensions, row by row.";
  let description = [{
    Every reduction of a row runs over `accumulators` vectors of `vl` lanes
    that are then added as a fixed binary tree: the order belongs to the
    numerics class `tree<vl>x<accumulators>` and not to the task partition.
    `unroll` of them, a divisor, go through each operation side by side. Tasks
    have at least `grain` elements.
  }];
  let parameters = (ins "int64_t":$vl, "int64_t":$accumulators,
      "int64_t":$unroll, "int64_t":$grain, StringRefParameter<>:$numerics);
  let genVerifyDecl = 1;
}

def GpuPointsAttr : SchedAttr<"GpuPoints", "gpu_points"> {
  let summary = "One thread of a GPU per element of the result.";
  let description = [{
    Sums of one element run in order in its thread (numerics `in-order`).
  }];
  let parameters = (ins "int64_t":$threads, StringRefParameter<>:$numerics);
  let genVerifyDecl = 1;
}

def GpuRowsAttr : SchedAttr<"GpuRows", "gpu_rows"> {
  let summary = "Reductions along trailing dimensions, one block per row.";
  let description = [{
    Thread t of `threads` takes elements t, t + `threads`, .. of a row, in
    order; the threads' values are then combined by a butterfly in each warp,
    and over the warps in order. The order belongs to the numerics class
    `butterfly<threads>`.
  }];
  let parameters = (ins "int64_t":$threads, StringRefParameter<>:$numerics);
  let genVerifyDecl = 1;
}

def GpuMatmulAttr : SchedAttr<"GpuMatmul", "gpu_matmul"> {
  let summary = "Contraction or convolution on the tensor cores of a GPU.";
  let description = [{
    A block computes a `tile_m` x `tile_n` tile of the result with `warps_m` x
    `warps_n` warps, in steps of `tile_k` through shared memory.

    ```mlir
    #sched.gpu_matmul<tile_m = 128, tile_n = 128, tile_k = 16, warps_m = 2,
                      warps_n = 4, copy = "async", stages = 3,
                      numerics = "tf32x3">
    ```
    `copy` says how tiles get to shared memory: through `registers`, which any
    operand may; `async`, by the GPU itself (cp.async, sm_80 and later) from
    operands that lie in memory as they are multiplied; or `tma`, a tile at a
    time (tensor maps, sm_90a), where warpgroups multiply: `warps_m` warps have
    16 rows each and all columns, and `tile_k` is 64. `stages` tiles are in
    shared memory at a time.

    `numerics` names the operands of the instruction: `f16` or `bf16`, which are
    exact products, or `tf32x3`: each float is split into two TF32 numbers, and
    three of the four products are summed.
  }];
  let parameters = (ins "int64_t":$tile_m, "int64_t":$tile_n,
      "int64_t":$tile_k, "int64_t":$warps_m, "int64_t":$warps_n,
      StringRefParameter<>:$copy, "int64_t":$stages,
      StringRefParameter<>:$numerics);
  let genVerifyDecl = 1;
}

def LoopsAttr : SchedAttr<"Loops", "loops"> {
  let summary = "Generic fallback: plain loops.";
  let parameters = (ins StringRefParameter<>:$numerics);
}

#endif // TEGULA_SCHEDULE_IR_SCHED
