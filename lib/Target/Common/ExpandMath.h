//===- ExpandMath.h - Elementary functions as arithmetic --------*- C++ -*-===//
//
// One function per elementary function, by family. Each takes and returns
// expressions of one type: f32 everywhere; the families Exp and Log, where
// noted, f64 as well. NaN, infinities, signed zeros and subnormals give what
// NumPy gives; the README has the measured errors.
//
//===----------------------------------------------------------------------===//

#ifndef TEGULA_LIB_TARGET_COMMON_EXPANDMATH_H
#define TEGULA_LIB_TARGET_COMMON_EXPANDMATH_H

#include "ElementwiseExpr.h"
#include "mlir/IR/PatternMatch.h"

namespace tegula::target {

// ExpandMathExp.cpp: f32 and f64.
Expr expandExp(Expr x);
/// With 2^n in one step: zero below 2^-126.5, infinity above 2^127.5.
Expr expandExpOfNormals(Expr x);
Expr expandExp2(Expr x);
Expr expandExpm1(Expr x);
Expr expandTanh(Expr x);
Expr expandCosh(Expr x);
// f32.
Expr expandSinh(Expr x);

// ExpandMathLog.cpp: f32 and f64.
Expr expandLog(Expr x);
Expr expandLog2(Expr x);
Expr expandLog10(Expr x);
Expr expandLog1p(Expr x);
// f32.
Expr expandAsinh(Expr x);
Expr expandAcosh(Expr x);
Expr expandAtanh(Expr x);

// ExpandMathPower.cpp: f32.
Expr expandPow(Expr x, Expr y);
Expr expandCbrt(Expr x);
/// f32 and f64: x^exponent by multiplications or a root, where that is no
/// less precise; failure for other exponents.
mlir::FailureOr<Expr> expandConstantPow(Expr x, double exponent);
/// f32 and f64: 1 / sqrt(x), each rounded.
Expr expandRsqrt(Expr x);

// ExpandMathTrig.cpp: f32.
Expr expandSin(Expr x);
Expr expandCos(Expr x);
Expr expandTan(Expr x);
std::pair<Expr, Expr> expandSinCos(Expr x);

// ExpandMathInverseTrig.cpp: f32.
Expr expandAsin(Expr x);
Expr expandAcos(Expr x);
Expr expandAtan(Expr x);
Expr expandAtan2(Expr y, Expr x);

// ExpandMathErf.cpp: f32.
Expr expandErf(Expr x);
Expr expandErfc(Expr x);

// ExpandMathIdentities.cpp: formulas that are cheaper than their functions one
// by one. To be applied before the functions are expanded.
void populateMathIdentities(mlir::RewritePatternSet &patterns);

//===----------------------------------------------------------------------===//
// f64 helpers with just the precision that a correctly rounded-looking f32
// result needs (2^-36), for functions that are rare enough.
//===----------------------------------------------------------------------===//

/// exp and exp2 of an f64 in [-700, 700] and [-1000, 1000].
Expr exp64ForF32(Expr x);
Expr exp2In64ForF32(Expr x);
/// log and log2 of a positive, normal, finite f64.
Expr log64ForF32(Expr x);
Expr log2In64ForF32(Expr x);

} // namespace tegula::target

#endif // TEGULA_LIB_TARGET_COMMON_EXPANDMATH_H
