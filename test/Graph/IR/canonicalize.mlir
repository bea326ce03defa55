// RUN: tegula-opt %s -canonicalize | FileCheck %s

// CHECK-LABEL: @true
// CHECK-NEXT: return
func.func @true() {
  %c = arith.constant true
  graph.check %c, "never"
  return
}

// CHECK-LABEL: @false
// CHECK: graph.check
func.func @false() {
  %c = arith.constant false
  graph.check %c, "always"
  return
}

// CHECK-LABEL: @dead_kernel
// CHECK-NEXT: return
func.func @dead_kernel(%a: tensor<4xf32>) {
  %r = graph.kernel ins(%a : tensor<4xf32>) outs(%a : tensor<4xf32>) {
  ^bb0(%x: tensor<4xf32>, %y: tensor<4xf32>):
    graph.yield %x : tensor<4xf32>
  } -> tensor<4xf32>
  return
}
