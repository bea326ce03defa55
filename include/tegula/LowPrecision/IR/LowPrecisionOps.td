//===- LowPrecisionOps.td - The lp dialect ----------------*- tablegen -*-===//

#ifndef TEGULA_LOWPRECISION_IR_LOWPRECISIONOPS
#define TEGULA_LOWPRECISION_IR_LOWPRECISIONOPS

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def LowPrecisionDialect : Dialect {
  let name = "lp";
  let cppNamespace = "::tegula::lp";
  let summary = "Numbers of few bits: where their codes lie, what they mean";
  let description = [{
    Element types of less than a byte take a byte each in tensors. Here the
    codes stay packed: a tensor of bytes, with `#lp.layout` for where each code
    lies in it and `#lp.scheme` for the number that a code stands for.
  }];
  let useDefaultAttributePrinterParser = 1;
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

class LowPrecisionAttr<string name, string keyword>
    : AttrDef<LowPrecisionDialect, name> {
  let mnemonic = keyword;
  let genVerifyDecl = 1;
}

def LP_ModesParameter : ArrayRefParameter<"::tegula::lp::Mode"> {
  let parser = "::tegula::lp::parseModes($_parser)";
  let printer = "::tegula::lp::printModes($_printer, $_self)";
}

def PlaneAttr : LowPrecisionAttr<"Plane", "plane"> {
  let summary = "Some bits of all codes of a tile";
  let description = [{
    `bits` bits of every code, from bit `shift` of the code upwards. Each of
    `slot`, `lane` and `reg` is a list of modes, the fastest first: the mode
    `k8` counts 8 positions of k, `n4*8` counts 4 positions of n that are 8
    apart. Slots count through the bits of one container, from the lowest;
    lanes, then regs, count through containers.
  }];
  let parameters = (ins "int64_t":$bits, "int64_t":$shift,
      LP_ModesParameter:$slot, LP_ModesParameter:$lane, LP_ModesParameter:$reg);
  let assemblyFormat = "`<` struct(params) `>`";
}

def LayoutAttr : LowPrecisionAttr<"Layout", "layout"> {
  let summary = "Where the code of row n, position k lies in a tensor of bytes";
  let description = [{
    Codes are cut into tiles of `n` x `k`, which follow each other with those
    along k fastest. A tile holds its planes one after the other, each an array
    of little-endian containers of `container` bits. Tiles at the edge are
    whole; what lies outside the matrix is zero.

    4-bit codes for a kernel with 16 columns in vectors of 8 lanes: the codes of
    8 consecutive k are the 8 slots of one lane.

    ```mlir
    #lp.layout<n = 16, k = 8, container = 32, planes =
      <bits = 4, shift = 0, slot = [k8], lane = [n8], reg = [n2*8]>>
    ```

    The verifier enumerates the tile: each plane stores every element exactly
    once, and the planes hold each bit of a code exactly once.
  }];
  let parameters = (ins "int64_t":$n, "int64_t":$k, "int64_t":$container,
      ArrayRefParameter<"::tegula::lp::PlaneAttr">:$planes);
  let assemblyFormat = "`<` struct(params) `>`";
  let extraClassDeclaration = [{
    /// Codes of `bits` bits in the order of ONNX: row by row, the lowest bits
    /// of a byte first.
    static LayoutAttr getRowMajor(::mlir::MLIRContext *context, int64_t bits);
    /// For kernels that read `columns` rows n at one k as vectors of `lanes`:
    /// a container of at most 32 bits per lane, with the codes of 8 k, or of
    /// as many as it has room for.
    static LayoutAttr getColumns(::mlir::MLIRContext *context, int64_t bits,
                                 int64_t columns, int64_t lanes);

    /// Bits of a code.
    int64_t getBits() const;
    int64_t getTileBytes() const;
    /// Bytes of the codes of `rows` x `positions`.
    int64_t getBytes(int64_t rows, int64_t positions) const;

    /// The first bit, from the start of the tile, of plane `plane` of the
    /// element (`n`, `k`) of the tile.
    int64_t getTileBit(size_t plane, int64_t n, int64_t k) const;
    /// The same from the start of a matrix of `positions` columns.
    ::mlir::AffineExpr getBit(size_t plane, int64_t positions,
                              ::mlir::AffineExpr n,
                              ::mlir::AffineExpr k) const;
  }];
}

def SchemeAttr : LowPrecisionAttr<"Scheme", "scheme"> {
  let summary = "The number that a code stands for";
  let description = [{
    A code is an unsigned integer of `bits` bits. It stands for
    `(code - zero) * scale`, with one scale for each row and `group`
    consecutive positions of k. `zero` is for all, unless an operand gives one
    per scale.
  }];
  let parameters = (ins "int64_t":$bits, "int64_t":$group, "int64_t":$zero);
  let assemblyFormat = "`<` struct(params) `>`";
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

def DequantizeOp : Op<LowPrecisionDialect, "dequantize", [Pure]> {
  let summary = "Packed codes to numbers";
  let description = [{
    The element (k, n) of the result is `(code(n, k) - zero) * scale`, rounded
    once. `scales` and `zeros` have one element for each n and group of k.
    A product that reads it decodes in registers: the numbers exist in memory
    only where a kernel has no other way.

    ```mlir
    %w = lp.dequantize %codes, %scales
        layout(<n = 1, k = 2, container = 8, planes =
                <bits = 4, shift = 0, slot = [k2], lane = [], reg = []>>)
        scheme(<bits = 4, group = 32, zero = 8>)
        : tensor<8192xi8>, tensor<128x4xf32> -> tensor<128x128xf32>
    ```
  }];
  let arguments = (ins 1DTensorOf<[I8]>:$codes, 2DTensorOf<[F32]>:$scales,
                       Optional<2DTensorOf<[I8]>>:$zeros,
                       LayoutAttr:$layout, SchemeAttr:$scheme);
  let results = (outs 2DTensorOf<[F32]>:$result);
  let assemblyFormat = [{
    $codes `,` $scales (`zeros` `(` $zeros^ `:` type($zeros) `)`)?
    `layout` `(` $layout `)` `scheme` `(` $scheme `)` attr-dict
    `:` type($codes) `,` type($scales) `->` type($result)
  }];
  let hasVerifier = 1;
}

def DotOp : Op<LowPrecisionDialect, "dot",
               [Pure, SameOperandsAndResultType] # ElementwiseMappable.traits> {
  let summary = "Add the products of two pairs of 16-bit integers";
  let description = [{
    Each 32-bit operand of the product holds two signed 16-bit integers; both
    products are added to `acc`, modulo 2^32. Processors do it in one or two
    instructions (`vpmaddwd`, `vpdpwssd`). Quantised products are sums of it:
    8-bit integers less their zero points fit into 16 bits, so they are exact.

    ```mlir
    %sum = lp.dot %x, %y, %acc : vector<8xi32>
    ```
  }];
  let arguments = (ins SignlessIntegerLike:$lhs, SignlessIntegerLike:$rhs,
                       SignlessIntegerLike:$acc);
  let results = (outs SignlessIntegerLike:$result);
  let assemblyFormat = "$lhs `,` $rhs `,` $acc attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def DotBytesOp : Op<LowPrecisionDialect, "dot_bytes",
               [Pure, SameOperandsAndResultType] # ElementwiseMappable.traits> {
  let summary = "Add the products of two quads of bytes";
  let description = [{
    Each 32-bit operand of the product holds four bytes, unsigned ones in `lhs`
    and signed ones in `rhs`; the four products are added to `acc`, modulo 2^32.
    `narrow` promises that the sums of the first two and of the last two
    products are signed 16-bit numbers, whatever the bytes of `lhs`: then
    `vpmaddubsw` is exact.

    ```mlir
    %sum = lp.dot_bytes %x, %w, %acc {narrow} : vector<8xi32>
    ```
  }];
  let arguments = (ins SignlessIntegerLike:$lhs, SignlessIntegerLike:$rhs,
                       SignlessIntegerLike:$acc, UnitAttr:$narrow);
  let results = (outs SignlessIntegerLike:$result);
  let assemblyFormat = "$lhs `,` $rhs `,` $acc attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def SumStepsOp : Op<LowPrecisionDialect, "sum_steps", [Pure]> {
  let summary = "Weights, as quads of bytes, from steps";
  let description = [{
    The weights [n, k...] of a product of bytes, for n columns or filters and
    the sum over all of k. They are cut into panels of as many n as `steps` has
    columns, and blocks of `block` positions of k. Panel p, block b of B blocks
    holds the steps from `starts[p * B + b]` to `starts[p * B + b + 1]`. A step
    is a row of quads, one for each n, that are added, byte by byte, to the
    position `positions[step]` of k. Most positions have one step; one whose
    weights are too large for `narrow` products has two that are halves of it.

    ```mlir
    %w = lp.sum_steps %steps, %positions, %starts block(192)
        : tensor<390x16xi32>, tensor<390xi32>, tensor<3xi32> -> tensor<32x192xi32>
    ```
  }];
  let arguments = (ins 2DTensorOf<[I32]>:$steps, 1DTensorOf<[I32]>:$positions,
                       1DTensorOf<[I32]>:$starts, I64Attr:$block);
  let results = (outs TensorRankOf<[I32], [2, 3, 4, 5]>:$result);
  let assemblyFormat = [{
    $steps `,` $positions `,` $starts `block` `(` $block `)` attr-dict
    `:` type($steps) `,` type($positions) `,` type($starts) `->` type($result)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// n of a panel.
    int64_t getColumns() { return getSteps().getType().getDimSize(1); }
    /// Blocks of k.
    int64_t getBlocks() {
      auto type = ::llvm::cast<::mlir::RankedTensorType>(getResult().getType());
      return ::llvm::divideCeil(
          ::mlir::ShapedType::getNumElements(type.getShape().drop_front()),
          getBlock());
    }
  }];
}

#endif // TEGULA_LOWPRECISION_IR_LOWPRECISIONOPS
