// RUN: tegula-opt %s -tegula-graph-form-kernels | FileCheck %s
// RUN: tegula-opt %s -tegula-graph-form-kernels=attention=0 | FileCheck %s --check-prefix=APART

#id = affine_map<(q, t) -> (q, t)>
#row = affine_map<(q, t) -> (q)>

// A product, its softmax, and the product with that.
// CHECK-LABEL: func @attention
// CHECK-COUNT-1: graph.kernel
// CHECK-NOT: graph.kernel
// CHECK: linalg.matmul
// CHECK: math.exp
// CHECK: linalg.matmul
// CHECK: graph.yield
// APART-LABEL: func @attention
// APART-COUNT-3: graph.kernel
func.func @attention(%q: tensor<16x8xf32>, %k: tensor<8x16xf32>, %v: tensor<16x8xf32>) -> tensor<16x8xf32> {
  %zero = arith.constant 0.0 : f32
  %es = tensor.empty() : tensor<16x16xf32>
  %er = tensor.empty() : tensor<16xf32>
  %eo = tensor.empty() : tensor<16x8xf32>
  %zs = linalg.fill ins(%zero : f32) outs(%es : tensor<16x16xf32>) -> tensor<16x16xf32>
  %zr = linalg.fill ins(%zero : f32) outs(%er : tensor<16xf32>) -> tensor<16xf32>
  %zo = linalg.fill ins(%zero : f32) outs(%eo : tensor<16x8xf32>) -> tensor<16x8xf32>
  %s = linalg.matmul ins(%q, %k : tensor<16x8xf32>, tensor<8x16xf32>) outs(%zs : tensor<16x16xf32>) -> tensor<16x16xf32>
  %l = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%s : tensor<16x16xf32>) outs(%zr : tensor<16xf32>) {
  ^bb0(%a: f32, %b: f32):
    %0 = math.exp %a : f32
    %1 = arith.addf %0, %b : f32
    linalg.yield %1 : f32
  } -> tensor<16xf32>
  %w = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%s, %l : tensor<16x16xf32>, tensor<16xf32>) outs(%es : tensor<16x16xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %0 = math.exp %a : f32
    %1 = arith.divf %0, %b : f32
    linalg.yield %1 : f32
  } -> tensor<16x16xf32>
  %r = linalg.matmul ins(%w, %v : tensor<16x16xf32>, tensor<16x8xf32>) outs(%zo : tensor<16x8xf32>) -> tensor<16x8xf32>
  return %r : tensor<16x8xf32>
}

// The scores are needed elsewhere, too.
// CHECK-LABEL: func @scores_returned
// CHECK-COUNT-3: graph.kernel
func.func @scores_returned(%q: tensor<16x8xf32>, %k: tensor<8x16xf32>, %v: tensor<16x8xf32>) -> (tensor<16x16xf32>, tensor<16x8xf32>) {
  %zero = arith.constant 0.0 : f32
  %es = tensor.empty() : tensor<16x16xf32>
  %er = tensor.empty() : tensor<16xf32>
  %eo = tensor.empty() : tensor<16x8xf32>
  %zs = linalg.fill ins(%zero : f32) outs(%es : tensor<16x16xf32>) -> tensor<16x16xf32>
  %zr = linalg.fill ins(%zero : f32) outs(%er : tensor<16xf32>) -> tensor<16xf32>
  %zo = linalg.fill ins(%zero : f32) outs(%eo : tensor<16x8xf32>) -> tensor<16x8xf32>
  %s = linalg.matmul ins(%q, %k : tensor<16x8xf32>, tensor<8x16xf32>) outs(%zs : tensor<16x16xf32>) -> tensor<16x16xf32>
  %l = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%s : tensor<16x16xf32>) outs(%zr : tensor<16xf32>) {
  ^bb0(%a: f32, %b: f32):
    %1 = arith.addf %a, %b : f32
    linalg.yield %1 : f32
  } -> tensor<16xf32>
  %w = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%s, %l : tensor<16x16xf32>, tensor<16xf32>) outs(%es : tensor<16x16xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %1 = arith.divf %a, %b : f32
    linalg.yield %1 : f32
  } -> tensor<16x16xf32>
  %r = linalg.matmul ins(%w, %v : tensor<16x16xf32>, tensor<16x8xf32>) outs(%zo : tensor<16x8xf32>) -> tensor<16x8xf32>
  return %s, %r : tensor<16x16xf32>, tensor<16x8xf32>
}
