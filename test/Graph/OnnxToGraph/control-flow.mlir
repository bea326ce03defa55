// RUN: tegula-opt %s --tegula-graph-convert-onnx --canonicalize --split-input-file | FileCheck %s

// CHECK-LABEL: func @branch
// CHECK: %[[R:.*]] = scf.if %{{.*}} -> (tensor<4xf32>)
// CHECK: arith.negf
// CHECK: else
// CHECK: math.absf
// CHECK: return %[[R]]
func.func @branch(%c: tensor<i1>, %x: tensor<4xf32>) -> tensor<4xf32> {
  %y = "onnx.If"(%c) ({
    %a = "onnx.Abs"(%x) : (tensor<4xf32>) -> tensor<4xf32>
    onnx.Yield %a : tensor<4xf32>
  }, {
    %n = "onnx.Neg"(%x) : (tensor<4xf32>) -> tensor<4xf32>
    onnx.Yield %n : tensor<4xf32>
  }) : (tensor<i1>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// CHECK-LABEL: func @check
// CHECK: %[[IS:.*]] = arith.cmpi eq
// CHECK: graph.check %[[IS]], "taken"
func.func @check(%c: tensor<i1>, %x: tensor<4xf32>) -> tensor<4xf32> {
  onnx.Check %c {expected = false, message = "taken"} : tensor<i1>
  return %x : tensor<4xf32>
}

// -----

// CHECK-LABEL: func @loop
// CHECK: scf.while
// CHECK: arith.addf
func.func @loop(%m: tensor<i64>, %c: tensor<i1>, %x: tensor<4xf32>) -> tensor<4xf32> {
  %y = "onnx.Loop"(%m, %c, %x) ({
  ^bb0(%i: tensor<i64>, %go: tensor<i1>, %s: tensor<4xf32>):
    %t = "onnx.Add"(%s, %s) : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    onnx.Yield %go, %t : tensor<i1>, tensor<4xf32>
  }) : (tensor<i64>, tensor<i1>, tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
