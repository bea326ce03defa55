"""A compiled model: a shared library, loaded through its `tegula_model`."""

import _ctypes
import ctypes
import os
import tempfile
import threading
import weakref
from dataclasses import dataclass

import numpy as np

from . import _abi, _types
from .errors import RuntimeError


@dataclass(frozen=True)
class TensorSpec:
    """One input or output."""

    name: str
    dtype: int  # ONNX's TensorProto.DataType
    shape: tuple  # of int, symbolic name or None; None instead of a tuple: any rank

    @property
    def is_static(self):
        """Is every dimension a number?"""
        return all(isinstance(extent, int) for extent in self.shape)


def spec_of(info):
    """A TensorSpec of a TegulaTensorInfo."""
    shape = []
    for axis in range(max(info.rank, 0)):
        name = info.dim_names[axis] if info.dim_names else b""
        extent = info.dims[axis]
        shape.append(extent if extent >= 0 else (name.decode() if name else None))
    return TensorSpec(info.name.decode(errors="replace"), info.dtype, tuple(shape))


@dataclass(frozen=True)
class KernelEvent:
    """One call of a kernel: TegulaKernelEvent of Abi.h."""

    kernel: str
    nodes: str
    flops: int
    bytes: int
    begin_ns: int
    end_ns: int
    cpu_ns: int


class Artifact:
    """A compiled model. `create` makes something that runs; each of those is independent.

    library: path of a .so that the compiler wrote, or its bytes.
    """

    def __init__(self, library):
        self.diagnostics = ""
        if isinstance(library, (bytes, bytearray, memoryview)):
            with tempfile.NamedTemporaryFile(prefix="tegula-", suffix=".so") as file:
                file.write(library)
                file.flush()
                self._load(file.name)
            self.path = None  # it lives in memory only
        else:
            self.path = os.path.abspath(os.fspath(library))
            self._load(self.path)

    def _load(self, path):
        try:
            handle = ctypes.CDLL(path)
            function = handle.tegula_model
        except (OSError, AttributeError) as error:
            raise RuntimeError(f"{path} is no model that tegula compiled: {error}") from None
        function.restype = ctypes.POINTER(_abi.Model)
        function.argtypes = []
        self._model = function().contents
        if self._model.abi_version != _abi.ABI_VERSION:
            raise RuntimeError(f"{path} has ABI version {self._model.abi_version}, this package "
                               f"knows {_abi.ABI_VERSION}: compile the model again")
        weakref.finalize(self, _ctypes.dlclose, handle._handle)
        manifest = self._model.manifest.contents
        self.name = manifest.name.decode(errors="replace")
        self.inputs = [spec_of(manifest.inputs[i]) for i in range(manifest.num_inputs)]
        self.outputs = [spec_of(manifest.outputs[i]) for i in range(manifest.num_outputs)]
        self.arena_bytes = manifest.arena_bytes
        self.weight_bytes = manifest.weight_bytes
        self.provenance = (manifest.provenance or b"").decode(errors="replace")

    def create(self, threads=0, **options):
        """An Instance. threads: how many compute, the caller included; 0 takes
        as many as the process may use. options: other fields of TegulaOptions."""
        return Instance(self, threads, options)


class Instance:
    """A context of an artifact: owns its threads and scratch memory."""

    def __init__(self, artifact, threads, options):
        self._artifact, self._model = artifact, artifact._model
        # Artifacts of compilers before `weights` know the fields up to it only.
        size = ctypes.sizeof(_abi.Options) if options.get("weights") else _abi.Options.weights.offset
        settings = _abi.Options(size=size, num_threads=threads, **options)
        context = ctypes.c_void_p()
        status = self._model.create(ctypes.byref(settings), ctypes.byref(context))
        if status != 0 or not context.value:
            raise RuntimeError(f"{artifact.name}: {self._model.status_text(status).decode()}")
        self._context = context.value
        # The artifact stays loaded until its contexts are gone.
        weakref.finalize(self, lambda model, held, context: model.destroy(context),
                         self._model, artifact, self._context)
        self._lock = threading.Lock()
        self._shapes = {}
        # Reading a function out of a ctypes struct makes a new object each time.
        self._run, self._last_error = self._model.run, self._model.last_error
        self._storage = [_types.storage_dtype(spec.dtype) for spec in artifact.outputs]
        self._inputs = (_abi.Tensor * max(len(artifact.inputs), 1))()
        self._outputs = (_abi.Tensor * max(len(artifact.outputs), 1))()

    def run(self, arrays):
        """The outputs for arrays in the order of the inputs, of the right types."""
        held = [self._prepare(array, spec) for array, spec in zip(arrays, self._artifact.inputs)]
        with self._lock:
            for slot, array, spec in zip(self._inputs, held, self._artifact.inputs):
                slot.data = array.__array_interface__["data"][0]
                slot.bytes = array.nbytes
                slot.dtype = spec.dtype
                slot.rank = array.ndim
                slot.shape = self._shape(array.shape)
            outputs = self._artifact.outputs
            results = [self._offer(slot, spec, storage)
                       for slot, spec, storage in zip(self._outputs, outputs, self._storage)]
            status = self._run(self._context, self._inputs, len(held), self._outputs, len(results))
            if status != 0:
                said = self._last_error(self._context) or self._model.status_text(status)
                raise RuntimeError(said.decode(errors="replace"))
            return [self._take(*each) for each
                    in zip(self._outputs, outputs, self._storage, results)]

    def profile(self):
        """KernelEvents of the last run, in order; none unless compiled with profile=True."""
        if self._model.size < ctypes.sizeof(_abi.Model):
            return []  # compiled before there were profiles
        events = ctypes.POINTER(_abi.KernelEvent)()
        with self._lock:
            count = self._model.profile(self._context, ctypes.byref(events))
            return [KernelEvent(event.kernel.decode(errors="replace"), event.nodes.decode(errors="replace"),
                                event.flops, event.bytes, event.begin_ns, event.end_ns, event.cpu_ns)
                    for event in events[:count]]

    @staticmethod
    def _prepare(array, spec):
        """Dense, aligned and in native byte order; the array itself where it is."""
        array = _types.to_storage(array, spec.dtype)
        flags = array.flags
        if flags.c_contiguous and flags.aligned and array.dtype.isnative:
            return array
        return np.require(array, requirements=("C_CONTIGUOUS", "ALIGNED"))

    def _shape(self, shape):
        """A C array of a shape; those seen before are kept."""
        found = self._shapes.get(shape)
        if found is None:
            found = (ctypes.c_int64 * max(len(shape), 1))(*shape)
            if len(self._shapes) < 256:
                self._shapes[shape] = found
        return found

    @staticmethod
    def _offer(slot, spec, storage):
        """Memory of our own for an output whose size is known, to save the copy."""
        slot.data, slot.bytes = None, 0
        slot.shape = slot.strides = None
        if not spec.is_static:
            return None
        result = np.empty(spec.shape, storage)
        if result.nbytes == 0:
            return None
        slot.data, slot.bytes = result.__array_interface__["data"][0], result.nbytes
        return result

    @staticmethod
    def _take(slot, spec, storage, result):
        """The array of an output: ours, or a copy of the runtime's."""
        shape = tuple(slot.shape[: slot.rank])
        if result is None or result.shape != shape:
            result = np.empty(shape, storage)
            if result.nbytes:
                ctypes.memmove(result.__array_interface__["data"][0], slot.data, result.nbytes)
        return _types.from_storage(result, spec.dtype)
