//===- GraphOps.td - What linalg on tensors cannot say ----------*- tablegen -*-===//

#ifndef TEGULA_GRAPH_IR_GRAPHOPS
#define TEGULA_GRAPH_IR_GRAPHOPS

include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def GraphDialect : Dialect {
  let name = "graph";
  let cppNamespace = "::tegula::graph";
  let summary = "Kernels, and what linalg on tensors cannot say";
}

class GraphOp<string mnemonic, list<Trait> traits = []>
    : Op<GraphDialect, mnemonic, traits>;

def KernelOp : GraphOp<"kernel", [
    IsolatedFromAbove, SingleBlock, RecursiveMemoryEffects,
    AttrSizedOperandSegments, DestinationStyleOpInterface]> {
  let summary = "One unit of scheduling and code generation";
  let description = [{
    Holds a root operation and the neighbours that are fused with it. The body
    has one argument per operand, of the operand's type, and yields one tensor
    per `outs` operand. It is isolated: everything but small constants is
    passed in. The contents of an `outs` operand are undefined; it only gives
    the shape.

    ```mlir
    %r = graph.kernel ins(%a, %b : tensor<4x8xf32>, tensor<8x2xf32>)
                      outs(%o : tensor<4x2xf32>) {
    ^bb0(%x: tensor<4x8xf32>, %y: tensor<8x2xf32>, %z: tensor<4x2xf32>):
      %zero = arith.constant 0.0 : f32
      %f = linalg.fill ins(%zero : f32) outs(%z : tensor<4x2xf32>) -> tensor<4x2xf32>
      %m = linalg.matmul ins(%x, %y : tensor<4x8xf32>, tensor<8x2xf32>)
                         outs(%f : tensor<4x2xf32>) -> tensor<4x2xf32>
      graph.yield %m : tensor<4x2xf32>
    } -> tensor<4x2xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$inputs,
                       Variadic<AnyRankedTensor>:$outputs);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`ins` `(` $inputs^ `:` type($inputs) `)`)?
    `outs` `(` $outputs `:` type($outputs) `)`
    attr-dict-with-keyword $body `->` type($results)
  }];
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return getOutputsMutable();
    }
  }];
}

def YieldOp : GraphOp<"yield", [Pure, Terminator, HasParent<"KernelOp">]> {
  let summary = "Ends the body of a kernel with its results";
  let arguments = (ins Variadic<AnyRankedTensor>:$values);
  let assemblyFormat = "$values attr-dict `:` type($values)";
}

def CallOp : GraphOp<"call", [
    AttrSizedOperandSegments, DestinationStyleOpInterface,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "Run an outlined kernel";
  let description = [{
    What `graph.kernel` becomes when its body has moved to a function of its
    own, `@name` in the nested module `@name`. On tensors it is pure and
    `outs` only gives shapes; on buffers it reads `ins` and overwrites `outs`.

    ```mlir
    %r = graph.call @matmul_4x2 ins(%a, %b : tensor<4x8xf32>, tensor<8x2xf32>)
                                outs(%o : tensor<4x2xf32>) -> tensor<4x2xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<AnyType>:$inputs,
                       Variadic<AnyShaped>:$outputs);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $callee (`ins` `(` $inputs^ `:` type($inputs) `)`)?
    `outs` `(` $outputs `:` type($outputs) `)` attr-dict
    (`->` type($results)^)?
  }];
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return getOutputsMutable();
    }
  }];
}

def CheckOp : GraphOp<"check", [MemoryEffects<[MemWrite, MemRead]>]> {
  let summary = "Fail the run with a message unless a condition holds";
  let description = [{
    Models are checked at run time where shapes or values are not known
    earlier. A failed check ends the run with an error status and `message`;
    it never aborts the process.

    ```mlir
    graph.check %same, "Add 'n3': dimension 1 of the inputs differs"
    ```
  }];
  let arguments = (ins I1:$condition, StrAttr:$message);
  let assemblyFormat = "$condition `,` $message attr-dict";
  let hasCanonicalizeMethod = 1;
}

def WinogradFilterOp : GraphOp<"winograd_filter", [Pure]> {
  let summary = "The 3x3 filter that a Winograd transform was made of";
  let description = [{
    `transform` holds G g G^T of every filter and channel, its n x n elements
    outermost, for tiles of n - 2 results per dimension (`Winograd.h`). The
    result is g: who convolves by transforms reads the operand, everybody else
    the result.

    ```mlir
    %g = graph.winograd_filter %u : tensor<36x64x32xf32> -> tensor<64x32x3x3xf32>
    ```
  }];
  let arguments = (ins RankedTensorOf<[F32]>:$transform);
  let results = (outs RankedTensorOf<[F32]>:$filter);
  let assemblyFormat = [{
    $transform attr-dict `:` type($transform) `->` type($filter)
  }];
  let hasVerifier = 1;
}

#endif // TEGULA_GRAPH_IR_GRAPHOPS
