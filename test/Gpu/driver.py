#!/usr/bin/env python3
"""What callers of the driver can do wrong, and that the fake driver says so.

    driver.py LIBCUDA PTX-FOLDER

Each test_* function runs in a process of its own; it returns what it has to
complain of. Prints `N passed, N failed`.
"""

import ctypes
import os
import pathlib
import struct
import subprocess
import sys

SUCCESS, INVALID_VALUE, NO_BINARY, INVALID_PTX, NOT_FOUND = 0, 1, 209, 218, 500
INVALID_CONTEXT, INVALID_HANDLE, ILLEGAL_ADDRESS, OUT_OF_RESOURCES, LAUNCH_TIMEOUT = 201, 400, 700, 701, 702
LAUNCH_FAILED = 719
MAX_DYNAMIC_SHARED = 8


class Driver:
    """The driver, initialised, with a context, a stream and a kernel `reduce`."""

    def __init__(self, library, folder):
        self.library, self.folder = ctypes.CDLL(library), folder
        self.library.tegulaFakeDriverReport.restype = ctypes.c_char_p
        self.context, self.stream = ctypes.c_void_p(), ctypes.c_void_p()
        self.require("cuInit", 0)
        self.require("cuDevicePrimaryCtxRetain", ctypes.byref(self.context), 0)
        self.require("cuCtxPushCurrent_v2", self.context)
        self.require("cuStreamCreate", ctypes.byref(self.stream), 1)

    def call(self, name, *operands):
        return getattr(self.library, name)(*operands)

    def require(self, name, *operands):
        result = self.call(name, *operands)
        if result:
            raise SystemExit(f"{name}: {result}: {self.report()}")

    def report(self):
        return self.library.tegulaFakeDriverReport().decode()

    def allocate(self, size):
        address = ctypes.c_ulonglong()
        self.require("cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(size))
        return address

    def load(self, text):
        module = ctypes.c_void_p()
        return self.call("cuModuleLoadDataEx", ctypes.byref(module), text, 0, None, None), module

    def kernel(self, change=lambda text: text):
        """The kernel of reduce.ptx."""
        result, self.module = self.load(change((self.folder / "reduce.ptx").read_text()).encode())
        if result:
            raise SystemExit(f"cuModuleLoadDataEx: {result}")
        function = ctypes.c_void_p()
        self.require("cuModuleGetFunction", ctypes.byref(function), self.module, b"reduce")
        return function

    def launch(self, function, parameters, grid=(1, 1, 1), block=(128, 1, 1), shared=0, extra=None):
        pointers = None
        if parameters is not None:
            pointers = (ctypes.c_void_p * len(parameters))(*[ctypes.addressof(p) for p in parameters])
        config = struct.pack("6IIxxxxPPIxxxx", *grid, *block, shared, self.stream.value, 0, 0)
        return self.call("cuLaunchKernelEx", config, function, pointers, extra)

    def sync(self):
        return self.call("cuStreamSynchronize", self.stream)

    def reduce_parameters(self, count=128):
        """Buffers and parameters of a launch of `reduce` that is right."""
        source, target = self.allocate(512), self.allocate(4)
        data = (ctypes.c_float * 128)(*range(128))
        self.require("cuMemcpyHtoDAsync_v2", source, data, ctypes.c_size_t(512), self.stream)
        return source, target, ctypes.c_uint32(count)

    def close(self):
        """The end of the context; what was noted."""
        self.require("cuStreamDestroy_v2", self.stream)
        self.call("cuDevicePrimaryCtxRelease_v2", 0)
        return self.report()


def test_correct_use(d):
    function = d.kernel()
    source, target, count = d.reduce_parameters()
    d.require("cuMemsetD8Async", target, 0, ctypes.c_size_t(4), d.stream)
    assert d.launch(function, (source, target, count)) == SUCCESS
    result = ctypes.c_float(-1)
    d.require("cuMemcpyDtoHAsync_v2", ctypes.byref(result), target, ctypes.c_size_t(4), d.stream)
    assert result.value == -1, "nothing has waited yet"
    assert d.sync() == SUCCESS and result.value == 8128
    d.require("cuMemFree_v2", source)
    d.require("cuMemFree_v2", target)
    d.require("cuModuleUnload", d.module)
    return d.close() == ""


def test_parameters_in_a_buffer(d):
    function = d.kernel()
    source, target, count = d.reduce_parameters()
    buffer = struct.pack("QQI", source.value, target.value, count.value)
    size = ctypes.c_size_t(len(buffer))
    extra = (ctypes.c_void_p * 5)(1, ctypes.cast(buffer, ctypes.c_void_p).value, 2, ctypes.addressof(size), 0)
    assert d.launch(function, None, extra=extra) == SUCCESS and d.sync() == SUCCESS
    size.value -= 4
    assert d.launch(function, None, extra=extra) == INVALID_VALUE
    return "16 bytes of parameters, and it has 20" in d.report()


def test_leak(d):
    d.allocate(100)
    return "leak: 1 allocations of together 100 bytes" in d.close()


def test_double_free(d):
    address = d.allocate(100)
    d.require("cuMemFree_v2", address)
    assert d.call("cuMemFree_v2", address) == INVALID_VALUE
    return "cuMemFree of something that is not allocated: byte 0 of an allocation of 100 bytes" in d.report()


def test_copy_over_the_end(d):
    address, data = d.allocate(100), (ctypes.c_char * 104)()
    assert d.call("cuMemcpyHtoDAsync_v2", address, data, ctypes.c_size_t(104), d.stream) == INVALID_VALUE
    return "copy to the device of 104 bytes from byte 0 reaches over the end" in d.report()


def test_copy_of_what_is_not_written(d):
    address, data = d.allocate(100), (ctypes.c_char * 100)()
    d.require("cuMemsetD8Async", address, 1, ctypes.c_size_t(50), d.stream)
    d.require("cuMemcpyDtoHAsync_v2", data, address, ctypes.c_size_t(100), d.stream)
    assert d.sync() == LAUNCH_FAILED
    return "reads byte 50 of an allocation of 100 bytes, that nothing has written" in d.report()


def test_overlapping_copy(d):
    address = d.allocate(100)
    middle = ctypes.c_ulonglong(address.value + 10)
    assert d.call("cuMemcpyDtoDAsync_v2", middle, address, ctypes.c_size_t(50), d.stream) == INVALID_VALUE
    return "ranges that overlap" in d.report()


def test_use_after_free(d):
    function, parameters = d.kernel(), d.reduce_parameters()
    d.require("cuMemFree_v2", parameters[0])
    assert d.launch(function, parameters) == SUCCESS
    assert d.sync() == ILLEGAL_ADDRESS
    text = ctypes.c_char_p()
    d.call("cuGetErrorString", ILLEGAL_ADDRESS, ctypes.byref(text))
    assert b"byte 0 of an allocation of 512 bytes, which has been freed" in text.value
    # The context is lost.
    return d.call("cuMemFree_v2", parameters[1]) == ILLEGAL_ADDRESS


def test_free_waits(d):
    function, parameters = d.kernel(), d.reduce_parameters()
    assert d.launch(function, parameters) == SUCCESS
    d.require("cuMemFree_v2", parameters[0])
    return d.sync() == SUCCESS


def test_race_in_a_kernel(d):
    function = d.kernel(lambda text: text.replace("bar.sync 0;", ""))
    assert d.launch(function, d.reduce_parameters()) == SUCCESS
    assert d.sync() == LAUNCH_FAILED
    return "kernel reduce, PTX line 35 (st.shared.f32)" in d.report()


def test_hang(d):
    function = d.kernel(lambda text: text.replace("bar.sync 0;", "bar.sync 0, 256;"))
    assert d.launch(function, d.reduce_parameters()) == SUCCESS
    return d.sync() == LAUNCH_TIMEOUT and "deadlock" in d.report()


def test_launch_shapes(d):
    function, parameters = d.kernel(), d.reduce_parameters()
    assert d.launch(function, parameters, block=(1025, 1, 1)) == INVALID_VALUE
    assert d.launch(function, parameters, block=(0, 1, 1)) == INVALID_VALUE
    assert d.launch(function, parameters, grid=(1, 65536, 1)) == INVALID_VALUE
    return "a block of (1025,1,1)" in d.report()


def test_required_block(d):
    function = d.kernel(lambda text: text.replace(")\n{", ")\n.reqntid 128, 1, 1\n{"))
    assert d.launch(function, d.reduce_parameters(), block=(64, 1, 1)) == INVALID_VALUE
    return ".reqntid says otherwise" in d.report()


def test_shared_memory(d):
    function, parameters = d.kernel(), d.reduce_parameters()
    assert d.launch(function, parameters, shared=(48 << 10) + 1) == OUT_OF_RESOURCES
    assert d.call("cuFuncSetAttribute", function, MAX_DYNAMIC_SHARED, 227 << 10) == INVALID_VALUE
    assert d.call("cuFuncSetAttribute", function, MAX_DYNAMIC_SHARED, 200 << 10) == SUCCESS
    return d.launch(function, parameters, shared=200 << 10) == SUCCESS and d.sync() == SUCCESS


def test_null_parameter(d):
    function = d.kernel()
    pointers = (ctypes.c_void_p * 3)()
    config = struct.pack("6IIxxxxPPIxxxx", 1, 1, 1, 128, 1, 1, 0, d.stream.value, 0, 0)
    assert d.call("cuLaunchKernelEx", config, function, pointers, None) == INVALID_VALUE
    return "parameter 0 is null" in d.report()


def test_wrong_architecture(d):
    text = (d.folder / "reduce.ptx").read_text()
    assert d.load(text.replace("sm_80", "sm_100").encode())[0] == NO_BINARY
    assert d.load(text.replace("sm_80", "sm_80a").encode())[0] == NO_BINARY
    return d.load(b"\x7fELF")[0] == NO_BINARY


def test_broken_text(d):
    assert d.load((d.folder / "missing-comma.ptx").read_bytes())[0] == INVALID_PTX
    return "PTX line 7: expected ','" in d.report() and d.sync() == SUCCESS


def test_no_such_kernel(d):
    d.kernel()
    function = ctypes.c_void_p()
    return d.call("cuModuleGetFunction", ctypes.byref(function), d.module, b"absent") == NOT_FOUND


def test_no_context(d):
    d.require("cuCtxPopCurrent_v2", None)
    return d.call("cuMemFree_v2", ctypes.c_ulonglong(0)) == INVALID_CONTEXT


def test_dead_stream(d):
    d.require("cuStreamDestroy_v2", d.stream)
    return d.sync() == INVALID_HANDLE


def encode(d, **changes):
    """cuTensorMapEncodeTiled of a 64x64 matrix of f16 in boxes of 64x8."""
    how = {"type": 6, "rank": 2, "size": (64, 64), "strides": (128,), "box": (64, 8), "steps": (1, 1),
           "swizzle": 3, **changes}
    memory = ctypes.create_string_buffer(256)
    aligned = ctypes.c_void_p((ctypes.addressof(memory) + 63) & ~63)
    wide, narrow = ctypes.c_ulonglong, ctypes.c_uint32
    return d.call("cuTensorMapEncodeTiled", aligned, how["type"], how["rank"], d.allocate(8192),
                  (wide * 2)(*how["size"]), (wide * 1)(*how["strides"]), (narrow * 2)(*how["box"]),
                  (narrow * 2)(*how["steps"]), 0, how["swizzle"], 0, 0)


def test_tensor_maps(d):
    assert encode(d) == SUCCESS
    assert encode(d, strides=(120,)) == INVALID_VALUE
    assert encode(d, swizzle=2) == INVALID_VALUE
    assert encode(d, box=(64, 257)) == INVALID_VALUE
    assert encode(d, rank=6) == INVALID_VALUE
    return "the box's rows are longer than the swizzle's span" in d.report()


def main():
    library, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    if len(sys.argv) > 3:
        return 0 if globals()[sys.argv[3]](Driver(library, folder)) else 1
    tests = [name for name in globals() if name.startswith("test_")]
    failed = 0
    for name in tests:
        environment = {**os.environ, "TEGULA_FAKE_GPU": "90"}
        run = subprocess.run([sys.executable, __file__, library, folder, name], capture_output=True, text=True,
                             env=environment)
        if run.returncode:
            failed += 1
            print(f"{name}: exit status {run.returncode}\n{run.stderr}")
    print(f"{len(tests) - failed} passed, {failed} failed")
    return failed


if __name__ == "__main__":
    sys.exit(main())
