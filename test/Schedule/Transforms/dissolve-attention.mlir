// RUN: tegula-opt %s -pass-pipeline='builtin.module(func.func(tegula-sched-dissolve-attention{cost-model=analytic}))' | FileCheck %s
// RUN: not tegula-opt %s -pass-pipeline='builtin.module(func.func(tegula-sched-dissolve-attention{vector-bits=32}))' 2>&1 | FileCheck %s --check-prefix=SMALL

// SMALL: the target's vectors or caches are too small

#id = affine_map<(h, q, t) -> (h, q, t)>
#row = affine_map<(h, q, t) -> (h, q)>

// Many queries of one head: one kernel.
// CHECK-LABEL: func @whole
// CHECK: graph.kernel
// CHECK: linalg.batch_matmul
// CHECK: linalg.batch_matmul
// CHECK: graph.yield
func.func @whole(%q: tensor<12x128x64xf32>, %k: tensor<12x64x128xf32>, %v: tensor<12x128x64xf32>) -> tensor<12x128x64xf32> {
  %e = tensor.empty() : tensor<12x128x64xf32>
  %y = graph.kernel ins(%q, %k, %v : tensor<12x128x64xf32>, tensor<12x64x128xf32>, tensor<12x128x64xf32>) outs(%e : tensor<12x128x64xf32>) {
  ^bb0(%tq: tensor<12x128x64xf32>, %tk: tensor<12x64x128xf32>, %tv: tensor<12x128x64xf32>, %o: tensor<12x128x64xf32>):
    %zero = arith.constant 0.0 : f32
    %low = arith.constant 0xFF800000 : f32
    %es = tensor.empty() : tensor<12x128x128xf32>
    %er = tensor.empty() : tensor<12x128xf32>
    %zs = linalg.fill ins(%zero : f32) outs(%es : tensor<12x128x128xf32>) -> tensor<12x128x128xf32>
    %lr = linalg.fill ins(%low : f32) outs(%er : tensor<12x128xf32>) -> tensor<12x128xf32>
    %zr = linalg.fill ins(%zero : f32) outs(%er : tensor<12x128xf32>) -> tensor<12x128xf32>
    %zo = linalg.fill ins(%zero : f32) outs(%o : tensor<12x128x64xf32>) -> tensor<12x128x64xf32>
    %s = linalg.batch_matmul ins(%tq, %tk : tensor<12x128x64xf32>, tensor<12x64x128xf32>) outs(%zs : tensor<12x128x128xf32>) -> tensor<12x128x128xf32>
    %m = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "parallel", "reduction"]} ins(%s : tensor<12x128x128xf32>) outs(%lr : tensor<12x128xf32>) {
    ^bb0(%a: f32, %b: f32):
      %0 = arith.maximumf %a, %b : f32
      linalg.yield %0 : f32
    } -> tensor<12x128xf32>
    %x = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s, %m : tensor<12x128x128xf32>, tensor<12x128xf32>) outs(%es : tensor<12x128x128xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32):
      %0 = arith.subf %a, %b : f32
      %1 = math.exp %0 : f32
      linalg.yield %1 : f32
    } -> tensor<12x128x128xf32>
    %l = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x : tensor<12x128x128xf32>) outs(%zr : tensor<12x128xf32>) {
    ^bb0(%a: f32, %b: f32):
      %0 = arith.addf %a, %b : f32
      linalg.yield %0 : f32
    } -> tensor<12x128xf32>
    %w = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x, %l : tensor<12x128x128xf32>, tensor<12x128xf32>) outs(%es : tensor<12x128x128xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32):
      %0 = arith.divf %a, %b : f32
      linalg.yield %0 : f32
    } -> tensor<12x128x128xf32>
    %r = linalg.batch_matmul ins(%w, %tv : tensor<12x128x128xf32>, tensor<12x128x64xf32>) outs(%zo : tensor<12x128x64xf32>) -> tensor<12x128x64xf32>
    graph.yield %r : tensor<12x128x64xf32>
  } -> tensor<12x128x64xf32>
  return %y : tensor<12x128x64xf32>
}

