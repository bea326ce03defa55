"""InferenceSession, with the calls of ONNX Runtime's class of that name."""

import os

import numpy as np

from . import _types
from ._artifact import Artifact
from ._compile import compile as compile_model
from .errors import RuntimeError

ELF = b"\x7fELF"


class SessionOptions:
    """The options of ONNX Runtime that mean something here; others are kept and ignored."""

    def __init__(self):
        self.intra_op_num_threads = 0
        self.dims = {}

    def add_free_dimension_override_by_name(self, name, extent):
        """Fix a symbolic dimension at compile time."""
        self.dims[name] = extent

    def add_session_config_entry(self, key, value):
        """Accepted, as ONNX Runtime's is; no entry has a meaning here."""


class RunOptions:
    """Accepted by `run`; nothing in it has a meaning here yet."""


class NodeArg:
    """An input or output: name, shape (int, symbolic name or None each), type."""

    def __init__(self, spec):
        self.name = spec.name
        self.shape = list(spec.shape)
        self.type = _types.runtime_name(spec.dtype)

    def __repr__(self):
        return f"NodeArg(name={self.name!r}, type={self.type!r}, shape={self.shape})"


class ModelMetadata:
    """What get_modelmeta returns."""

    def __init__(self, graph_name, producer="tegula"):
        self.graph_name = graph_name
        self.producer_name = producer
        self.description = ""
        self.graph_description = ""
        self.domain = ""
        self.version = 0
        self.custom_metadata_map = {}


def get_available_providers():
    """What ONNX Runtime would call the processors a model can be compiled for."""
    return ["CPUExecutionProvider"]


def is_library(model):
    """Is it a compiled model (a path, or bytes) rather than an ONNX file?"""
    if isinstance(model, (bytes, bytearray, memoryview)):
        return bytes(model[:4]) == ELF
    if isinstance(model, (str, os.PathLike)):
        try:
            with open(model, "rb") as file:
                return file.read(4) == ELF
        except OSError as error:
            raise RuntimeError(f"{os.fspath(model)}: {error.strerror}") from None
    return False


def as_array(name, value, dtype):
    """A NumPy array of what was fed: arrays, lists, scalars, DLPack, __array_interface__."""
    if isinstance(value, np.ndarray):
        return value
    if hasattr(value, "__array_interface__") or hasattr(value, "__array__"):
        return np.asarray(value)
    if hasattr(value, "__dlpack__"):
        return np.from_dlpack(value)
    try:
        return np.asarray(value, dtype)
    except (TypeError, ValueError) as error:
        raise RuntimeError(f'input "{name}": no array can be made of it: {error}') from None


def checked_array(name, value, number):
    """`as_array` of an element type by its number; refuses others."""
    dtype = _types.numpy_dtype(number)
    array = as_array(name, value, dtype)
    if array.dtype not in (dtype, _types.storage_dtype(number)):
        raise RuntimeError(f'input "{name}": expected {_types.runtime_name(number)}, '
                           f"found {_types.array_type_name(array.dtype)}")
    return array


_WEIGHTS = ("mapped", "huge_pages")  # TEGULA_WEIGHTS_*


class InferenceSession:
    """A model ready to run.

    model: path or bytes of an .onnx model (compiled first) or of a compiled .so,
        or an onnx.ModelProto, or an Artifact.
    threads: how many run the model; None takes the machine's cores.
    target: "cpu" is this machine; else a target of `tegula compile`.
    sess_options: for code written for ONNX Runtime, whose second argument it is.
    weights: "mapped" from the artifact, shared between processes and loaded at once, or
        copied to "huge_pages", which some machines read faster.
    options: those of `tegula.compile`, such as dims={"batch": 1}.

    One session may be used by several threads; their runs come one after the other.
    """

    def __init__(self, model, threads=None, target="cpu", sess_options=None, providers=None,
                 provider_options=None, weights="mapped", **options):
        if threads is not None and not isinstance(threads, (int, np.integer)):
            threads, sess_options = None, threads  # ONNX Runtime's order of arguments
        if sess_options is not None:
            threads = threads or getattr(sess_options, "intra_op_num_threads", 0) or None
            dims = getattr(sess_options, "dims", None)
            if dims:
                options["dims"] = {**dims, **(options.get("dims") or {})}
        if isinstance(model, Artifact):
            self._artifact = model
        elif is_library(model):
            self._artifact = Artifact(model)
        else:
            if target != "cpu":
                options["target"] = target
            self._artifact = compile_model(model, **options)
        if weights not in _WEIGHTS:
            raise RuntimeError(f"weights={weights!r}: expected one of {', '.join(_WEIGHTS)}")
        self._instance = self._artifact.create(int(threads or 0), weights=_WEIGHTS.index(weights))
        self._inputs = [(spec.name, _types.numpy_dtype(spec.dtype), spec.dtype)
                        for spec in self._artifact.inputs]
        self._names = {spec.name for spec in self._artifact.inputs}
        self._outputs = {spec.name: index for index, spec in enumerate(self._artifact.outputs)}

    @property
    def artifact(self):
        """The compiled model."""
        return self._artifact

    def get_inputs(self):
        """The inputs to feed."""
        return [NodeArg(spec) for spec in self._artifact.inputs]

    def get_outputs(self):
        """The outputs, in the order in which `run` returns them."""
        return [NodeArg(spec) for spec in self._artifact.outputs]

    def get_modelmeta(self):
        """Names of the model."""
        return ModelMetadata(self._artifact.name)

    def get_providers(self):
        """As ONNX Runtime's."""
        return get_available_providers()

    def run(self, output_names, feeds, run_options=None):
        """Run the model.

        output_names: which outputs to return, in this order; None for all.
        feeds: an array for each input by name.
        """
        wanted = None
        if output_names is not None:
            unknown = [name for name in output_names if name not in self._outputs]
            if unknown:
                raise RuntimeError(f'no output is named "{unknown[0]}"; '
                                   f"there are: {', '.join(self._outputs)}")
            wanted = [self._outputs[name] for name in output_names]
        results = self._instance.run(self._arrays(feeds))
        return results if wanted is None else [results[index] for index in wanted]

    def profile(self):
        """KernelEvents of the last run, in order; none unless compiled with profile=True."""
        return self._instance.profile()

    def _arrays(self, feeds):
        """The arrays in the order of the inputs, checked for names and types."""
        if feeds.keys() != self._names:
            self._refuse_names(feeds)
        arrays = []
        for name, dtype, number in self._inputs:
            array = feeds[name]
            if type(array) is not np.ndarray or array.dtype is not dtype:
                array = checked_array(name, array, number)
            arrays.append(array)
        return arrays

    def _refuse_names(self, feeds):
        """Says which input is missing or unknown."""
        known = [name for name, _, _ in self._inputs]
        for name in known:
            if name not in feeds:
                raise RuntimeError(f'input "{name}" is missing; '
                                   f"got: {', '.join(feeds) or 'nothing'}")
        extra = next(name for name in feeds if name not in self._names)
        raise RuntimeError(f'no input is named "{extra}"; there are: {", ".join(known)}')
