// RUN: tegula-opt %s -tegula-tile-place-concats -split-input-file | FileCheck %s

// Both inputs are computed where the result has them; nothing is copied.
// CHECK-LABEL: func.func @both
// CHECK: %[[BYTES:.+]] = memref.alloc() : memref<512xi8>
// CHECK: %[[BEGIN:.+]] = arith.constant 0 : index
// CHECK: %[[A:.+]] = memref.view %[[BYTES]][%[[BEGIN]]][] : memref<512xi8> to memref<1x16x4xf32>
// CHECK: graph.call @k ins(%{{.+}}) outs(%[[A]] : {{.+}})
// CHECK: %[[MIDDLE:.+]] = arith.constant 256 : index
// CHECK: %[[B:.+]] = memref.view %[[BYTES]][%[[MIDDLE]]][] : memref<512xi8> to memref<1x16x4xf32>
// CHECK: graph.call @k ins(%[[A]] : {{.+}}) outs(%[[B]] : {{.+}})
// CHECK: %[[WHOLE:.+]] = memref.view %[[BYTES]][%{{.+}}][] : memref<512xi8> to memref<1x32x4xf32>
// CHECK-NOT: @concat
// CHECK: graph.call @reader ins(%[[WHOLE]] : {{.+}})
// CHECK-NOT: func.func @concat
func.func @both(%x: memref<1x16x4xf32>, %y: memref<1x32x4xf32>) {
  %a = memref.alloc() : memref<1x16x4xf32>
  graph.call @k ins(%x : memref<1x16x4xf32>) outs(%a : memref<1x16x4xf32>)
  %b = memref.alloc() : memref<1x16x4xf32>
  graph.call @k ins(%a : memref<1x16x4xf32>) outs(%b : memref<1x16x4xf32>)
  %c = memref.alloc() : memref<1x32x4xf32>
  graph.call @concat ins(%a, %b : memref<1x16x4xf32>, memref<1x16x4xf32>) outs(%c : memref<1x32x4xf32>)
  graph.call @reader ins(%c : memref<1x32x4xf32>) outs(%y : memref<1x32x4xf32>)
  return
}
module @concat {
  func.func @concat(%a: memref<1x16x4xf32>, %b: memref<1x16x4xf32>, %c: memref<1x32x4xf32>) {
    %0 = bufferization.to_tensor %a restrict : memref<1x16x4xf32> to tensor<1x16x4xf32>
    %1 = bufferization.to_tensor %b restrict : memref<1x16x4xf32> to tensor<1x16x4xf32>
    %2 = tensor.concat dim(1) %0, %1 : (tensor<1x16x4xf32>, tensor<1x16x4xf32>) -> tensor<1x32x4xf32>
    bufferization.materialize_in_destination %2 in restrict writable %c : (tensor<1x32x4xf32>, memref<1x32x4xf32>) -> ()
    return
  }
}

// -----

// Half of the result is an argument, which is copied; a reshaped input is
// computed in place.
// CHECK-LABEL: func.func @half
// CHECK: %[[BYTES:.+]] = memref.alloc() : memref<512xi8>
// CHECK: %[[A:.+]] = memref.view %[[BYTES]][%{{.+}}][] : memref<512xi8> to memref<64xf32>
// CHECK: graph.call @k ins(%{{.+}}) outs(%[[A]] : {{.+}})
// CHECK: %[[B:.+]] = memref.view %[[BYTES]][%{{.+}}][] : memref<512xi8> to memref<1x16x4xf32>
// CHECK: memref.copy %{{.+}}, %[[B]]
// CHECK-NOT: @concat
func.func @half(%x: memref<1x16x4xf32>, %y: memref<1x32x4xf32>) {
  %a = memref.alloc() : memref<64xf32>
  graph.call @k ins(%x : memref<1x16x4xf32>) outs(%a : memref<64xf32>)
  %e = memref.expand_shape %a [[0, 1, 2]] output_shape [1, 16, 4] : memref<64xf32> into memref<1x16x4xf32>
  %c = memref.alloc() : memref<1x32x4xf32>
  graph.call @concat ins(%e, %x : memref<1x16x4xf32>, memref<1x16x4xf32>) outs(%c : memref<1x32x4xf32>)
  graph.call @reader ins(%c : memref<1x32x4xf32>) outs(%y : memref<1x32x4xf32>)
  return
}
module @concat {
  func.func @concat(%a: memref<1x16x4xf32>, %b: memref<1x16x4xf32>, %c: memref<1x32x4xf32>) {
    %0 = bufferization.to_tensor %a restrict : memref<1x16x4xf32> to tensor<1x16x4xf32>
    %1 = bufferization.to_tensor %b restrict : memref<1x16x4xf32> to tensor<1x16x4xf32>
    %2 = tensor.concat dim(1) %0, %1 : (tensor<1x16x4xf32>, tensor<1x16x4xf32>) -> tensor<1x32x4xf32>
    bufferization.materialize_in_destination %2 in restrict writable %c : (tensor<1x32x4xf32>, memref<1x32x4xf32>) -> ()
    return
  }
}

