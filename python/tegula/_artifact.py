"""A compiled model: a shared library, loaded through its `tegula_model`."""

import _ctypes
import ctypes
import os
import platform
import tempfile
import threading
import weakref
from dataclasses import dataclass

from . import _abi
from ._binding import Call
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


_ARCHITECTURES = {62: "x86_64", 183: "aarch64"}  # e_machine of ELF


def foreign_architecture(path):
    """The architecture of an ELF file's code if it is known and another one than this machine's."""
    try:
        with open(path, "rb") as file:
            header = file.read(20)
    except OSError:
        return None
    found = _ARCHITECTURES.get(int.from_bytes(header[18:20], "little")) if header[:4] == b"\x7fELF" else None
    return found if found != platform.machine() else None


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
            if architecture := foreign_architecture(path):
                raise RuntimeError(f"{path} is a model for {architecture}, which this machine is not: "
                                   "run it there, or compile without target=") from None
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
        # Reading a function out of a ctypes struct makes a new object each time.
        self._call = Call(self._model.run, self._context, artifact.inputs, artifact.outputs)

    def run(self, arrays):
        """The outputs for arrays in the order of the inputs, of the right types."""
        call = self._call
        with self._lock:
            held = [binding.bind(array) for binding, array in zip(call.inputs, arrays)]
            offered = [binding.offer() for binding in call.outputs]
            status = call()
            del held
            if status != 0:
                said = self._model.last_error(self._context) or self._model.status_text(status)
                raise RuntimeError(said.decode(errors="replace"))
            return [binding.take(result) for binding, result in zip(call.outputs, offered)]

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
