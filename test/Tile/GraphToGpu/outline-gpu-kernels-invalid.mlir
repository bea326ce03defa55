// RUN: tegula-opt %s -tegula-tile-outline-gpu-kernels -split-input-file -verify-diagnostics

func.func @values(%a: memref<8xf32>, %o: memref<f32>, %v: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  // expected-error @below {{computes values in order, which the GPU target does not support yet; compile for the CPU}}
  %s = scf.for %i = %c0 to %c8 step %c1 iter_args(%sum = %v) -> f32 {
    %x = memref.load %a[%i] : memref<8xf32>
    memref.store %x, %o[] : memref<f32>
    %next = arith.addf %sum, %x : f32
    scf.yield %next : f32
  }
  memref.store %s, %o[] : memref<f32>
  return
}

// -----

func.func @temporary(%o: memref<?xf32>, %n: index, %v: f32) {
  scf.forall (%i) in (%n) {
    // expected-error @below {{in a GPU kernel has a size that is known at run time only, which is not supported yet}}
    %t = memref.alloc(%n) : memref<?xf32>
    memref.store %v, %t[%i] : memref<?xf32>
    %w = memref.load %t[%i] : memref<?xf32>
    memref.store %w, %o[%i] : memref<?xf32>
  }
  return
}
