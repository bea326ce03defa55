// RUN: tegula-opt %s -tegula-tile-outline-kernels | FileCheck %s

// Two equal kernels share one function.
// CHECK-LABEL: func.func @main
// CHECK: %[[A:.+]] = graph.call @exp_0 ins(%{{.+}} : tensor<?xf32>) outs(%{{.+}} : tensor<?xf32>) -> tensor<?xf32>
// CHECK: graph.call @exp_0 ins(%[[A]] :
func.func @main(%x: tensor<?xf32>, %n: index) -> tensor<?xf32> {
  %o = tensor.empty(%n) : tensor<?xf32>
  %0 = graph.kernel ins(%x : tensor<?xf32>) outs(%o : tensor<?xf32>) attributes {schedule = "loops"} {
  ^bb0(%a: tensor<?xf32>, %b: tensor<?xf32>):
    %e = linalg.exp ins(%a : tensor<?xf32>) outs(%b : tensor<?xf32>) -> tensor<?xf32>
    graph.yield %e : tensor<?xf32>
  } -> tensor<?xf32>
  %1 = graph.kernel ins(%0 : tensor<?xf32>) outs(%o : tensor<?xf32>) attributes {schedule = "loops"} {
  ^bb0(%a: tensor<?xf32>, %b: tensor<?xf32>):
    %e = linalg.exp ins(%a : tensor<?xf32>) outs(%b : tensor<?xf32>) -> tensor<?xf32>
    graph.yield %e : tensor<?xf32>
  } -> tensor<?xf32>
  return %1 : tensor<?xf32>
}

// CHECK: module @exp_0
// CHECK: func.func @exp_0(%[[X:.+]]: memref<?xf32>, %[[O:.+]]: memref<?xf32>) attributes {schedule = "loops"}
// CHECK: %[[T:.+]] = bufferization.to_tensor %[[X]] restrict :
// CHECK: %[[E:.+]] = tensor.empty(%{{.+}})
// CHECK: %[[R:.+]] = linalg.exp ins(%[[T]] : tensor<?xf32>) outs(%[[E]] : tensor<?xf32>)
// CHECK: bufferization.materialize_in_destination %[[R]] in restrict writable %[[O]]
// CHECK-NOT: module
