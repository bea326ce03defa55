//===- Passes.td - Passes that every target uses -----------*- tablegen -*-===//

#ifndef TEGULA_TARGET_COMMON_PASSES
#define TEGULA_TARGET_COMMON_PASSES

include "mlir/Pass/PassBase.td"

def ExpandMathPass : Pass<"tegula-target-expand-math"> {
  let summary = "Elementary functions become plain arithmetic";
  let description = [{
    Rewrites elementary functions of the math dialect, on scalars and on vectors
    of any shape, into arith operations: polynomials with a range reduction, free
    of branches, within 2 units in the last place in f32. NaN, infinities, -0
    and subnormals give what NumPy gives. f16 and bf16 are computed in f32. In
    f64, functions that are not expanded stay calls into the C library, and
    vectors of them become scalars. Rounding functions, sqrt, absf, copysign,
    fma, fpowi and ipowi are left to upstream's lowering. Tensors are left alone.

    Before:

    ```mlir
    %y = math.exp2 %x : vector<8xf32>
    ```

    After:

    ```mlir
    %0 = arith.addf %clamped, %rounder : vector<8xf32>
    %1 = arith.subf %0, %rounder : vector<8xf32>
    %r = arith.subf %clamped, %1 : vector<8xf32>
    ... // p(r), then two multiplications by powers of two built from %0's bits
    ```
  }];
  let dependentDialects = [
    "mlir::arith::ArithDialect",
    "mlir::math::MathDialect",
    "mlir::vector::VectorDialect"
  ];
  let options = [
    Option<"useFma", "use-fma", "bool", /*default=*/"true",
           "Use math.fma. Turn off for targets without such an instruction, "
           "where it becomes a call; results stay within 2 ULP">
  ];
}

#endif // TEGULA_TARGET_COMMON_PASSES
