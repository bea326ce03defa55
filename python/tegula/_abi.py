"""The structs of include/tegula/Runtime/Abi.h, for ctypes."""

import ctypes

ABI_VERSION = 1
INT64_POINTER = ctypes.POINTER(ctypes.c_int64)


class TensorInfo(ctypes.Structure):
    """TegulaTensorInfo."""

    _fields_ = [
        ("name", ctypes.c_char_p),
        ("dtype", ctypes.c_int32),
        ("rank", ctypes.c_int32),
        ("dims", INT64_POINTER),
        ("dim_names", ctypes.POINTER(ctypes.c_char_p)),
    ]


class Manifest(ctypes.Structure):
    """TegulaManifest."""

    _fields_ = [
        ("abi_version", ctypes.c_uint32),
        ("size", ctypes.c_uint32),
        ("name", ctypes.c_char_p),
        ("num_inputs", ctypes.c_int64),
        ("inputs", ctypes.POINTER(TensorInfo)),
        ("num_outputs", ctypes.c_int64),
        ("outputs", ctypes.POINTER(TensorInfo)),
        ("arena_bytes", ctypes.c_int64),
        ("num_slots", ctypes.c_int64),
        ("weight_bytes", ctypes.c_int64),
        ("cpu_features", ctypes.c_char_p),
        ("provenance", ctypes.c_char_p),
    ]


class Tensor(ctypes.Structure):
    """TegulaTensor."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("bytes", ctypes.c_int64),
        ("dtype", ctypes.c_int32),
        ("rank", ctypes.c_int32),
        ("shape", INT64_POINTER),
        ("strides", INT64_POINTER),
    ]


class Options(ctypes.Structure):
    """TegulaOptions."""

    _fields_ = [
        ("size", ctypes.c_uint32),
        ("num_threads", ctypes.c_int32),
        ("executor", ctypes.c_void_p),
        ("executor_data", ctypes.c_void_p),
        ("arena", ctypes.c_void_p),
        ("arena_bytes", ctypes.c_int64),
        ("max_bytes", ctypes.c_int64),
        ("poison", ctypes.c_int32),
        ("poison_byte", ctypes.c_int32),
        ("gpu_library", ctypes.c_char_p),
        ("gpu_device", ctypes.c_int64),
        ("weights", ctypes.c_int32),
        ("reserved", ctypes.c_int32),
    ]


class KernelEvent(ctypes.Structure):
    """TegulaKernelEvent."""

    _fields_ = [
        ("kernel", ctypes.c_char_p),
        ("nodes", ctypes.c_char_p),
        ("flops", ctypes.c_int64),
        ("bytes", ctypes.c_int64),
        ("begin_ns", ctypes.c_int64),
        ("end_ns", ctypes.c_int64),
        ("cpu_ns", ctypes.c_int64),
    ]


class Model(ctypes.Structure):
    """TegulaModel."""

    _fields_ = [
        ("abi_version", ctypes.c_uint32),
        ("size", ctypes.c_uint32),
        ("manifest", ctypes.POINTER(Manifest)),
        ("create", ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.POINTER(Options),
                                    ctypes.POINTER(ctypes.c_void_p))),
        ("run", ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.POINTER(Tensor),
                                 ctypes.c_int64, ctypes.POINTER(Tensor), ctypes.c_int64)),
        ("destroy", ctypes.CFUNCTYPE(None, ctypes.c_void_p)),
        ("last_error", ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_void_p)),
        ("status_text", ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.c_int32)),
        ("profile", ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p,
                                     ctypes.POINTER(ctypes.POINTER(KernelEvent)))),
    ]
