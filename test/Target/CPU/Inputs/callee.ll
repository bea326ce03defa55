target triple = "x86_64-unknown-linux-gnu"
declare <8 x float> @llvm.fmuladd.v8f32(<8 x float>, <8 x float>, <8 x float>)
define hidden void @kernel(ptr %x, ptr %y) {
  %v = load <8 x float>, ptr %x, align 4
  %r = call <8 x float> @llvm.fmuladd.v8f32(<8 x float> %v, <8 x float> %v, <8 x float> %v)
  store <8 x float> %r, ptr %y, align 4
  ret void
}