// One query: there is no block of scores to keep, and rows of the softmax are
// whole vectors.
// CHECK-LABEL: func @one_query
// CHECK-NOT: graph.kernel
// CHECK: linalg.batch_matmul
// CHECK: linalg.batch_matmul
// CHECK: return
func.func @one_query(%q: tensor<12x1x64xf32>, %k: tensor<12x64x512xf32>, %v: tensor<12x512x64xf32>) -> tensor<12x1x64xf32> {
  %e = tensor.empty() : tensor<12x1x64xf32>
  %y = graph.kernel ins(%q, %k, %v : tensor<12x1x64xf32>, tensor<12x64x512xf32>, tensor<12x512x64xf32>) outs(%e : tensor<12x1x64xf32>) {
  ^bb0(%tq: tensor<12x1x64xf32>, %tk: tensor<12x64x512xf32>, %tv: tensor<12x512x64xf32>, %o: tensor<12x1x64xf32>):
    %zero = arith.constant 0.0 : f32
    %low = arith.constant 0xFF800000 : f32
    %es = tensor.empty() : tensor<12x1x512xf32>
    %er = tensor.empty() : tensor<12x1xf32>
    %zs = linalg.fill ins(%zero : f32) outs(%es : tensor<12x1x512xf32>) -> tensor<12x1x512xf32>
    %lr = linalg.fill ins(%low : f32) outs(%er : tensor<12x1xf32>) -> tensor<12x1xf32>
    %zr = linalg.fill ins(%zero : f32) outs(%er : tensor<12x1xf32>) -> tensor<12x1xf32>
    %zo = linalg.fill ins(%zero : f32) outs(%o : tensor<12x1x64xf32>) -> tensor<12x1x64xf32>
    %s = linalg.batch_matmul ins(%tq, %tk : tensor<12x1x64xf32>, tensor<12x64x512xf32>) outs(%zs : tensor<12x1x512xf32>) -> tensor<12x1x512xf32>
    %m = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "parallel", "reduction"]} ins(%s : tensor<12x1x512xf32>) outs(%lr : tensor<12x1xf32>) {
    ^bb0(%a: f32, %b: f32):
      %0 = arith.maximumf %a, %b : f32
      linalg.yield %0 : f32
    } -> tensor<12x1xf32>
    %x = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%s, %m : tensor<12x1x512xf32>, tensor<12x1xf32>) outs(%es : tensor<12x1x512xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32):
      %0 = arith.subf %a, %b : f32
      %1 = math.exp %0 : f32
      linalg.yield %1 : f32
    } -> tensor<12x1x512xf32>
    %l = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x : tensor<12x1x512xf32>) outs(%zr : tensor<12x1xf32>) {
    ^bb0(%a: f32, %b: f32):
      %0 = arith.addf %a, %b : f32
      linalg.yield %0 : f32
    } -> tensor<12x1xf32>
    %w = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel", "parallel"]} ins(%x, %l : tensor<12x1x512xf32>, tensor<12x1xf32>) outs(%es : tensor<12x1x512xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32):
      %0 = arith.divf %a, %b : f32
      linalg.yield %0 : f32
    } -> tensor<12x1x512xf32>
    %r = linalg.batch_matmul ins(%w, %tv : tensor<12x1x512xf32>, tensor<12x512x64xf32>) outs(%zo : tensor<12x1x64xf32>) -> tensor<12x1x64xf32>
    graph.yield %r : tensor<12x1x64xf32>
  } -> tensor<12x1x64xf32>
  return %y : tensor<12x1x64xf32>
}

// Two products without a softmax are no attention.
// CHECK-LABEL: func @products
// CHECK-NOT: graph.kernel
// CHECK: linalg.matmul
// CHECK: linalg.matmul
// CHECK: return
func.func @products(%a: tensor<8x8xf32>, %b: tensor<8x8xf32>) -> tensor<8x8xf32> {
  %e = tensor.empty() : tensor<8x8xf32>
  %y = graph.kernel ins(%a, %b : tensor<8x8xf32>, tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) {
  ^bb0(%x: tensor<8x8xf32>, %w: tensor<8x8xf32>, %o: tensor<8x8xf32>):
    %zero = arith.constant 0.0 : f32
    %z = linalg.fill ins(%zero : f32) outs(%o : tensor<8x8xf32>) -> tensor<8x8xf32>
    %p = linalg.matmul ins(%x, %w : tensor<8x8xf32>, tensor<8x8xf32>) outs(%z : tensor<8x8xf32>) -> tensor<8x8xf32>
    %r = linalg.matmul ins(%p, %w : tensor<8x8xf32>, tensor<8x8xf32>) outs(%z : tensor<8x8xf32>) -> tensor<8x8xf32>
    graph.yield %r : tensor<8x8xf32>
  } -> tensor<8x8xf32>
  return %y : tensor<8x8xf32>
}
