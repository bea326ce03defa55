// RUN: tegula-opt %s --tegula-graph-convert-onnx --canonicalize --split-input-file | FileCheck %s

// CHECK-LABEL: func @per_axis
// CHECK: linalg.generic
// CHECK: arith.divf
// CHECK: arith.cmpf ogt
// CHECK: arith.cmpf olt
// CHECK: math.roundeven
// CHECK: arith.fptosi
// CHECK: arith.addi
// CHECK: arith.trunci %{{.*}} : i32 to i8
func.func @per_axis(%x: tensor<2x3x5xf32>, %s: tensor<3xf32>, %z: tensor<3xui8>) -> tensor<2x3x5xui8> {
  %y = "onnx.QuantizeLinear"(%x, %s, %z) {axis = 1 : si64} : (tensor<2x3x5xf32>, tensor<3xf32>, tensor<3xui8>) -> tensor<2x3x5xui8>
  return %y : tensor<2x3x5xui8>
}

// -----

// CHECK-LABEL: func @blocked
// CHECK: tensor.expand_shape %{{.*}} output_shape [2, 3, 4]
func.func @blocked(%x: tensor<2x12xi8>, %s: tensor<2x3xf32>) -> tensor<2x12xf32> {
  %none = onnx.NoValue
  %y = "onnx.DequantizeLinear"(%x, %s, %none) {axis = 1 : si64, block_size = 4 : si64} : (tensor<2x12xi8>, tensor<2x3xf32>, none) -> tensor<2x12xf32>
  return %y : tensor<2x12xf32>
}

// -----

// Both operands become pairs along k: an odd extent is filled up; the constant is
// packed now (1 - 1 and 3 - 1, then 5 - 1 and nothing).
// CHECK-LABEL: func @pairs
// CHECK-SAME: (%[[X:.*]]: tensor<2x3xi8>
// CHECK-DAG: %[[W:.*]] = arith.constant dense_resource<pairs> : tensor<2x2xi32>
// CHECK-DAG: %[[N:.*]] = linalg.generic {{.*}} ins(%[[X]] : tensor<2x3xi8>) outs(%{{.*}} : tensor<2x3xi16>)
// CHECK: %[[P:.*]] = tensor.pad %{{.*}} low[0, 0] high[0, 1]
// CHECK: %[[XP:.*]] = linalg.generic {{.*}} ins(%[[P]], %[[P]] : tensor<2x4xi16>, tensor<2x4xi16>) outs(%{{.*}} : tensor<2x2xi32>)
// CHECK: arith.shli
// CHECK: arith.ori
// CHECK: linalg.generic {{.*}} ins(%[[XP]], %[[W]] : tensor<2x2xi32>, tensor<2x2xi32>)
// CHECK: lp.dot
func.func @pairs(%x: tensor<2x3xui8>) -> tensor<2x2xsi32> {
  %none = onnx.NoValue
  %w = onnx.Weight dense<[[1, 2], [3, 4], [5, 6]]> : tensor<3x2xi8> : tensor<3x2xi8>
  %wz = onnx.Weight dense<1> : tensor<i8> : tensor<i8>
  %y = "onnx.MatMulInteger"(%x, %w, %none, %wz) : (tensor<2x3xui8>, tensor<3x2xi8>, none, tensor<i8>) -> tensor<2x2xsi32>
  return %y : tensor<2x2xsi32>
}

// -----

// Signed bytes, four along k: unsigned ones on the left, 128 more than the signed
// ones of the input; the sum is less its zero point, 128, times the columns' sums.
// CHECK-LABEL: func @quads
// CHECK-SAME: (%[[X:.*]]: tensor<2x4xi8>
// CHECK-DAG: %[[W:.*]] = arith.constant dense_resource<quads> : tensor<1x2xi32>
// CHECK-DAG: %[[S:.*]] = arith.constant dense_resource<sums> : tensor<2xi32>
// CHECK: %[[XQ:.*]] = linalg.generic {{.*}} ins(%[[X]], %[[X]], %[[X]], %[[X]] : {{.*}}) outs(%{{.*}} : tensor<2x1xi32>)
// CHECK: arith.addi %{{.*}}, %c128_i32
// CHECK: %[[P:.*]] = linalg.generic {{.*}} ins(%[[XQ]], %[[W]] : tensor<2x1xi32>, tensor<1x2xi32>)
// CHECK: lp.dot_bytes %{{.*}}, %{{.*}}, %{{.*}} : i32
// CHECK: linalg.generic {{.*}} ins(%[[P]], %[[S]]
// CHECK: %[[Z:.*]] = arith.muli %{{.*}}, %c128_i32
// CHECK: arith.subi %{{.*}}, %[[Z]]
func.func @quads(%x: tensor<2x4xi8>) -> tensor<2x2xsi32> {
  %none = onnx.NoValue
  %w = onnx.Weight dense<[[1, 2], [3, 4], [5, 6], [7, 8]]> : tensor<4x2xi8> : tensor<4x2xi8>
  %y = "onnx.MatMulInteger"(%x, %w, %none, %none) : (tensor<2x4xi8>, tensor<4x2xi8>, none, none) -> tensor<2x2xsi32>
  return %y : tensor<2x2xsi32>
}

