//===- OnnxDialect.td - The onnx dialect, its types and own ops -----------===//
//
// The operators themselves are written at build time from ONNX's schemas by
// lib/Frontend/IR/GenerateOds.cpp and include this file.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_FRONTEND_ONNXDIALECT
#define TEGULA_FRONTEND_ONNXDIALECT

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Onnx_Dialect : Dialect {
  let name = "onnx";
  let cppNamespace = "::tegula::onnx";
  let summary = "ONNX's operators, one for one, newest operator set";
  let description = [{
    An operator's operands are positional: an optional input that a node leaves
    out is the result of `onnx.NoValue`, and an output that it leaves out has
    type `none`. Attributes have the names of ONNX; graphs are regions that end
    in `onnx.Yield` and may use values of the regions around them, as ONNX's
    scoping has it. The name of the node is its location.

    Element types: signless integers are ONNX's signed ones, `ui*` the unsigned.
  }];
  let useDefaultTypePrinterParser = 1;
  let usePropertiesForAttributes = 0;
}

class Onnx_Type<string name, string mnemonicText> : TypeDef<Onnx_Dialect, name> {
  let mnemonic = mnemonicText;
}

def Onnx_StringType : Onnx_Type<"String", "string"> {
  let summary = "Element type of tensors of strings";
}

def Onnx_SequenceType : Onnx_Type<"Sequence", "seq"> {
  let summary = "A sequence of values of one type";
  let parameters = (ins "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $elementType `>`";
}

def Onnx_OptionalType : Onnx_Type<"Optional", "opt"> {
  let summary = "A value that may be absent at run time";
  let parameters = (ins "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $elementType `>`";
}

// Tensors of any element type, sequences, optionals, or none for what is absent.
def Onnx_Value : Type<Or<[CPred<"::llvm::isa<::mlir::TensorType>($_self)">,
                          CPred<"::llvm::isa<::mlir::NoneType>($_self)">,
                          CPred<"::llvm::isa<::tegula::onnx::SequenceType>($_self)">,
                          CPred<"::llvm::isa<::tegula::onnx::OptionalType>($_self)">]>,
                      "tensor, sequence, optional or none">;

class Onnx_Op<string mnemonic, list<Trait> traits> : Op<Onnx_Dialect, mnemonic, traits> {
  // One generic builder for all: those that ODS writes would double the generated code.
  let skipDefaultBuilders = 1;
  let builders = [OpBuilder<(ins "::mlir::TypeRange":$resultTypes, "::mlir::ValueRange":$operands,
                                 CArg<"::llvm::ArrayRef<::mlir::NamedAttribute>", "{}">:$attributes), [{
    $_state.addTypes(resultTypes);
    $_state.addOperands(operands);
    $_state.addAttributes(attributes);
  }]>];
}

def Onnx_NoValueOp : Onnx_Op<"NoValue", [Pure]> {
  let summary = "Stands for an optional input that a node leaves out";
  let results = (outs NoneType:$none);
  let assemblyFormat = "attr-dict";
}

def Onnx_WeightOp : Onnx_Op<"Weight", [Pure, ConstantLike]> {
  let summary = "An initialiser: constant data held once, as a resource blob";
  let description = [{
    `%w = onnx.Weight dense_resource<w> : tensor<64x3xf32>`. Shape inference and
    folding see small ones as values; large ones are never copied.
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Onnx_Value:$result);
  let hasFolder = 1;
  let assemblyFormat = "$value attr-dict `:` type($result)";
}

def Onnx_CustomOp : Onnx_Op<"Custom", []> {
  let summary = "A node of a domain that ONNX itself does not define";
  let arguments = (ins StrAttr:$domain, StrAttr:$op_type, Variadic<Onnx_Value>:$inputs);
  let results = (outs Variadic<Onnx_Value>:$outputs);
}

def Onnx_CheckOp : Onnx_Op<"Check", [MemoryEffects<[MemWrite, MemRead]>]> {
  let summary = "Fail the run with a message unless a condition has a value";
  let description = [{
    Stands where a branch was that is an error whenever it is taken.

    ```mlir
    onnx.Check %c {expected = false, message = "..."} : tensor<i1>
    ```
  }];
  let arguments = (ins Onnx_Value:$condition, BoolAttr:$expected, StrAttr:$message);
  let assemblyFormat = "$condition attr-dict `:` type($condition)";
}

def Onnx_YieldOp : Onnx_Op<"Yield", [Pure, Terminator, ReturnLike]> {
  let summary = "Outputs of a subgraph";
  let arguments = (ins Variadic<Onnx_Value>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

#endif // TEGULA_FRONTEND_ONNXDIALECT
