// RUN: tegula-opt %s --tegula-frontend-fold-constants --tegula-frontend-simplify | FileCheck %s
// RUN: tegula-opt %s --tegula-frontend-fold-constants=result-bytes=8 --tegula-frontend-simplify | FileCheck %s --check-prefix=SMALL

// CHECK-LABEL: func.func @shape
// CHECK: onnx.Weight dense<[2, 3]> : tensor<2xi64>
func.func @shape(%x: tensor<2x3xf32>) -> tensor<2xi64> {
  %s = "onnx.Shape"(%x) {start = 0 : si64} : (tensor<2x3xf32>) -> tensor<2xi64>
  return %s : tensor<2xi64>
}

// One known extent of a partly dynamic shape.
// CHECK-LABEL: func.func @extent
// CHECK-NOT: onnx.Gather
// CHECK: onnx.Weight dense<3> : tensor<i64>
func.func @extent(%x: tensor<?x3xf32>) -> tensor<i64> {
  %one = onnx.Weight dense<1> : tensor<i64> : tensor<i64>
  %s = "onnx.Shape"(%x) : (tensor<?x3xf32>) -> tensor<2xi64>
  %e = "onnx.Gather"(%s, %one) {axis = 0 : si64} : (tensor<2xi64>, tensor<i64>) -> tensor<i64>
  return %e : tensor<i64>
}

// CHECK-LABEL: func.func @unknown
// CHECK: onnx.Shape
// CHECK: onnx.Gather
func.func @unknown(%x: tensor<?x3xf32>) -> tensor<i64> {
  %zero = onnx.Weight dense<0> : tensor<i64> : tensor<i64>
  %s = "onnx.Shape"(%x) : (tensor<?x3xf32>) -> tensor<2xi64>
  %e = "onnx.Gather"(%s, %zero) {axis = 0 : si64} : (tensor<2xi64>, tensor<i64>) -> tensor<i64>
  return %e : tensor<i64>
}

// Integers wrap; a division by zero is left to run time.
// CHECK-LABEL: func.func @wraps
// CHECK-DAG: onnx.Weight dense<-128> : tensor<i8>
// CHECK-DAG: onnx.Div
func.func @wraps() -> (tensor<i8>, tensor<i8>) {
  %a = onnx.Weight dense<127> : tensor<i8> : tensor<i8>
  %b = onnx.Weight dense<1> : tensor<i8> : tensor<i8>
  %z = onnx.Weight dense<0> : tensor<i8> : tensor<i8>
  %s = "onnx.Add"(%a, %b) : (tensor<i8>, tensor<i8>) -> tensor<i8>
  %d = "onnx.Div"(%a, %z) : (tensor<i8>, tensor<i8>) -> tensor<i8>
  return %s, %d : tensor<i8>, tensor<i8>
}

// f16 is computed in f32 and rounded once.
// CHECK-LABEL: func.func @half
// CHECK: onnx.Weight dense<3.000000e+00> : tensor<1xf16>
func.func @half() -> tensor<1xf16> {
  %a = onnx.Weight dense<1.0> : tensor<1xf16> : tensor<1xf16>
  %b = onnx.Weight dense<2.0> : tensor<1xf16> : tensor<1xf16>
  %s = "onnx.Add"(%a, %b) : (tensor<1xf16>, tensor<1xf16>) -> tensor<1xf16>
  return %s : tensor<1xf16>
}

// CHECK-LABEL: func.func @transpose
// CHECK: onnx.Weight dense<{{\[}}[1, 4], [2, 5], [3, 6]]> : tensor<3x2xi32>
func.func @transpose() -> tensor<3x2xi32> {
  %a = onnx.Weight dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi32> : tensor<2x3xi32>
  %t = "onnx.Transpose"(%a) {perm = array<i64: 1, 0>} : (tensor<2x3xi32>) -> tensor<3x2xi32>
  return %t : tensor<3x2xi32>
}

