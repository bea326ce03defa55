"""Tegula: an ahead-of-time compiler for ONNX models.

    import tegula

    tegula.compile("model.onnx", "model.so", dims={"batch": 1})
    session = tegula.InferenceSession("model.so", threads=2)
    outputs = session.run(None, {"input": array})

`InferenceSession` takes an .onnx model too and has the calls of ONNX Runtime's.
"""

from ._artifact import Artifact
from ._compile import compile
from .errors import CompileError, RuntimeError
from .session import (
    InferenceSession,
    ModelMetadata,
    NodeArg,
    RunOptions,
    SessionOptions,
    get_available_providers,
)

__version__ = "0.1.0"
__all__ = [
    "Artifact",
    "CompileError",
    "InferenceSession",
    "ModelMetadata",
    "NodeArg",
    "RunOptions",
    "RuntimeError",
    "SessionOptions",
    "compile",
    "get_available_providers",
]
