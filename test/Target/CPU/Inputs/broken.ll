define void @f() {
  call void %nothing()
  ret void
}
