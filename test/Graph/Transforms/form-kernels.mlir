// RUN: tegula-opt %s -tegula-graph-form-kernels -split-input-file | FileCheck %s
// RUN: tegula-opt %s -tegula-graph-form-kernels=fuse=0 -split-input-file | FileCheck %s --check-prefix=ALONE

#id = affine_map<(i, j) -> (i, j)>

// CHECK-LABEL: @epilogue
// CHECK-SAME: %[[X:.+]]: tensor<8x16xf32>, %[[W:.+]]: tensor<16x32xf32>
// CHECK: %[[O:.+]] = tensor.empty() : tensor<8x32xf32>
// CHECK: graph.kernel ins(%[[X]], %[[W]] : {{.*}}) outs(%[[O]] : tensor<8x32xf32>)
// CHECK: ^bb0(%[[A:.+]]: tensor<8x16xf32>, %[[B:.+]]: tensor<16x32xf32>, %[[C:.+]]: tensor<8x32xf32>):
// CHECK: %[[F:.+]] = linalg.fill
// CHECK: %[[M:.+]] = linalg.matmul ins(%[[A]], %[[B]] : {{.*}}) outs(%[[F]] :
// CHECK: %[[R:.+]] = linalg.generic {{.*}} ins(%[[M]] : {{.*}}) outs(%[[C]] :
// CHECK: graph.yield %[[R]]
// CHECK-NOT: graph.kernel
// ALONE-LABEL: @epilogue
// ALONE-COUNT-2: graph.kernel
func.func @epilogue(%x: tensor<8x16xf32>, %w: tensor<16x32xf32>) -> tensor<8x32xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8x32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<8x32xf32>) -> tensor<8x32xf32>
  %m = linalg.matmul ins(%x, %w : tensor<8x16xf32>, tensor<16x32xf32>) outs(%f : tensor<8x32xf32>) -> tensor<8x32xf32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%m : tensor<8x32xf32>) outs(%e : tensor<8x32xf32>) {
  ^bb0(%a: f32, %b: f32):
    %c = arith.maximumf %a, %zero : f32
    linalg.yield %c : f32
  } -> tensor<8x32xf32>
  return %r : tensor<8x32xf32>
}

// -----

// A result that something else needs ends a kernel.
// CHECK-LABEL: @two_users
// CHECK-COUNT-2: graph.kernel
func.func @two_users(%x: tensor<8x8xf32>) -> (tensor<8x8xf32>, tensor<8x8xf32>) {
  %e = tensor.empty() : tensor<8x8xf32>
  %m = linalg.exp ins(%x : tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  %r = linalg.abs ins(%m : tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) -> tensor<8x8xf32>
  return %m, %r : tensor<8x8xf32>, tensor<8x8xf32>
}

// -----

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>

// CHECK-LABEL: @rows
// CHECK: graph.kernel
// CHECK-NOT: graph.kernel
// ALONE-LABEL: @rows
// ALONE-COUNT-2: graph.kernel
func.func @rows(%x: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x16xf32>
  %e1 = tensor.empty(%n) : tensor<?xf32>
  %e2 = tensor.empty(%n) : tensor<?x16xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e1 : tensor<?xf32>) -> tensor<?xf32>
  %sum = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<?x16xf32>) outs(%z : tensor<?xf32>) {
  ^bb0(%a: f32, %b: f32):
    %c = arith.addf %a, %b : f32
    linalg.yield %c : f32
  } -> tensor<?xf32>
  %r = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %sum : tensor<?x16xf32>, tensor<?xf32>) outs(%e2 : tensor<?x16xf32>) {
  ^bb0(%a: f32, %m: f32, %b: f32):
    %c = arith.divf %a, %m : f32
    linalg.yield %c : f32
  } -> tensor<?x16xf32>
  return %r : tensor<?x16xf32>
}

// -----

