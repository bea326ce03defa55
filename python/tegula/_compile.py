"""tegula.compile: an ONNX model to a native library."""

import os
import pathlib
import shutil
import tempfile
import weakref

from . import _capi
from ._artifact import Artifact


def option_words(options):
    """Keyword arguments as the command line's words.

    `emit="so"` is --emit=so, `dump_stages="d"` is --dump-stages=d, `verify=True`
    is --verify, `dims={"batch": 1}` is --dim=batch=1, `O=0` is -O0, and
    `flags=["--x=y"]` are taken as they are. None and False are left out.
    """
    words = []
    for key, value in options.items():
        flag = "--" + key.replace("_", "-")
        if value is None or value is False:
            continue
        if key in ("O", "optimize", "opt_level"):
            words.append(f"-O{value}")
        elif key == "dims":
            words += [f"--dim={name}={extent}" for name, extent in value.items()]
        elif key == "flags":
            words += [str(word) for word in value]
        elif value is True:
            words.append(flag)
        elif isinstance(value, (list, tuple)):
            words += [f"{flag}={item}" for item in value]
        else:
            words.append(f"{flag}={value}")
    return words


def model_source(model):
    """A path as str, or bytes, of whatever names or holds a model."""
    if hasattr(model, "SerializeToString"):  # an onnx.ModelProto
        return model.SerializeToString()
    if isinstance(model, (bytes, bytearray, memoryview)):
        return bytes(model)
    return os.fspath(model)


def compile(model, output=None, **options):  # noqa: A001 - the public name is tegula.compile
    """Compile a model ahead of time.

    model: path of an .onnx file, its bytes, or an onnx.ModelProto.
    output: path of the library to write; without it a temporary one that is
        removed when the result is no longer used.
    options: those of `tegula compile`, see `option_words`; most useful are
        dims={"batch": 1} to fix symbolic dimensions, target="x86-64-v3", O=0.

    Returns an Artifact; raises tegula.CompileError.
    """
    folder = None
    if output is None:
        folder = tempfile.mkdtemp(prefix="tegula-")
        output = pathlib.Path(folder) / "model.so"
    try:
        diagnostics = _capi.compile_model(model_source(model), option_words(options), output)
        artifact = Artifact(output)
    except BaseException:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    artifact.diagnostics = diagnostics
    if folder:
        weakref.finalize(artifact, shutil.rmtree, folder, ignore_errors=True)
    return artifact
