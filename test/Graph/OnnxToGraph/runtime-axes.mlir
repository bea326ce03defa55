// RUN: tegula-opt %s --tegula-graph-convert-onnx --canonicalize --split-input-file | FileCheck %s

// Axes that only the run knows: their number is checked, the loops run over all
// elements that belong to one of the result.

// CHECK-LABEL: func @reduce
// CHECK-SAME: %[[X:.+]]: tensor<2x3xf32>, %[[AXES:.+]]: tensor<1xi64>
// CHECK: graph.check %{{.+}}, "an axis is outside of the tensor's rank"
// CHECK: linalg.generic
// CHECK: scf.for
// CHECK: scf.for
// CHECK: tensor.extract %[[X]]
// CHECK: arith.addf
// CHECK: graph.check %{{.+}}, "the axes leave another number of dimensions than the model says"
func.func @reduce(%x: tensor<2x3xf32>, %axes: tensor<1xi64>) -> tensor<?xf32> {
  %y = "onnx.ReduceSum"(%x, %axes) {keepdims = 0 : si64} : (tensor<2x3xf32>, tensor<1xi64>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

// No axes at run time are all axes; the dimensions stay.

// CHECK-LABEL: func @reduce_any_number
// CHECK-SAME: %{{.+}}: tensor<2x3xf32>, %[[AXES:.+]]: tensor<?xi64>
// CHECK: %[[COUNT:.+]] = tensor.dim %[[AXES]]
// CHECK: arith.cmpi eq, %[[COUNT]]
// CHECK: arith.maximumf
func.func @reduce_any_number(%x: tensor<2x3xf32>, %axes: tensor<?xi64>) -> tensor<?x?xf32> {
  %y = "onnx.ReduceMax"(%x, %axes) : (tensor<2x3xf32>, tensor<?xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

// CHECK-LABEL: func @squeeze
// CHECK: graph.check %{{.+}}, "Squeeze: the extent of a dropped dimension is not 1"
// CHECK: tensor.expand_shape
func.func @squeeze(%x: tensor<1x3x1xf32>, %axes: tensor<1xi64>) -> tensor<?x?xf32> {
  %y = "onnx.Squeeze"(%x, %axes) : (tensor<1x3x1xf32>, tensor<1xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

// CHECK-LABEL: func @unsqueeze
// CHECK: graph.check %{{.+}}, "the axes add another number of dimensions than the model says"
// CHECK: tensor.expand_shape
func.func @unsqueeze(%x: tensor<3x4xf32>, %axes: tensor<1xi64>) -> tensor<?x?x?xf32> {
  %y = "onnx.Unsqueeze"(%x, %axes) : (tensor<3x4xf32>, tensor<1xi64>) -> tensor<?x?x?xf32>
  return %y : tensor<?x?x?xf32>
}

// -----

// CHECK-LABEL: func @pad
// CHECK: tensor.pad
func.func @pad(%x: tensor<3x4xf32>, %pads: tensor<2xi64>, %axes: tensor<1xi64>) -> tensor<?x?xf32> {
  %none = onnx.NoValue
  %y = "onnx.Pad"(%x, %pads, %none, %axes) : (tensor<3x4xf32>, tensor<2xi64>, none, tensor<1xi64>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
