"""Two models in one shared object, and the arguments of a typed function."""

import ctypes as c
import pathlib
import sys

import numpy as np

sys.path.append(str(pathlib.Path(__file__).parents[3] / "Runtime" / "Inputs"))
from artifact import *

path = sys.argv[1]
library = c.CDLL(path)

# The first model, by its generic interface.
one = Context(path, "one_model", num_threads=2)
x = np.ones((4, 3), np.float32)
assert (one.run(x)[0] == np.float32([2, 3, 4])).all()

# The second, by its typed one: static, dynamic and unranked tensors.
for name in ("create", "run"):
    getattr(library, "two_" + name).restype = c.c_int32
library.two_last_error.restype = c.c_char_p
context = c.c_void_p()
assert library.two_create(c.c_int32(1), c.byref(context)) == OK

x = np.int64([[1, 2], [3, 4]])
dynamic = np.float32([1, 2, 3])
unranked = np.arange(6, dtype=np.int32).reshape(1, 2, 3)
y = np.zeros_like(x)
mine = np.zeros(3, np.float32)
d, u = c.c_void_p(mine.ctypes.data), c.c_void_p(None)
d_shape, u_shape, u_rank = (c.c_int64 * 1)(), (c.c_int64 * 32)(), c.c_int64()


def run(capacity):
    return library.two_run(
        context,
        c.c_void_p(x.ctypes.data),
        c.c_void_p(dynamic.ctypes.data), sizes(dynamic.shape),
        c.c_void_p(unranked.ctypes.data), c.c_int64(3), sizes(unranked.shape),
        c.c_void_p(y.ctypes.data),
        c.byref(d), c.c_int64(capacity), d_shape,
        c.byref(u), c.c_int64(0), u_shape, c.byref(u_rank))


assert run(3) == OK, library.two_last_error(context)
assert y.tolist() == [[6, 2], [3, 4]]  # pow(2.5, 2) = 6.25
assert mine.tolist() == [1, 2, 3] and d.value == mine.ctypes.data
assert d_shape[:] == [3] and u_rank.value == 3 and u_shape[:3] == [1, 2, 3]
assert c.string_at(u.value, 24) == unranked.tobytes()

# Too little room for the dynamic output.
assert run(2) == TOO_SMALL
assert b"output 'd' has 12 bytes" in library.two_last_error(context)
library.two_destroy(context)
one.close()
print("ok")
