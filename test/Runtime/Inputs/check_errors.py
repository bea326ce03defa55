"""Whatever a caller gets wrong in calls.so ends with a status and a message."""

import ctypes as c
import sys

import numpy as np

from artifact import *

path = sys.argv[1]
mode = np.zeros(1, np.int32)
x = np.ones((2, 5), np.float32)
z = np.ones((5, 2, 3), np.float32)
y = np.zeros(2, np.float32)
context = Context(path, num_threads=1)


def expect(status, inputs, message, output=None, count=1):
    outputs = (Tensor * 1)(output or Tensor())
    code = context.model.run(context.handle, (Tensor * len(inputs))(*inputs),
                             len(inputs), outputs, count)
    assert code == status, (code, context.error())
    assert message in context.error(), context.error()


good = [tensor(mode), tensor(x), tensor(z)]
expect(OK, good, "")
expect(ARGUMENT, good[:2], "expected 3 inputs and 1 outputs, found 2 and 1")
expect(ARGUMENT, good, "found 3 and 0", count=0)


def bad_x(**changes):
    return [good[0], tensor(x, **changes), good[2]]


expect(ARGUMENT, bad_x(data=None), "input 'x': its data is null")
expect(ARGUMENT, bad_x(shape=None), "its shape is null")
expect(DTYPE, bad_x(dtype=INT32), "input 'x': expected element type 1, found 6")
expect(SHAPE, bad_x(rank=1), "expected rank 2, found 1")
expect(SHAPE, bad_x(rank=1000), "expected rank 2, found 1000")
expect(SHAPE, bad_x(rank=-1), "expected rank 2, found -1")
expect(SHAPE, bad_x(shape=sizes([3, 5])), "expected 2 in dimension 0, found 3")
expect(SHAPE, bad_x(shape=sizes([2, -5])), "dimension 1 is negative")
expect(SHAPE, bad_x(shape=sizes([2, 2**62])), "its size overflows")
expect(SHAPE, bad_x(shape=sizes([2, 4])),
       "dimension 'n' is 4 in input 'x' but 5 in input 'z'")
expect(TOO_SMALL, bad_x(bytes=39), "needs 40 bytes, its buffer has 39")
expect(MISALIGNED, bad_x(data=x.ctypes.data + 1), "aligned to 4 bytes")
expect(LAYOUT, bad_x(strides=sizes([1, 2])), "expected a dense row-major")
expect(OK, bad_x(strides=sizes([5, 1])), "")

# Sizes of zero: no data is needed, and strides do not matter.
empty = tensor(x, shape=sizes([2, 0]), strides=sizes([7, 7]))
expect(OK, [good[0], empty, tensor(z, shape=sizes([0, 2, 3]), data=None)], "")

expect(TOO_SMALL, good, "output 'y' has 8 bytes, but its buffer 7",
       tensor(y, bytes=7))
expect(ARGUMENT, good, "its capacity is negative", tensor(y, bytes=-1))
expect(MISALIGNED, good, "output 'y'", tensor(y, data=y.ctypes.data + 2))
expect(ARGUMENT, good, "output 'y' overlaps input 'x'",
       tensor(y, data=x.ctypes.data + 36, bytes=8))
assert (x == 1).all() and (y == 0).all()


def run_mode(value, status=OK, message=""):
    mode[0] = value
    expect(status, good, message)


# What generated code reports; control characters and % are harmless.
run_mode(1, OUT_OF_RANGE, "bad ? name%s%n!!")
for value in (0, 2, 3, 4, 4):
    run_mode(value)
run_mode(5, INTERNAL, "output 'y' was not produced")
run_mode(6, INTERNAL, "internal error")
run_mode(7, INTERNAL, "there is no slot 1")
run_mode(8, NO_MEMORY, "overflows")
run_mode(0)  # A failure does not stick.
assert context.error() == ""

# max_bytes limits all memory of a context.
context.close()
context = Context(path, num_threads=1, max_bytes=8192)
run_mode(3)
run_mode(2, NO_MEMORY, "over the limit of 8192")
run_mode(4, NO_MEMORY, "over the limit of 8192")
run_mode(0)
context.close()

# The caller's arena, which must be large enough and aligned.
memory = np.zeros(4096 + 64, np.uint8)
address = memory.ctypes.data + -memory.ctypes.data % 64
assert Context(path, arena=address, arena_bytes=4095).status == TOO_SMALL
assert Context(path, arena=address + 1, arena_bytes=4096).status == ARGUMENT
context = Context(path, arena=address, arena_bytes=4096, max_bytes=1024)
run_mode(2)
assert memory.any()
context.close()

# Options and contexts that are not there.
assert Context(path, num_threads=-1).status == ARGUMENT
assert Context(path, weights=-1).status == ARGUMENT
assert Context(path, weights=2).status == ARGUMENT
assert Context(path, reserved=1).status == ARGUMENT
broken = Context(path)
assert broken.model.create(None, None) == ARGUMENT
assert broken.model.run(None, None, 0, None, 0) == ARGUMENT
assert broken.model.last_error(None) == b"there is no context"
handle = c.c_void_p()
assert broken.model.create(None, c.byref(handle)) == OK
broken.model.destroy(handle)
broken.options.size = 4
assert broken.model.create(c.byref(broken.options), c.byref(handle)) == ARGUMENT
for status in range(19):
    assert broken.model.status_text(status)
print("ok")
