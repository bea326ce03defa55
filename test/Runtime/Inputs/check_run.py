"""Runs scale.so with 1, 2 and 3 threads, an executor, own memory and poison."""

import ctypes as c
import sys

import numpy as np

from artifact import *

path = sys.argv[1]
weights = np.float32([2, 3, 4])
x = np.random.default_rng(1).standard_normal((1001, 3)).astype(np.float32)

# Equal bits for any number of threads; the context is used many times.
for threads in (1, 2, 3, 7):
    context = Context(path, num_threads=threads)
    assert context.status == OK
    for rows in (1001, 1, 0, 2, 5, 1000):
        for _ in range(20):
            (y,) = context.run(x[:rows])
        assert y.shape == (rows, 3) and y.tobytes() == (x[:rows] * weights).tobytes()
    context.close()

# An executor of the caller gets all parts, here in reverse order.
calls = []


@EXECUTOR
def backwards(data, task, argument, count):
    calls.append(count)
    for i in reversed(range(count)):
        task(argument, i)


context = Context(path, num_threads=4, executor=backwards)
assert context.run(x)[0].tobytes() == (x * weights).tobytes() and calls == [4]
context.close()

# Poisoned scratch memory changes nothing.
for byte in (0, 0x7F, 0xFF):
    context = Context(path, num_threads=2, poison=1, poison_byte=byte)
    assert context.run(x)[0].tobytes() == (x * weights).tobytes()
    context.close()

# The caller's memory is used, up to its capacity.
context = Context(path, num_threads=1)
y = np.zeros((1001, 3), np.float32)
outputs = (Tensor * 1)(tensor(y))
assert context.run_raw([tensor(x)], outputs) == OK
assert outputs[0].data == y.ctypes.data and (y == x * weights).all()

manifest = context.model.manifest.contents
assert manifest.num_inputs == 1 and manifest.inputs[0].name == b"x"
assert manifest.inputs[0].dims[:2] == [-1, 3]
assert manifest.inputs[0].dim_names[:2] == [b"n", b""]
context.close()
context.model.destroy(None)
print("ok")
