"""Temporary memory of a parallel region is reused by the next one."""

import sys

from artifact import *

for threads in (1, 2, 3):
    context = Context(sys.argv[1], num_threads=threads, max_bytes=1 << 20)
    for _ in range(20):
        (count,) = context.run()
        assert count.shape == () and count == 800
    context.close()

# 8 tasks at a time need 800 kB.
context = Context(sys.argv[1], num_threads=2, max_bytes=500000)
assert context.run_raw([], (Tensor * 1)()) == NO_MEMORY
assert "goes over the limit of 500000" in context.error()
context.close()
print("ok")
