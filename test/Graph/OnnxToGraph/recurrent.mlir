// RUN: tegula-opt %s --tegula-graph-convert-onnx --canonicalize --split-input-file | FileCheck %s

// The inputs of all steps are multiplied at once, in front of the loop.

// CHECK-LABEL: func @gru
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]
// CHECK: scf.for
// CHECK: math.tanh
func.func @gru(%x: tensor<5x2x3xf32>, %w: tensor<1x12x3xf32>, %r: tensor<1x12x4xf32>) -> tensor<1x2x4xf32> {
  %none = onnx.NoValue
  %y:2 = "onnx.GRU"(%x, %w, %r, %none, %none, %none) {hidden_size = 4 : si64} : (tensor<5x2x3xf32>, tensor<1x12x3xf32>, tensor<1x12x4xf32>, none, none, none) -> (none, tensor<1x2x4xf32>)
  return %y#1 : tensor<1x2x4xf32>
}

// -----

// Both directions go through time in one loop, and read constant weights as
// constants, which can be packed.

// CHECK-LABEL: func @directions_together
// CHECK-DAG: arith.constant dense_resource<flat{{.*}}> : tensor<4x1xf32>
// CHECK-DAG: arith.constant dense<{{.*}}> : tensor<2x2x2xf32>
// CHECK-NOT: tensor.extract_slice %cst
// CHECK: scf.for {{.*}} to %c5 step
// CHECK-NOT: to %c5 step
// CHECK: return
func.func @directions_together(%x: tensor<5x1x1xf32>) -> tensor<2x1x2xf32> {
  %none = onnx.NoValue
  %w = onnx.Weight dense<[[[1.0], [2.0]], [[3.0], [4.0]]]> : tensor<2x2x1xf32> : tensor<2x2x1xf32>
  %r = onnx.Weight dense<[[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]> : tensor<2x2x2xf32> : tensor<2x2x2xf32>
  %y:2 = "onnx.RNN"(%x, %w, %r, %none, %none, %none) {direction = "bidirectional", hidden_size = 2 : si64} : (tensor<5x1x1xf32>, tensor<2x2x1xf32>, tensor<2x2x2xf32>, none, none, none) -> (none, tensor<2x1x2xf32>)
  return %y#1 : tensor<2x1x2xf32>
}

// -----

// Not so with activations of their own; what each reads of constant weights is
// a constant too.

// CHECK-LABEL: func @directions_apart
// CHECK-DAG: arith.constant dense_resource<flat{{.*}}> : tensor<2x1xf32>
// CHECK-DAG: arith.constant dense_resource<part{{.*}}> : tensor<1x2x2xf32>
// CHECK-NOT: tensor.extract_slice %cst
// CHECK: scf.for {{.*}} to %c5 step
// CHECK: math.tanh
// CHECK: scf.for {{.*}} to %c5 step
// CHECK: arith.maximumf
// CHECK: return
func.func @directions_apart(%x: tensor<5x1x1xf32>) -> tensor<2x1x2xf32> {
  %none = onnx.NoValue
  %w = onnx.Weight dense<[[[1.0], [2.0]], [[3.0], [4.0]]]> : tensor<2x2x1xf32> : tensor<2x2x1xf32>
  %r = onnx.Weight dense<[[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]> : tensor<2x2x2xf32> : tensor<2x2x2xf32>
  %y:2 = "onnx.RNN"(%x, %w, %r, %none, %none, %none) {activations = ["Tanh", "Relu"], direction = "bidirectional", hidden_size = 2 : si64} : (tensor<5x1x1xf32>, tensor<2x2x1xf32>, tensor<2x2x2xf32>, none, none, none) -> (none, tensor<2x1x2xf32>)
  return %y#1 : tensor<2x1x2xf32>
}
