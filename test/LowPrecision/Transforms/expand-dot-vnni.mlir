// RUN: tegula-opt %s -tegula-lp-expand-dot='byte-product-bits=512 byte-dot-bits=256' | FileCheck %s

// Four products of bytes are summed exactly by one instruction, narrow or not.
// CHECK-LABEL: func @bytes
// CHECK-SAME: (%[[X:.*]]: vector<8xi32>, %[[Y:.*]]: vector<8xi32>, %[[ACC:.*]]: vector<8xi32>)
// CHECK: %[[XB:.*]] = vector.bitcast %[[X]] : vector<8xi32> to vector<32xi8>
// CHECK: %[[YB:.*]] = vector.bitcast %[[Y]] : vector<8xi32> to vector<32xi8>
// CHECK: %[[SUM:.*]] = llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.256"(%[[ACC]], %[[XB]], %[[YB]])
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.256"(%[[SUM]],
// CHECK: return
func.func @bytes(%x: vector<8xi32>, %y: vector<8xi32>, %acc: vector<8xi32>) -> vector<8xi32> {
  %0 = lp.dot_bytes %x, %y, %acc : vector<8xi32>
  %1 = lp.dot_bytes %x, %y, %0 {narrow} : vector<8xi32>
  return %1 : vector<8xi32>
}

// Wider vectors have no such instruction, others have no instruction at all.
// CHECK-LABEL: func @wider
// CHECK-NOT: vpdpbusd
// CHECK: "llvm.x86.avx512.pmaddubs.w.512"
// CHECK-NOT: call_intrinsic
// CHECK: return
func.func @wider(%x: vector<16xi32>, %y: vector<3xi32>) -> (vector<16xi32>, vector<3xi32>) {
  %0 = lp.dot_bytes %x, %x, %x {narrow} : vector<16xi32>
  %1 = lp.dot_bytes %y, %y, %y {narrow} : vector<3xi32>
  return %0, %1 : vector<16xi32>, vector<3xi32>
}
