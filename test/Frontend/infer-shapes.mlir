// RUN: tegula-opt %s --tegula-frontend-infer-shapes | FileCheck %s
// RUN: tegula-opt %s --tegula-frontend-infer-shapes --verify-diagnostics -o /dev/null

// Types become as precise as the arguments make them.
// CHECK-LABEL: func.func @refines
// CHECK-SAME: -> tensor<2x3xf32>
// CHECK: "onnx.Relu"(%{{.*}}) : (tensor<2x3xf32>) -> tensor<2x3xf32>
func.func @refines(%x: tensor<2x3xf32>) -> tensor<?x?xf32> {
  %y = "onnx.Relu"(%x) : (tensor<2x3xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// What was known and inference does not see stays.
// CHECK-LABEL: func.func @keeps
// CHECK: "onnx.Reshape"(%{{.*}}) {{.*}} -> tensor<?x4xf32>
func.func @keeps(%x: tensor<?x?xf32>, %s: tensor<2xi64>) -> tensor<?x4xf32> {
  %y = "onnx.Reshape"(%x, %s) : (tensor<?x?xf32>, tensor<2xi64>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// Not every model says the shapes between operators that ONNX does not know.
// CHECK-LABEL: func.func @few_bits
// CHECK: onnx.Custom{{.*}} -> tensor<1x7x64xf32>
func.func @few_bits(%x: tensor<1x7x32xf32>, %codes: tensor<64x1x16xui8>, %scales: tensor<64xf32>) -> tensor<*xf32> {
  %y = "onnx.Custom"(%x, %codes, %scales) {domain = "com.microsoft", op_type = "MatMulNBits", K = 32 : si64, N = 64 : si64, bits = 4 : si64, block_size = 32 : si64}
    : (tensor<1x7x32xf32>, tensor<64x1x16xui8>, tensor<64xf32>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// CHECK-LABEL: func.func @of_others
// CHECK: onnx.Custom{{.*}} -> tensor<*xf32>
func.func @of_others(%x: tensor<1x7x32xf32>) -> tensor<*xf32> {
  %y = "onnx.Custom"(%x) {domain = "com.example", op_type = "MatMulNBits", N = 64 : si64} : (tensor<1x7x32xf32>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// A carried value that grows has a dynamic extent in the body.
// CHECK-LABEL: func.func @widens
// CHECK: ^bb0(%{{.*}}: tensor<i64>, %{{.*}}: tensor<i1>, %[[V:.*]]: tensor<?xf32>):
// CHECK: "onnx.Concat"(%[[V]], %[[V]]) {{.*}} -> tensor<?xf32>
func.func @widens(%n: tensor<i64>, %c: tensor<i1>, %x: tensor<2xf32>) -> tensor<?xf32> {
  %y = "onnx.Loop"(%n, %c, %x) ({
  ^bb0(%i: tensor<i64>, %k: tensor<i1>, %v: tensor<2xf32>):
    %d = "onnx.Concat"(%v, %v) {axis = 0 : si64} : (tensor<2xf32>, tensor<2xf32>) -> tensor<4xf32>
    onnx.Yield %k, %d : tensor<i1>, tensor<4xf32>
  }) : (tensor<i64>, tensor<i1>, tensor<2xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// A branch that may never run may be ill-formed.
// CHECK-LABEL: func.func @branch
// CHECK: "onnx.If"
func.func @branch(%c: tensor<i1>, %x: tensor<2xf32>) -> tensor<*xf32> {
  %axes = onnx.Weight dense<0> : tensor<1xi64> : tensor<1xi64>
  %y = "onnx.If"(%c) ({
    %a = "onnx.Identity"(%x) : (tensor<2xf32>) -> tensor<2xf32>
    onnx.Yield %a : tensor<2xf32>
  }, {
    %b = "onnx.Squeeze"(%x, %axes) : (tensor<2xf32>, tensor<1xi64>) -> tensor<*xf32>
    onnx.Yield %b : tensor<*xf32>
  }) : (tensor<i1>) -> tensor<*xf32>
  return %y : tensor<*xf32>
}

// The rank follows from how many axes there are, whatever they are.
// CHECK-LABEL: func.func @ranks
// CHECK: "onnx.Unsqueeze"({{.*}} -> tensor<?x?x?x?xf32>
// CHECK: "onnx.ReduceSum"({{.*}} -> tensor<?x?xf32>
// CHECK: "onnx.ReduceSum"({{.*}} -> tensor<*xf32>
func.func @ranks(%x: tensor<2x3xf32>, %axes: tensor<2xi64>, %any: tensor<?xi64>) {
  %y = "onnx.Unsqueeze"(%x, %axes) : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<*xf32>
  %z = "onnx.ReduceSum"(%y, %axes) {keepdims = 0 : si64} : (tensor<*xf32>, tensor<2xi64>) -> tensor<*xf32>
  %u = "onnx.ReduceSum"(%y, %any) {keepdims = 0 : si64} : (tensor<*xf32>, tensor<?xi64>) -> tensor<*xf32>
  return
}

// ONNX's inference says 0 for the product with an extent that it does not know.
// CHECK-LABEL: func.func @attention
// CHECK: "onnx.Attention"{{.*}} -> (tensor<2x4x?xf32>, none, none, none)
func.func @attention(%q: tensor<2x4x?xf32>, %k: tensor<2x6x?xf32>, %v: tensor<2x6x?xf32>) -> tensor<?x?x?xf32> {
  %none = onnx.NoValue
  %y:4 = "onnx.Attention"(%q, %k, %v, %none, %none, %none, %none) {q_num_heads = 3 : si64, kv_num_heads = 3 : si64}
    : (tensor<2x4x?xf32>, tensor<2x6x?xf32>, tensor<2x6x?xf32>, none, none, none, none)
    -> (tensor<?x?x?xf32>, none, none, none)
  return %y#0 : tensor<?x?x?xf32>
}
