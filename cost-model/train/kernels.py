"""Measured kernels (data/kernels.csv.xz) with the compiler's own features.

The features are computed by libtegula-cost.so of the build folder: there is one
extractor, in C++ (include/tegula/CostModel/Features.def).
"""

import collections
import csv
import ctypes
import dataclasses
import functools
import io
import lzma
import pathlib

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
DATA = ROOT / "cost-model" / "data" / "kernels.csv.xz"


@functools.cache
def library():
    """libtegula-cost.so with the signatures of include/tegula/CostModel/CApi.h."""
    path = ROOT / "build" / "release" / "lib" / "libtegula-cost.so"
    if not path.is_file():
        raise SystemExit(f"{path} was not found. Build it with tools/dev/build.sh release all.")
    lib = ctypes.CDLL(str(path))
    lib.tegula_cost_features_text.restype = ctypes.c_char_p
    lib.tegula_cost_families.restype = ctypes.c_char_p
    lib.tegula_cost_feature_schema.restype = ctypes.c_uint64
    message = [ctypes.c_char_p, ctypes.c_size_t]
    model, kernel = [ctypes.c_char_p, ctypes.c_size_t], [ctypes.c_char_p, ctypes.c_char_p]
    number = ctypes.POINTER(ctypes.c_double)
    rows = [ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
    for name, arguments in (
            ("features", [*kernel, ctypes.c_int64, ctypes.c_void_p, number]),
            ("predict", [*model, *rows]), ("effects", [*model, *rows]),
            ("estimate", [*model, *kernel, ctypes.c_int64, ctypes.c_size_t, number, number])):
        function = getattr(lib, f"tegula_cost_{name}")
        function.restype, function.argtypes = ctypes.c_int32, arguments + message
    return lib


def call(name, *arguments):
    """A function of the library; ValueError with why it refuses."""
    message = ctypes.create_string_buffer(256)
    if getattr(library(), f"tegula_cost_{name}")(*arguments, message, len(message)):
        raise ValueError(message.value.decode())


@functools.cache
def feature_lines():
    """Name, scope (Kind, Size or Point) and formula of each feature."""
    lines = library().tegula_cost_features_text().decode().splitlines()
    return tuple(tuple(line.split("\t")) for line in lines)


@functools.cache
def feature_names():
    return tuple(name for name, _, _ in feature_lines())


@functools.cache
def families():
    """The names of the schedule families."""
    return tuple(library().tegula_cost_families().decode().split())


def predict(model, family, features):
    """Sums of trees of a model file's bytes, or ValueError with why it is refused."""
    features = np.ascontiguousarray(features, "f4")
    sums = np.empty(len(features), "f4")
    call("predict", model, len(model), families().index(family), features.ctypes.data,
         len(features), sums.ctypes.data)
    return sums


def effects(model, family, features):
    """What each feature adds to these sums, and the rest: rows x (features + 1)."""
    features = np.ascontiguousarray(features, "f4")
    found = np.empty((len(features), len(feature_names()) + 1))
    call("effects", model, len(model), families().index(family), features.ctypes.data,
         len(features), found.ctypes.data)
    return found


def features_of(problem, schedule, threads=1):
    """Features and analytic seconds of a kernel by the texts of KernelText.h."""
    features, seconds = np.empty(len(feature_names()), "f4"), ctypes.c_double()
    call("features", problem.encode(), schedule.encode(), threads, features.ctypes.data,
         ctypes.byref(seconds))
    return features, seconds.value


def estimate(model, problem, schedule, threads=1, repeats=1):
    """Seconds and spread (0: not sure) of a kernel by a model file's bytes."""
    seconds, spread = ctypes.c_double(), ctypes.c_double()
    call("estimate", model, len(model), problem.encode(), schedule.encode(), threads, repeats,
         ctypes.byref(seconds), ctypes.byref(spread))
    return seconds.value, spread.value


@dataclasses.dataclass
class Kernels:
    """Arrays over kernels, sorted as the table is."""

    shape: np.ndarray  # names
    task: np.ndarray  # numbers: shape, problem, threads; one of its schedules is to be chosen
    family: np.ndarray  # of the schedule, index into families()
    problem: np.ndarray  # texts
    schedule: np.ndarray  # texts
    threads: np.ndarray
    seconds: np.ndarray
    halves: np.ndarray  # n x 2: the same of the odd and the even rounds
    features: np.ndarray  # n x features, float32
    analytic: np.ndarray  # seconds
    chosen: np.ndarray  # the compiler's choice when the table was measured
    exhaustive: np.ndarray  # all points of the task's space were measured
    instructions: np.ndarray  # of the emitted kernel; NaN: not counted
    spills: np.ndarray
    registers: np.ndarray  # vector registers

    def __len__(self):
        return len(self.seconds)

    @property
    def residual(self):
        """What the model learns: log of measured over analytic seconds."""
        return np.log(self.seconds / self.analytic)

    def where(self, mask):
        return Kernels(*(getattr(self, field.name)[mask] for field in dataclasses.fields(self)))


def read_rows(path):
    """The rows of a table that have a time, each with the number of its task."""
    data = pathlib.Path(path).read_bytes()
    text = lzma.decompress(data) if str(path).endswith(".xz") else data
    rows, tasks, tried = [], {}, collections.Counter()
    for row in csv.DictReader(io.StringIO(text.decode())):
        tried[row["shape"], row["problem"], row["threads"]] += 1
        if row["status"] != "ok" or row["family"] not in families():
            continue
        key = row["shape"], row["problem"], row["threads"]
        row["chosen"] = key not in tasks
        row["task"] = tasks.setdefault(key, len(tasks))
        rows.append(row)
    for row in rows:
        # Older tables do not say how many points a space has.
        points = int(row.get("space_points") or 0)
        row["exhaustive"] = 0 < points <= tried[row["shape"], row["problem"], row["threads"]]
    return rows


def load(path=DATA):
    """The rows of a table that have a time and features."""
    rows = read_rows(path)

    def numbers(name, missing=np.nan):
        # Older tables lack the newer columns.
        return np.array([float(row.get(name) or missing) for row in rows])

    def texts(name):
        return np.array([row[name] for row in rows])

    threads = numbers("threads", 1).astype(int)
    pairs = [features_of(row["problem"], row["schedule"], count)
             for row, count in zip(rows, threads, strict=True)]
    features = np.array([features for features, _ in pairs])
    if not np.isfinite(features).all():
        raise ValueError("a feature is not a number")
    return Kernels(
        shape=texts("shape"), task=texts("task"),
        family=np.array([families().index(row["family"]) for row in rows]),
        problem=texts("problem"), schedule=texts("schedule"), threads=threads,
        seconds=numbers("seconds"),
        halves=np.column_stack([numbers("even"), numbers("odd")]), features=features,
        analytic=np.array([seconds for _, seconds in pairs]), chosen=texts("chosen"),
        exhaustive=texts("exhaustive"), instructions=numbers("instructions"),
        spills=numbers("spills"), registers=numbers("vector_registers"))