// CHECK-LABEL: @nested
// CHECK: scf.if
// CHECK: graph.kernel
// CHECK: scf.yield
func.func @nested(%p: i1, %x: tensor<4xf32>) -> tensor<4xf32> {
  %r = scf.if %p -> tensor<4xf32> {
    %e = tensor.empty() : tensor<4xf32>
    %m = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    scf.yield %m : tensor<4xf32>
  } else {
    scf.yield %x : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// -----

// CHECK-LABEL: @pad
// CHECK-SAME: %[[N:.+]]: index
// CHECK: graph.kernel ins(%{{.+}}, %[[N]] : tensor<4xf32>, index)
// CHECK: tensor.pad
func.func @pad(%n: index, %x: tensor<4xf32>) -> tensor<?xf32> {
  %zero = arith.constant 0.0 : f32
  %r = tensor.pad %x low[%n] high[1] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<4xf32> to tensor<?xf32>
  return %r : tensor<?xf32>
}

// -----

// The shape of a result written into a fill is that of the empty tensor below
// it: asking the fill would keep it alive outside of the kernels.
// CHECK-LABEL: @insert_into_fill
// CHECK-SAME: %[[N:.+]]: index
// CHECK-NOT: linalg.fill
// CHECK: %[[EMPTY:.+]] = tensor.empty(%[[N]])
// CHECK-NOT: linalg.fill
// CHECK: graph.kernel {{.*}} outs(%[[EMPTY]]
func.func @insert_into_fill(%n: index, %x: tensor<4xf32>) -> tensor<?xf32> {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty(%n) : tensor<?xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<?xf32>) -> tensor<?xf32>
  %r = tensor.insert_slice %x into %fill[0] [4] [2] : tensor<4xf32> into tensor<?xf32>
  return %r : tensor<?xf32>
}

// Packed codes join the product that reads them; what else reads them, too, is a
// kernel of its own.
// CHECK-LABEL: func @codes
// CHECK: graph.kernel
// CHECK: %[[W:.*]] = lp.dequantize
// CHECK: linalg.matmul ins(%{{.*}}, %[[W]]
// CHECK: return
func.func @codes(%x: tensor<2x8xf32>, %c: tensor<12xi8>, %s: tensor<3x2xf32>) -> tensor<2x3xf32> {
  %w = lp.dequantize %c, %s
      layout(<n = 1, k = 2, container = 8, planes = <bits = 4, shift = 0, slot = [k2], lane = [], reg = []>>)
      scheme(<bits = 4, group = 4, zero = 8>) : tensor<12xi8>, tensor<3x2xf32> -> tensor<8x3xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x3xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x3xf32>) -> tensor<2x3xf32>
  %m = linalg.matmul ins(%x, %w : tensor<2x8xf32>, tensor<8x3xf32>) outs(%f : tensor<2x3xf32>) -> tensor<2x3xf32>
  return %m : tensor<2x3xf32>
}

// CHECK-LABEL: func @shared_codes
// CHECK: graph.kernel
// CHECK: lp.dequantize
// CHECK: graph.yield
// CHECK: graph.kernel
// CHECK-NOT: lp.dequantize
// CHECK: return
func.func @shared_codes(%x: tensor<2x8xf32>, %c: tensor<12xi8>, %s: tensor<3x2xf32>) -> (tensor<2x3xf32>, tensor<8x3xf32>) {
  %w = lp.dequantize %c, %s
      layout(<n = 1, k = 2, container = 8, planes = <bits = 4, shift = 0, slot = [k2], lane = [], reg = []>>)
      scheme(<bits = 4, group = 4, zero = 8>) : tensor<12xi8>, tensor<3x2xf32> -> tensor<8x3xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x3xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x3xf32>) -> tensor<2x3xf32>
  %m = linalg.matmul ins(%x, %w : tensor<2x8xf32>, tensor<8x3xf32>) outs(%f : tensor<2x3xf32>) -> tensor<2x3xf32>
  return %m, %w : tensor<2x3xf32>, tensor<8x3xf32>
}

// -----

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#one = affine_map<(i) -> (i)>