// -----

// Weights so large that every product of two would need more than 16 bits: pairs.
// CHECK-LABEL: func @large
// CHECK: lp.dot %
// CHECK-NOT: lp.dot_bytes
func.func @large(%x: tensor<2x4xui8>) -> tensor<2x2xsi32> {
  %none = onnx.NoValue
  %w = onnx.Weight dense<[[127, 2], [127, 4], [5, 6], [7, 8]]> : tensor<4x2xi8> : tensor<4x2xi8>
  %y = "onnx.MatMulInteger"(%x, %w, %none, %none) : (tensor<2x4xui8>, tensor<4x2xi8>, none, none) -> tensor<2x2xsi32>
  return %y : tensor<2x2xsi32>
}

// -----

// Unsigned bytes without a zero point, four channels in one: padding is 0.
// CHECK-LABEL: func @quads_of_channels
// CHECK-DAG: arith.constant dense_resource<quads> : tensor<2x1x2xi32>
// CHECK: tensor.pad
// CHECK: lp.dot_bytes
// CHECK-NOT: arith.subi
func.func @quads_of_channels(%x: tensor<1x4x5xui8>) -> tensor<1x2x6xsi32> {
  %none = onnx.NoValue
  %w = onnx.Weight dense<[[[1, 2], [3, 4], [5, 6], [7, 8]], [[1, 2], [3, 4], [5, 6], [7, 9]]]> : tensor<2x4x2xi8> : tensor<2x4x2xi8>
  %y = "onnx.ConvInteger"(%x, %w, %none, %none) {pads = array<i64: 1, 1>} : (tensor<1x4x5xui8>, tensor<2x4x2xi8>, none, none) -> tensor<1x2x6xsi32>
  return %y : tensor<1x2x6xsi32>
}

// -----

// Without padding the zero point may be any: it leaves the sum times the
// filters' sums.
// CHECK-LABEL: func @quads_with_zero_point
// CHECK-DAG: %[[S:.*]] = arith.constant dense_resource<sums> : tensor<2xi32>
// CHECK: lp.dot_bytes
// CHECK: arith.subi
func.func @quads_with_zero_point(%x: tensor<1x4x5xui8>) -> tensor<1x2x4xsi32> {
  %zero = onnx.Weight dense<7> : tensor<ui8> : tensor<ui8>
  %none = onnx.NoValue
  %w = onnx.Weight dense<[[[1, 2], [3, 4], [5, 6], [7, 8]], [[1, 2], [3, 4], [5, 6], [7, 8]]]> : tensor<2x4x2xi8> : tensor<2x4x2xi8>
  %y = "onnx.ConvInteger"(%x, %w, %zero, %none) : (tensor<1x4x5xui8>, tensor<2x4x2xi8>, tensor<ui8>, none) -> tensor<1x2x4xsi32>
  return %y : tensor<1x2x4xsi32>
}

// -----

// Short sums of one channel each: exact in f32.
// CHECK-LABEL: func @depthwise
// CHECK: arith.sitofp
// CHECK: arith.mulf
// CHECK: arith.addf
// CHECK: arith.fptosi
func.func @depthwise(%x: tensor<1x2x5xui8>, %w: tensor<2x1x3xi8>) -> tensor<1x2x3xsi32> {
  %none = onnx.NoValue
  %y = "onnx.ConvInteger"(%x, %w, %none, %none) {group = 2 : si64} : (tensor<1x2x5xui8>, tensor<2x1x3xi8>, none, none) -> tensor<1x2x3xsi32>
  return %y : tensor<1x2x3xsi32>
}

// -----

// 300 products of bytes need more bits than f32 has.
// CHECK-LABEL: func @long_depthwise
// CHECK-NOT: arith.sitofp
// CHECK: arith.muli
func.func @long_depthwise(%x: tensor<1x2x302xui8>, %w: tensor<2x1x300xi8>) -> tensor<1x2x3xsi32> {
  %none = onnx.NoValue
  %y = "onnx.ConvInteger"(%x, %w, %none, %none) {group = 2 : si64} : (tensor<1x2x302xui8>, tensor<2x1x300xi8>, none, none) -> tensor<1x2x3xsi32>
  return %y : tensor<1x2x3xsi32>
}
