"""The compiler's C API (include/tegula/CAPI/Tegula.h), called through ctypes.

No extension module: the same files serve every CPython from 3.10 on.
"""

import ctypes
import functools
import os
import pathlib

from .errors import CompileError

LIBRARY = "libtegula.so"


def library_candidates():
    """Where the compiler's library may be, in the order of search."""
    here = pathlib.Path(__file__).parent
    yield here / LIBRARY  # installed with the package
    yield here.parents[1] / "lib" / LIBRARY  # beside build/<preset>/python/tegula
    yield here.resolve().parents[1] / "build" / "release" / "lib" / LIBRARY  # the source tree


def library_path():
    """The first candidate that exists."""
    for path in library_candidates():
        if path.is_file():
            return path
    looked = "\n  ".join(str(path) for path in library_candidates())
    raise CompileError(
        f"{LIBRARY} was not found. Build it with tools/dev/build.sh. Looked at:\n  {looked}"
    )


@functools.cache
def library():
    """The loaded library with the signatures of its functions declared."""
    lib = ctypes.CDLL(str(library_path()))
    lib.tegula_compile.restype = ctypes.c_int
    lib.tegula_compile.argtypes = [
        ctypes.c_char_p,  # path, or NULL
        ctypes.c_void_p,  # bytes, or NULL
        ctypes.c_size_t,
        ctypes.POINTER(ctypes.c_char_p),  # options, as on the command line
        ctypes.c_size_t,
        ctypes.c_char_p,  # output path
        ctypes.POINTER(ctypes.c_void_p),  # diagnostics
    ]
    lib.tegula_free.restype = None
    lib.tegula_free.argtypes = [ctypes.c_void_p]
    lib.tegula_version.restype = ctypes.c_char_p
    lib.tegula_version.argtypes = []
    return lib


def version():
    """The version of the compiler's library."""
    return library().tegula_version().decode()


def compile_model(model, options, output):
    """Compile a path or the bytes of a model into the file `output`.

    Returns the diagnostics (warnings); raises CompileError with them when the
    compiler refuses. Other Python threads run meanwhile.
    """
    lib = library()
    words = [word.encode() for word in options]
    array = (ctypes.c_char_p * len(words))(*words)
    said = ctypes.c_void_p()
    if isinstance(model, (bytes, bytearray, memoryview)):
        path, data = None, bytes(model)
    else:
        path, data = os.fsencode(model), None
    status = lib.tegula_compile(
        path, data, len(data or b""), array, len(words), os.fsencode(output), ctypes.byref(said)
    )
    text = ""
    if said.value:
        text = ctypes.string_at(said.value).decode(errors="replace").strip()
        lib.tegula_free(said)
    if status != 0:
        raise CompileError(text or f"the compiler failed with status {status} and no message")
    return text
