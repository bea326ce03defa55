// RUN: tegula-opt %s -split-input-file -verify-diagnostics

// expected-error@+1 {{`nr` must be a multiple of `vl` (8), found 12}}
func.func private @a() attributes {schedule = #sched.contraction<mr = 6, nr = 12, vl = 8, kc = 64, mc = 12, nc = 48, pack_columns = false, prefetch = 0, numerics = "fma">}

// -----

// expected-error@+1 {{`kc` must be between 1 and 1099511627776, found 0}}
func.func private @a() attributes {schedule = #sched.contraction<mr = 6, nr = 16, vl = 8, kc = 0, mc = 12, nc = 48, pack_columns = false, prefetch = 0, numerics = "fma">}

// -----

// expected-error@+1 {{`vl` must be between 1 and 64, found 128}}
func.func private @a() attributes {schedule = #sched.elementwise<vl = 128, unroll = 1, grain = 4096, numerics = "exact">}

// -----

// expected-error@+1 {{`fc` must be a multiple of `mr` (6), found 64}}
func.func private @a() attributes {schedule = #sched.convolution<mr = 6, nr = 16, vl = 8, kc = 256, nb = 4, fc = 64, in_place = false, numerics = "fma">}
