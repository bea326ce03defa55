"""The C ABI of include/tegula/Runtime/Abi.h in ctypes, for tests."""

import ctypes as c

import numpy as np

OK, ARGUMENT, DTYPE, SHAPE, LAYOUT, MISALIGNED, TOO_SMALL = range(7)
NO_MEMORY, NO_CPU, BUSY, OUT_OF_RANGE, CHECK_FAILED, INTERNAL = range(7, 13)
FLOAT, INT32, INT64 = 1, 6, 7
DTYPES = {FLOAT: np.float32, INT32: np.int32, INT64: np.int64}
EXECUTOR_TASK = c.CFUNCTYPE(None, c.c_void_p, c.c_int64)
EXECUTOR = c.CFUNCTYPE(None, c.c_void_p, EXECUTOR_TASK, c.c_void_p, c.c_int64)


class Tensor(c.Structure):
    _fields_ = [
        ("data", c.c_void_p),
        ("bytes", c.c_int64),
        ("dtype", c.c_int32),
        ("rank", c.c_int32),
        ("shape", c.POINTER(c.c_int64)),
        ("strides", c.POINTER(c.c_int64)),
    ]


class TensorInfo(c.Structure):
    _fields_ = [
        ("name", c.c_char_p),
        ("dtype", c.c_int32),
        ("rank", c.c_int32),
        ("dims", c.POINTER(c.c_int64)),
        ("dim_names", c.POINTER(c.c_char_p)),
    ]


class Manifest(c.Structure):
    _fields_ = [
        ("abi_version", c.c_uint32),
        ("size", c.c_uint32),
        ("name", c.c_char_p),
        ("num_inputs", c.c_int64),
        ("inputs", c.POINTER(TensorInfo)),
        ("num_outputs", c.c_int64),
        ("outputs", c.POINTER(TensorInfo)),
        ("arena_bytes", c.c_int64),
        ("num_slots", c.c_int64),
        ("weight_bytes", c.c_int64),
        ("cpu_features", c.c_char_p),
        ("provenance", c.c_char_p),
    ]


class Options(c.Structure):
    _fields_ = [
        ("size", c.c_uint32),
        ("num_threads", c.c_int32),
        ("executor", EXECUTOR),
        ("executor_data", c.c_void_p),
        ("arena", c.c_void_p),
        ("arena_bytes", c.c_int64),
        ("max_bytes", c.c_int64),
        ("poison", c.c_int32),
        ("poison_byte", c.c_int32),
        ("gpu_library", c.c_char_p),
        ("gpu_device", c.c_int64),
        ("weights", c.c_int32),
        ("reserved", c.c_int32),
    ]


class Model(c.Structure):
    _fields_ = [
        ("abi_version", c.c_uint32),
        ("size", c.c_uint32),
        ("manifest", c.POINTER(Manifest)),
        ("create", c.CFUNCTYPE(c.c_int32, c.POINTER(Options), c.POINTER(c.c_void_p))),
        ("run", c.CFUNCTYPE(c.c_int32, c.c_void_p, c.POINTER(Tensor), c.c_int64,
                            c.POINTER(Tensor), c.c_int64)),
        ("destroy", c.CFUNCTYPE(None, c.c_void_p)),
        ("last_error", c.CFUNCTYPE(c.c_char_p, c.c_void_p)),
        ("status_text", c.CFUNCTYPE(c.c_char_p, c.c_int32)),
    ]


def sizes(shape):
    return (c.c_int64 * len(shape))(*shape)


def tensor(array, **changes):
    """The Tensor of an array; `changes` replace its fields."""
    dtype = {np.dtype(v): k for k, v in DTYPES.items()}[array.dtype]
    result = Tensor(array.ctypes.data, array.nbytes, dtype, array.ndim,
                    sizes(array.shape), None)
    for field, value in changes.items():
        setattr(result, field, value)
    result.keep = array, result.shape
    return result


class Context:
    """A context of the model in a shared object."""

    def __init__(self, path, symbol="tegula_model", **options):
        self.library = c.CDLL(path)
        getattr(self.library, symbol).restype = c.POINTER(Model)
        self.model = getattr(self.library, symbol)().contents
        self.handle = c.c_void_p()
        self.options = Options(size=c.sizeof(Options), **options)
        self.status = self.model.create(c.byref(self.options), c.byref(self.handle))

    def error(self):
        return self.model.last_error(self.handle).decode()

    def run_raw(self, inputs, outputs):
        """The status of a run on lists of Tensor."""
        return self.model.run(self.handle, (Tensor * len(inputs))(*inputs), len(inputs),
                              outputs, len(outputs))

    def run(self, *arrays):
        """Outputs of a run that must succeed, as copies."""
        outputs = (Tensor * self.model.manifest.contents.num_outputs)()
        status = self.run_raw([tensor(a) for a in arrays], outputs)
        assert status == OK, (status, self.error())
        return [self.copy(o) for o in outputs]

    @staticmethod
    def copy(output):
        shape = output.shape[:output.rank]
        raw = c.string_at(output.data, output.bytes)
        return np.frombuffer(raw, DTYPES[output.dtype]).reshape(shape)

    def close(self):
        self.model.destroy(self.handle)
        self.handle = c.c_void_p()
