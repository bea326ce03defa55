// RUN: tegula-opt %s -tegula-tile-lower-tasks -verify-diagnostics

func.func @two_dimensions() {
  // expected-error @below {{expects a kernel with one parallel loop, of one dimension, from 0 in steps of 1}}
  scf.forall (%i, %j) in (4, 4) {
  }
  return
}
