// RUN: tegula-opt %s -tegula-tile-bufferize-entry | FileCheck %s

// CHECK-LABEL: @main
// CHECK-SAME: (%[[X:.+]]: memref<?x4xf32> {onnx.name = "x"}) -> memref<?x4xf32>
// CHECK: %[[O:.+]] = memref.alloc(%{{.+}}) {{.*}} : memref<?x4xf32>
// CHECK: graph.call @k ins(%[[X]] : memref<?x4xf32>) outs(%[[O]] : memref<?x4xf32>)
// CHECK: return %[[O]]
func.func @main(%x: tensor<?x4xf32> {onnx.name = "x"}) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %r = graph.call @k ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %r : tensor<?x4xf32>
}

// Inputs are read-only: a kernel that would overwrite one gets a buffer.
// CHECK-LABEL: @read_only
// CHECK-SAME: (%[[X:.+]]: memref<4xf32>)
// CHECK: %[[O:.+]] = memref.alloc()
// CHECK: graph.call @k outs(%[[O]] : memref<4xf32>)
func.func @read_only(%x: tensor<4xf32>) -> tensor<4xf32> {
  %r = graph.call @k outs(%x : tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}
