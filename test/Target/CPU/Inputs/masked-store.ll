; Masked stores of truncated values: constant masks of one lane and of two, and
; one that is not known; floats in five lanes.
; input: x 1 16
; output: y 1 16

target triple = "x86_64-unknown-linux-gnu"

declare void @llvm.masked.store.v16i8.p0(<16 x i8>, ptr, <16 x i1>)
declare void @llvm.masked.store.v8f32.p0(<8 x float>, ptr, <8 x i1>)

define i32 @tegula_entry(ptr %ctx, ptr %inputs, ptr %shapes) {
  %x = load [3 x <16 x i32>], ptr %inputs, align 4
  %a = extractvalue [3 x <16 x i32>] %x, 0
  %b = extractvalue [3 x <16 x i32>] %x, 1
  %c = extractvalue [3 x <16 x i32>] %x, 2
  %a8 = trunc <16 x i32> %a to <16 x i8>
  %b8 = trunc <16 x i32> %b to <16 x i8>
  %c8 = trunc <16 x i32> %c to <16 x i8>
  %mask = load <16 x i1>, ptr %shapes
  %second = getelementptr i8, ptr %ctx, i64 64
  %third = getelementptr i8, ptr %ctx, i64 128
  %fourth = getelementptr i8, ptr %ctx, i64 192
  %f = load <8 x float>, ptr %inputs, align 4
  call void @llvm.masked.store.v16i8.p0(<16 x i8> %a8, ptr align 1 %ctx,
      <16 x i1> <i1 0, i1 0, i1 1, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0>)
  call void @llvm.masked.store.v16i8.p0(<16 x i8> %b8, ptr align 1 %second,
      <16 x i1> <i1 1, i1 1, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0, i1 0>)
  call void @llvm.masked.store.v8f32.p0(<8 x float> %f, ptr align 4 %fourth,
      <8 x i1> <i1 0, i1 1, i1 1, i1 1, i1 1, i1 1, i1 0, i1 0>)
  call void @llvm.masked.store.v16i8.p0(<16 x i8> %c8, ptr align 1 %third, <16 x i1> %mask)
  ret i32 0
}