// -----

// An input that is given twice lies in one place only, one that is written
// again in none, and a result of the function is the caller's.
// CHECK-LABEL: func.func @twice
// CHECK: graph.call @k {{.+}} outs(%[[A:.+]] : {{.+}})
// CHECK: memref.copy %[[A]], %{{.+}}
// CHECK-LABEL: func.func @again
// CHECK: graph.call @concat
// CHECK-LABEL: func.func @result
// CHECK: graph.call @concat
// CHECK: module @concat
func.func @twice(%x: memref<1x16x4xf32>, %y: memref<1x32x4xf32>) {
  %a = memref.alloc() : memref<1x16x4xf32>
  graph.call @k ins(%x : memref<1x16x4xf32>) outs(%a : memref<1x16x4xf32>)
  %c = memref.alloc() : memref<1x32x4xf32>
  graph.call @concat ins(%a, %a : memref<1x16x4xf32>, memref<1x16x4xf32>) outs(%c : memref<1x32x4xf32>)
  graph.call @reader ins(%c : memref<1x32x4xf32>) outs(%y : memref<1x32x4xf32>)
  return
}
func.func @again(%x: memref<1x16x4xf32>, %y: memref<1x32x4xf32>) {
  %a = memref.alloc() : memref<1x16x4xf32>
  graph.call @k ins(%x : memref<1x16x4xf32>) outs(%a : memref<1x16x4xf32>)
  %c = memref.alloc() : memref<1x32x4xf32>
  graph.call @concat ins(%a, %x : memref<1x16x4xf32>, memref<1x16x4xf32>) outs(%c : memref<1x32x4xf32>)
  graph.call @k ins(%x : memref<1x16x4xf32>) outs(%a : memref<1x16x4xf32>)
  graph.call @reader ins(%c, %a : memref<1x32x4xf32>, memref<1x16x4xf32>) outs(%y : memref<1x32x4xf32>)
  return
}
func.func @result(%x: memref<1x16x4xf32>) -> memref<1x32x4xf32> {
  %a = memref.alloc() : memref<1x16x4xf32>
  graph.call @k ins(%x : memref<1x16x4xf32>) outs(%a : memref<1x16x4xf32>)
  %c = memref.alloc() : memref<1x32x4xf32>
  graph.call @concat ins(%a, %x : memref<1x16x4xf32>, memref<1x16x4xf32>) outs(%c : memref<1x32x4xf32>)
  return %c : memref<1x32x4xf32>
}
module @concat {
  func.func @concat(%a: memref<1x16x4xf32>, %b: memref<1x16x4xf32>, %c: memref<1x32x4xf32>) {
    %0 = bufferization.to_tensor %a restrict : memref<1x16x4xf32> to tensor<1x16x4xf32>
    %1 = bufferization.to_tensor %b restrict : memref<1x16x4xf32> to tensor<1x16x4xf32>
    %2 = tensor.concat dim(1) %0, %1 : (tensor<1x16x4xf32>, tensor<1x16x4xf32>) -> tensor<1x32x4xf32>
    bufferization.materialize_in_destination %2 in restrict writable %c : (tensor<1x32x4xf32>, memref<1x32x4xf32>) -> ()
    return
  }
}

// -----

// Stripes: rows of both inputs alternate in the result.
// CHECK-LABEL: func.func @stripes
// CHECK: graph.call @concat
// CHECK: module @concat
func.func @stripes(%x: memref<2x16x4xf32>, %y: memref<2x32x4xf32>) {
  %a = memref.alloc() : memref<2x16x4xf32>
  graph.call @k ins(%x : memref<2x16x4xf32>) outs(%a : memref<2x16x4xf32>)
  %b = memref.alloc() : memref<2x16x4xf32>
  graph.call @k ins(%a : memref<2x16x4xf32>) outs(%b : memref<2x16x4xf32>)
  %c = memref.alloc() : memref<2x32x4xf32>
  graph.call @concat ins(%a, %b : memref<2x16x4xf32>, memref<2x16x4xf32>) outs(%c : memref<2x32x4xf32>)
  graph.call @reader ins(%c : memref<2x32x4xf32>) outs(%y : memref<2x32x4xf32>)
  return
}
module @concat {
  func.func @concat(%a: memref<2x16x4xf32>, %b: memref<2x16x4xf32>, %c: memref<2x32x4xf32>) {
    %0 = bufferization.to_tensor %a restrict : memref<2x16x4xf32> to tensor<2x16x4xf32>
    %1 = bufferization.to_tensor %b restrict : memref<2x16x4xf32> to tensor<2x16x4xf32>
    %2 = tensor.concat dim(1) %0, %1 : (tensor<2x16x4xf32>, tensor<2x16x4xf32>) -> tensor<2x32x4xf32>
    bufferization.materialize_in_destination %2 in restrict writable %c : (tensor<2x32x4xf32>, memref<2x32x4xf32>) -> ()
    return
  }
}
