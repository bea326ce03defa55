"""Sessions whose model runs on an emulated processor of another architecture.

ForeignSession has the calls of tegula.InferenceSession that the drivers of test/Execution and
test/Conformance use. It compiles a program (--emit=exe) for AArch64 and runs it under qemu-aarch64.
"""

import pathlib
import shutil
import subprocess
import tempfile

import numpy as np
import onnx
from tegula import RuntimeError, _capi
from tegula._compile import option_words
from tegula._types import from_storage, to_storage

QEMU = "qemu-aarch64"
SYSROOT = pathlib.Path("/usr/aarch64-linux-gnu")
# bfloat16, the types of 8 bits and float4: bytes without a name in files of NumPy.
OPAQUE = {16, 17, 18, 19, 20, 23, 24}


def require():
    """End this program with what to install if nothing can be emulated."""
    if not shutil.which(QEMU) or not (SYSROOT / "lib/ld-linux-aarch64.so.1").exists():
        raise SystemExit(f"{QEMU} or the C library in {SYSROOT} is missing: apt-get install qemu-user libc6-arm64-cross")


class Tensor:
    """An input or output of the model: its name and ONNX's number of its type."""

    def __init__(self, value):
        if not value.type.HasField("tensor_type"):
            raise NotImplementedError(f"{value.name} is no tensor: files hold tensors only")
        self.name, self.number = value.name, value.type.tensor_type.elem_type

    def save(self, array, path):
        """Write a file as the program reads it."""
        stored = to_storage(np.ascontiguousarray(array).reshape(np.shape(array)), self.number)
        np.save(path, stored.view(f"V{stored.itemsize}") if self.number in OPAQUE else stored)


class ForeignSession:
    """A compiled model; every run is a process."""

    def __init__(self, model, threads=1, target="aarch64", cpu="max", **options):
        self.folder = tempfile.TemporaryDirectory()
        self.program = pathlib.Path(self.folder.name) / "program"
        _capi.compile_model(model, option_words({**options, "target": target, "emit": "exe"}), self.program)
        graph = (onnx.load_from_string if isinstance(model, bytes) else onnx.load)(model).graph
        defaults = {tensor.name for tensor in graph.initializer}
        self.inputs = [Tensor(value) for value in graph.input if value.name not in defaults]
        self.outputs = [Tensor(value) for value in graph.output]
        self.command = [QEMU, "-cpu", cpu, "-L", SYSROOT, self.program, f"--threads={threads}"]

    def get_inputs(self):
        return self.inputs

    def get_outputs(self):
        return self.outputs

    def run(self, output_names, feeds):
        """The outputs, all of them, in order."""
        folder, words = self.program.parent, []
        for number, tensor in enumerate(self.inputs):
            tensor.save(feeds[tensor.name], folder / f"in{number}.npy")
            words.append(f"{tensor.name}={folder}/in{number}.npy")
        words += [f"{tensor.name}={folder}/out{number}.npy" for number, tensor in enumerate(self.outputs)]
        done = subprocess.run(self.command + words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=300)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.decode(errors="replace").strip() or f"exit status {done.returncode}")
        return [from_storage(np.load(folder / f"out{number}.npy"), tensor.number)
                for number, tensor in enumerate(self.outputs)]
