"""Measured kernels (data/kernels.csv.xz) with the compiler's own features.

The features are computed by libtegula-cost.so of the build folder: there is one
extractor, in C++ (include/tegula/CostModel/Features.def).
"""

import csv
import ctypes
import dataclasses
import functools
import io
import lzma
import pathlib
import re

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "cost-model" / "data" / "kernels.csv.xz"
FAMILIES = ("contraction", "convolution")


@functools.cache
def library():
    """libtegula-cost.so with the signatures of include/tegula/CostModel/CApi.h."""
    path = ROOT / "build" / "release" / "lib" / "libtegula-cost.so"
    if not path.is_file():
        raise SystemExit(f"{path} was not found. Build it with tools/dev/build.sh release all.")
    lib = ctypes.CDLL(str(path))
    lib.tegula_cost_feature_names.restype = ctypes.c_char_p
    lib.tegula_cost_feature_schema.restype = ctypes.c_uint64
    lib.tegula_cost_features.restype = ctypes.c_int32
    lib.tegula_cost_features.argtypes = [
        ctypes.c_char_p, ctypes.c_char_p,  # problem, schedule
        ctypes.c_void_p, ctypes.POINTER(ctypes.c_double),  # features, seconds
        ctypes.c_char_p, ctypes.c_size_t,  # message
    ]
    lib.tegula_cost_predict.restype = ctypes.c_int32
    lib.tegula_cost_predict.argtypes = [
        ctypes.c_char_p, ctypes.c_size_t,  # the model file
        ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p,  # features, rows, sums
        ctypes.c_char_p, ctypes.c_size_t,  # message
    ]
    return lib


def feature_names():
    return library().tegula_cost_feature_names().decode().split()


def predict(model, features):
    """Sums of trees of a model file's bytes, or ValueError with why it is refused."""
    features = np.ascontiguousarray(features, "f4")
    sums = np.empty(len(features), "f4")
    message = ctypes.create_string_buffer(256)
    if library().tegula_cost_predict(model, len(model), features.ctypes.data, len(features),
                                     sums.ctypes.data, message, len(message)):
        raise ValueError(message.value.decode())
    return sums


def features_of(problem, schedule):
    """Features and analytic seconds of a kernel by the texts of KernelText.h."""
    features = np.empty(len(feature_names()), "f4")
    seconds, message = ctypes.c_double(), ctypes.create_string_buffer(256)
    if library().tegula_cost_features(problem.encode(), schedule.encode(), features.ctypes.data,
                                      ctypes.byref(seconds), message, len(message)):
        raise ValueError(message.value.decode())
    return features, seconds.value


@dataclasses.dataclass
class Kernels:
    """Arrays over kernels, sorted as the table is."""

    shape: np.ndarray  # names
    family: np.ndarray  # index into FAMILIES
    schedule: np.ndarray  # texts
    seconds: np.ndarray
    halves: np.ndarray  # n x 2: the same of the odd and the even rounds
    features: np.ndarray  # n x features, float32
    analytic: np.ndarray  # seconds
    chosen: np.ndarray  # the compiler's choice when the table was measured

    def __len__(self):
        return len(self.seconds)

    @property
    def residual(self):
        """What the model learns: log of measured over analytic seconds."""
        return np.log(self.seconds / self.analytic)

    def where(self, mask):
        return Kernels(*(getattr(self, field.name)[mask] for field in dataclasses.fields(self)))


def load(path=DATA):
    """The rows of a table that have a time, and features: of FAMILIES, one thread, one stream."""
    data = pathlib.Path(path).read_bytes()
    text = lzma.decompress(data) if str(path).endswith(".xz") else data
    first, rows = {}, []
    for row in csv.DictReader(io.StringIO(text.decode())):
        row["chosen"] = first.setdefault(row["shape"], row) is row
        # Trees know kernels of one stream (LearnedModel.cpp).
        if (row["status"] == "ok" and row["family"] in FAMILIES and row["threads"] == "1"
                and not re.search(r"streams=[2-9]", row["schedule"])):
            rows.append(row)
    pairs = [features_of(row["problem"], row["schedule"]) for row in rows]
    features = np.array([features for features, _ in pairs])
    if not np.isfinite(features).all():
        raise ValueError("a feature is not a number")
    return Kernels(
        shape=np.array([row["shape"] for row in rows]),
        family=np.array([FAMILIES.index(row["family"]) for row in rows]),
        schedule=np.array([row["schedule"] for row in rows]),
        seconds=np.array([float(row["seconds"]) for row in rows]),
        halves=np.array([[float(row["even"]), float(row["odd"])] for row in rows]),
        features=features, analytic=np.array([seconds for _, seconds in pairs]),
        chosen=np.array([row["chosen"] for row in rows]))
