//===- Graph.h - The graph dialect ------------------------------*- C++ -*-===//
//
// Kernels on tensors, and the few operations that linalg, tensor and scf cannot
// express.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_GRAPH_IR_GRAPH_H
#define TEGULA_GRAPH_IR_GRAPH_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "tegula/Graph/IR/GraphDialect.h.inc"

#define GET_OP_CLASSES
#include "tegula/Graph/IR/GraphOps.h.inc"

namespace tegula::graph {

/// What profiles say about a kernel: its ONNX nodes, a string, and its
/// arithmetic operations, an i64. On a graph.kernel, later on its graph.call.
constexpr llvm::StringLiteral kNodesAttrName = "tegula.nodes";
constexpr llvm::StringLiteral kFlopsAttrName = "tegula.flops";

} // namespace tegula::graph

#endif // TEGULA_GRAPH_IR_GRAPH_H