// CHECK-LABEL: func.func @slice
// CHECK: onnx.Weight dense<[3, 1]> : tensor<2xi32>
func.func @slice() -> tensor<?xi32> {
  %a = onnx.Weight dense<[0, 1, 2, 3]> : tensor<4xi32> : tensor<4xi32>
  %start = onnx.Weight dense<-1> : tensor<1xi64> : tensor<1xi64>
  %end = onnx.Weight dense<-9223372036854775808> : tensor<1xi64> : tensor<1xi64>
  %axis = onnx.Weight dense<0> : tensor<1xi64> : tensor<1xi64>
  %step = onnx.Weight dense<-2> : tensor<1xi64> : tensor<1xi64>
  %s = "onnx.Slice"(%a, %start, %end, %axis, %step) : (tensor<4xi32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?xi32>
  return %s : tensor<?xi32>
}

// An index outside of the data is left to run time.
// CHECK-LABEL: func.func @outside
// CHECK: onnx.Gather
func.func @outside() -> tensor<i32> {
  %a = onnx.Weight dense<[0, 1]> : tensor<2xi32> : tensor<2xi32>
  %i = onnx.Weight dense<-3> : tensor<i64> : tensor<i64>
  %e = "onnx.Gather"(%a, %i) {axis = 0 : si64} : (tensor<2xi32>, tensor<i64>) -> tensor<i32>
  return %e : tensor<i32>
}

// A small model cannot ask for a large tensor.
// CHECK-LABEL: func.func @bomb
// CHECK: onnx.ConstantOfShape
func.func @bomb() -> tensor<?x?xf32> {
  %s = onnx.Weight dense<1048576> : tensor<2xi64> : tensor<2xi64>
  %c = "onnx.ConstantOfShape"(%s) : (tensor<2xi64>) -> tensor<?x?xf32>
  return %c : tensor<?x?xf32>
}

// CHECK-LABEL: func.func @nonzero
// SMALL-LABEL: func.func @nonzero
// SMALL: onnx.NonZero
// CHECK: onnx.Weight dense<{{\[}}[0, 1], [1, 0]]> : tensor<2x2xi64>
func.func @nonzero() -> tensor<2x?xi64> {
  %a = onnx.Weight dense<[[0.0, 1.0], [2.0, -0.0]]> : tensor<2x2xf32> : tensor<2x2xf32>
  %n = "onnx.NonZero"(%a) : (tensor<2x2xf32>) -> tensor<2x?xi64>
  return %n : tensor<2x?xi64>
}

// The branch that is not taken is ill-formed, and goes.
// CHECK-LABEL: func.func @branch
// CHECK-NOT: onnx.If
// CHECK: %[[Y:.*]] = "onnx.Relu"
// CHECK: return %[[Y]]
func.func @branch(%x: tensor<2xf32>) -> tensor<*xf32> {
  %c = onnx.Weight dense<false> : tensor<i1> : tensor<i1>
  %axes = onnx.Weight dense<0> : tensor<1xi64> : tensor<1xi64>
  %y = "onnx.If"(%c) ({
    %a = "onnx.Relu"(%x) : (tensor<2xf32>) -> tensor<2xf32>
    onnx.Yield %a : tensor<2xf32>
  }, {
    %b = "onnx.Squeeze"(%x, %axes) : (tensor<2xf32>, tensor<1xi64>) -> tensor<*xf32>
    onnx.Yield %b : tensor<*xf32>
  }) : (tensor<i1>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// Behind the else branch, LSTM would get a tensor of rank 2: the run fails.
// CHECK-LABEL: func.func @only_possible
// CHECK: onnx.Check %arg1 {expected = true, message = "the else branch of If is an error: {{.*}}rank 3{{.*}}"} : tensor<i1>
// CHECK-NOT: onnx.If
// CHECK: "onnx.LSTM"({{.*}}: (tensor<?x4x8xf32>,
func.func @only_possible(%x: tensor<?x4x8xf32>, %c: tensor<i1>, %w: tensor<1x20x8xf32>, %r: tensor<1x20x5xf32>) -> tensor<*xf32> {
  %none = onnx.NoValue
  %axes = onnx.Weight dense<0> : tensor<1xi64> : tensor<1xi64>
  %y = "onnx.If"(%c) ({
    %a = "onnx.Squeeze"(%x, %axes) : (tensor<?x4x8xf32>, tensor<1xi64>) -> tensor<4x8xf32>
    onnx.Yield %a : tensor<4x8xf32>
  }, {
    onnx.Yield %x : tensor<?x4x8xf32>
  }) : (tensor<i1>) -> tensor<*xf32>
  %z:3 = "onnx.LSTM"(%y, %w, %r, %none, %none, %none, %none, %none) {hidden_size = 5 : si64} : (tensor<*xf32>, tensor<1x20x8xf32>, tensor<1x20x5xf32>, none, none, none, none, none) -> (tensor<*xf32>, tensor<*xf32>, tensor<*xf32>)
  return %z#0 : tensor<*xf32>
}

// A branch that is an error by itself, for the shapes of the inputs.
// CHECK-LABEL: func.func @other_branch
// CHECK: onnx.Check %arg1 {expected = false, message = "the then branch
// CHECK-NOT: onnx.If
// CHECK: return %{{.*}} : tensor<4xf32>
func.func @other_branch(%x: tensor<4xf32>, %c: tensor<i1>) -> tensor<*xf32> {
  %axes = onnx.Weight dense<0> : tensor<1xi64> : tensor<1xi64>
  %y = "onnx.If"(%c) ({
    %a = "onnx.Relu"(%x) : (tensor<4xf32>) -> tensor<4xf32>
    onnx.Yield %a : tensor<4xf32>
  }, {
    %b = "onnx.Squeeze"(%x, %axes) : (tensor<4xf32>, tensor<1xi64>) -> tensor<*xf32>
    onnx.Yield %b : tensor<*xf32>
  }) : (tensor<i1>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// What follows takes any rank.
// CHECK-LABEL: func.func @both_possible
// CHECK-NOT: onnx.Check
// CHECK: "onnx.If"
func.func @both_possible(%x: tensor<?x4xf32>, %c: tensor<i1>) -> tensor<*xf32> {
  %axes = onnx.Weight dense<0> : tensor<1xi64> : tensor<1xi64>
  %y = "onnx.If"(%c) ({
    %a = "onnx.Squeeze"(%x, %axes) : (tensor<?x4xf32>, tensor<1xi64>) -> tensor<4xf32>
    onnx.Yield %a : tensor<4xf32>
  }, {
    onnx.Yield %x : tensor<?x4xf32>
  }) : (tensor<i1>) -> tensor<*xf32>
  %z = "onnx.Relu"(%y) : (tensor<*xf32>) -> tensor<*xf32>
  return %z : tensor<*xf32>
}