// A root between the sum and its use is part of the row, and so is a sum of
// squared distances: the mean is the same for all that is summed.
// CHECK-LABEL: @normalisation
// CHECK: graph.kernel
// CHECK-NOT: graph.kernel
// ALONE-LABEL: @normalisation
// ALONE-COUNT-3: graph.kernel
func.func @normalisation(%x: tensor<4x16xf32>, %mean: tensor<4xf32>) -> tensor<4x16xf32> {
  %zero = arith.constant 0.0 : f32
  %e1 = tensor.empty() : tensor<4xf32>
  %e2 = tensor.empty() : tensor<4x16xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e1 : tensor<4xf32>) -> tensor<4xf32>
  %sum = linalg.generic {indexing_maps = [#id, #row, #row], iterator_types = ["parallel", "reduction"]} ins(%x, %mean : tensor<4x16xf32>, tensor<4xf32>) outs(%z : tensor<4xf32>) {
  ^bb0(%a: f32, %m: f32, %b: f32):
    %c = arith.subf %a, %m : f32
    %d = arith.mulf %c, %c : f32
    %e = arith.addf %d, %b : f32
    linalg.yield %e : f32
  } -> tensor<4xf32>
  %root = linalg.generic {indexing_maps = [#one, #one], iterator_types = ["parallel"]} ins(%sum : tensor<4xf32>) outs(%e1 : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %c = math.sqrt %a : f32
    linalg.yield %c : f32
  } -> tensor<4xf32>
  %r = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %root : tensor<4x16xf32>, tensor<4xf32>) outs(%e2 : tensor<4x16xf32>) {
  ^bb0(%a: f32, %m: f32, %b: f32):
    %c = arith.divf %a, %m : f32
    linalg.yield %c : f32
  } -> tensor<4x16xf32>
  return %r : tensor<4x16xf32>
}

// -----

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>

// What follows a contraction is computed once, in its epilogue; each pass of a
// row would compute it again.
// CHECK-LABEL: @epilogue_before_rows
// CHECK: graph.kernel
// CHECK: linalg.matmul
// CHECK: math.absf
// CHECK: graph.yield
// CHECK: graph.kernel
// CHECK: "reduction"
// CHECK: arith.divf
// CHECK: graph.yield
func.func @epilogue_before_rows(%x: tensor<4x8xf32>, %w: tensor<8x16xf32>) -> tensor<4x16xf32> {
  %zero = arith.constant 0.0 : f32
  %e1 = tensor.empty() : tensor<4xf32>
  %e2 = tensor.empty() : tensor<4x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e2 : tensor<4x16xf32>) -> tensor<4x16xf32>
  %m = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x16xf32>) outs(%f : tensor<4x16xf32>) -> tensor<4x16xf32>
  %abs = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%m : tensor<4x16xf32>) outs(%e2 : tensor<4x16xf32>) {
  ^bb0(%a: f32, %b: f32):
    %c = math.absf %a : f32
    linalg.yield %c : f32
  } -> tensor<4x16xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e1 : tensor<4xf32>) -> tensor<4xf32>
  %sum = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%abs : tensor<4x16xf32>) outs(%z : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %c = arith.addf %a, %b : f32
    linalg.yield %c : f32
  } -> tensor<4xf32>
  %r = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%abs, %sum : tensor<4x16xf32>, tensor<4xf32>) outs(%e2 : tensor<4x16xf32>) {
  ^bb0(%a: f32, %m0: f32, %b: f32):
    %c = arith.divf %a, %m0 : f32
    linalg.yield %c : f32
  } -> tensor<4x16xf32>
  return %r : tensor<4x16xf32>
}

// -----

// A constant of several values is read from memory, however few they are: the
// lowerings of kernels know no constants but splats.
// CHECK-LABEL: @few_values
// CHECK: %[[BIAS:.+]] = arith.constant dense<[1.0{{.*}}, 2.0{{.*}}, 3.0{{.*}}]> : tensor<3xf32>
// CHECK: graph.kernel ins(%{{.+}}, %[[BIAS]] : tensor<8x3xf32>, tensor<3xf32>)
// CHECK: ^bb0(
// CHECK-NOT: arith.constant dense<[1
// CHECK: arith.constant dense<4.0{{.*}}> : tensor<3xf32>
#bias = affine_map<(i, j) -> (j)>
#id = affine_map<(i, j) -> (i, j)>
func.func @few_values(%x: tensor<8x3xf32>) -> tensor<8x3xf32> {
  %bias = arith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %four = arith.constant dense<4.0> : tensor<3xf32>
  %e = tensor.empty() : tensor<8x3xf32>
  %r = linalg.generic {indexing_maps = [#id, #bias, #bias, #id], iterator_types = ["parallel", "parallel"]} ins(%x, %bias, %four : tensor<8x3xf32>, tensor<3xf32>, tensor<3xf32>) outs(%e : tensor<8x3xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %o: f32):
    %s = arith.addf %a, %b : f32
    %p = arith.mulf %s, %c : f32
    linalg.yield %p : f32
  } -> tensor<8x3xf32>
  return %r : tensor<8x3xf32>
}
