// RUN: tegula-opt %s -split-input-file -verify-diagnostics -tegula-lp-expand-dot | FileCheck %s --check-prefixes=CHECK,PLAIN
// RUN: tegula-opt %s -split-input-file -verify-diagnostics -tegula-lp-expand-dot=byte-product-bits=256 | FileCheck %s --check-prefixes=CHECK,BYTES

// CHECK-LABEL: func @vectors
// CHECK-SAME: (%[[X:.*]]: vector<8xi32>, %[[Y:.*]]: vector<8xi32>, %[[ACC:.*]]: vector<8xi32>)
// CHECK: %[[XN:.*]] = vector.bitcast %[[X]] : vector<8xi32> to vector<16xi16>
// CHECK: %[[XW:.*]] = arith.extsi %[[XN]] : vector<16xi16> to vector<16xi32>
// CHECK: %[[YN:.*]] = vector.bitcast %[[Y]]
// CHECK: %[[YW:.*]] = arith.extsi %[[YN]]
// CHECK: %[[P:.*]] = arith.muli %[[XW]], %[[YW]] : vector<16xi32>
// CHECK: %[[EVEN:.*]], %[[ODD:.*]] = vector.deinterleave %[[P]] : vector<16xi32> -> vector<8xi32>
// CHECK: %[[PAIRS:.*]] = arith.addi %[[EVEN]], %[[ODD]]
// CHECK: arith.addi %[[ACC]], %[[PAIRS]]
func.func @vectors(%x: vector<8xi32>, %y: vector<8xi32>, %acc: vector<8xi32>) -> vector<8xi32> {
  %0 = lp.dot %x, %y, %acc : vector<8xi32>
  return %0 : vector<8xi32>
}

// CHECK-LABEL: func @scalars
// CHECK: arith.trunci %{{.*}} : i32 to i16
// CHECK: arith.extsi %{{.*}} : i16 to i32
// CHECK: arith.shrsi
// CHECK-NOT: lp.dot
func.func @scalars(%x: i32, %y: i32, %acc: i32) -> i32 {
  %0 = lp.dot %x, %y, %acc : i32
  return %0 : i32
}

// Narrow ones are one product of bytes and a sum of its neighbours.
// CHECK-LABEL: func @narrow
// CHECK-SAME: (%[[X:.*]]: vector<8xi32>, %[[Y:.*]]: vector<8xi32>, %[[ACC:.*]]: vector<8xi32>)
// BYTES: %[[XB:.*]] = vector.bitcast %[[X]] : vector<8xi32> to vector<32xi8>
// BYTES: %[[YB:.*]] = vector.bitcast %[[Y]] : vector<8xi32> to vector<32xi8>
// BYTES: %[[S:.*]] = llvm.call_intrinsic "llvm.x86.avx2.pmadd.ub.sw"(%[[XB]], %[[YB]]) : (vector<32xi8>, vector<32xi8>) -> vector<16xi16>
// BYTES: %[[W:.*]] = arith.extsi %[[S]] : vector<16xi16> to vector<16xi32>
// BYTES: vector.deinterleave %[[W]]
// BYTES-NOT: arith.muli
// BYTES: return
// PLAIN-NOT: call_intrinsic
// PLAIN-COUNT-2: vector.deinterleave
// PLAIN: return
func.func @narrow(%x: vector<8xi32>, %y: vector<8xi32>, %acc: vector<8xi32>) -> vector<8xi32> {
  %0 = lp.dot_bytes %x, %y, %acc {narrow} : vector<8xi32>
  return %0 : vector<8xi32>
}

// Others could saturate, and wider vectors have no instruction: even bytes as
// pairs, then odd ones.
// CHECK-LABEL: func @bytes
// CHECK-NOT: call_intrinsic
// CHECK-COUNT-4: vector.deinterleave
// CHECK-NOT: lp.dot
// CHECK: return
func.func @bytes(%x: vector<8xi32>, %w: vector<16xi32>) -> (vector<8xi32>, vector<16xi32>) {
  %0 = lp.dot_bytes %x, %x, %x : vector<8xi32>
  %1 = lp.dot_bytes %w, %w, %w {narrow} : vector<16xi32>
  return %0, %1 : vector<8xi32>, vector<16xi32>
}

// CHECK-LABEL: func @scalar_bytes
// CHECK-DAG: arith.constant 16711935 : i32
// CHECK-COUNT-4: arith.muli
// CHECK-NOT: lp.dot
// CHECK: return
func.func @scalar_bytes(%x: i32) -> i32 {
  %0 = lp.dot_bytes %x, %x, %x : i32
  return %0 : i32
}

// Other arithmetic stays.
// CHECK-LABEL: func @other
// CHECK-NEXT: arith.muli
// CHECK-NEXT: return
func.func @other(%x: i32) -> i32 {
  %0 = arith.muli %x, %x : i32
  return %0 : i32
}

// -----

func.func @tensors(%x: tensor<8xi32>) -> tensor<8xi32> {
  // expected-error@+1 {{is on tensors: it is expanded where loops are}}
  %0 = lp.dot %x, %x, %x : tensor<8xi32>
  return %0 : tensor<8xi32>
}
