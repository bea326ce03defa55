; input: words 8 2
target triple = "x86_64-unknown-linux-gnu"
define i32 @tegula_entry(ptr %ctx, ptr %inputs, ptr %shapes) {
  ret i32 0
}
