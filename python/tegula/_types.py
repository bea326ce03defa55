"""Element types: ONNX's numbers, NumPy's dtypes, ONNX Runtime's names.

A compiled model holds each element of a type narrower than a byte in a byte of
its own, and floating-point types that NumPy lacks as their bits. Those are
arrays of `ml_dtypes` types where that package is installed, else of unsigned
integers of the same width.
"""

import functools

import numpy as np

try:
    import ml_dtypes
except ImportError:  # only models with such types need it
    ml_dtypes = None

# number: (name in ONNX, name in ONNX Runtime, NumPy type or the name in ml_dtypes, bytes)
_TABLE = {
    1: ("float32", "float", np.float32, 4),
    2: ("uint8", "uint8", np.uint8, 1),
    3: ("int8", "int8", np.int8, 1),
    4: ("uint16", "uint16", np.uint16, 2),
    5: ("int16", "int16", np.int16, 2),
    6: ("int32", "int32", np.int32, 4),
    7: ("int64", "int64", np.int64, 8),
    8: ("string", "string", np.object_, 0),
    9: ("bool", "bool", np.bool_, 1),
    10: ("float16", "float16", np.float16, 2),
    11: ("float64", "double", np.float64, 8),
    12: ("uint32", "uint32", np.uint32, 4),
    13: ("uint64", "uint64", np.uint64, 8),
    14: ("complex64", "complex64", np.complex64, 8),
    15: ("complex128", "complex128", np.complex128, 16),
    16: ("bfloat16", "bfloat16", "bfloat16", 2),
    17: ("float8e4m3fn", "float8e4m3fn", "float8_e4m3fn", 1),
    18: ("float8e4m3fnuz", "float8e4m3fnuz", "float8_e4m3fnuz", 1),
    19: ("float8e5m2", "float8e5m2", "float8_e5m2", 1),
    20: ("float8e5m2fnuz", "float8e5m2fnuz", "float8_e5m2fnuz", 1),
    21: ("uint4", "uint4", "uint4", 1),
    22: ("int4", "int4", "int4", 1),
    23: ("float4e2m1", "float4e2m1", "float4_e2m1fn", 1),
    24: ("float8e8m0", "float8e8m0", "float8_e8m0fnu", 1),
    25: ("uint2", "uint2", "uint2", 1),
    26: ("int2", "int2", "int2", 1),
}
_SIGNED_NARROW = {22, 26}


@functools.cache
def numpy_dtype(number):
    """The NumPy dtype in which arrays of this element type are given and taken."""
    kind, size = _TABLE[number][2:]
    if isinstance(kind, str):
        found = getattr(ml_dtypes, kind, None) if ml_dtypes else None
        return np.dtype(found) if found is not None else np.dtype(f"u{size}")
    return np.dtype(kind)


@functools.cache
def storage_dtype(number):
    """The dtype of the bytes that the compiled model reads and writes."""
    dtype = numpy_dtype(number)
    if isinstance(_TABLE[number][2], str):
        return np.dtype("i1") if number in _SIGNED_NARROW else np.dtype(f"u{_TABLE[number][3]}")
    return dtype


def runtime_name(number):
    """Such as `tensor(float)`, as ONNX Runtime says it."""
    return f"tensor({_TABLE[number][1]})" if number in _TABLE else f"tensor({number})"


def array_type_name(dtype):
    """What `runtime_name` would call an array of this dtype."""
    for number, (_, name, _, _) in _TABLE.items():
        if numpy_dtype(number) == dtype:
            return f"tensor({name})"
    return str(dtype)


def to_storage(array, number):
    """The array as the compiled model reads it; no copy where none is needed."""
    storage = storage_dtype(number)
    if array.dtype == storage:
        return array
    if number in _SIGNED_NARROW:
        return array.astype(storage)
    return array.view(storage)


def from_storage(array, number):
    """The reverse of `to_storage`."""
    dtype = numpy_dtype(number)
    if array.dtype == dtype:
        return array
    if number in _SIGNED_NARROW:
        return array.astype(dtype)
    return array.view(dtype)
