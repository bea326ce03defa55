// RUN: tegula-opt %s -tegula-target-lower-entry -split-input-file -verify-diagnostics

// expected-error @below {{has no entry function 'main'}}
module {}

// -----

func.func @main() {
  // expected-error @below {{has no place; run tegula-tile-plan-arena}}
  %t = memref.alloc() : memref<4xf32>
  return
}
