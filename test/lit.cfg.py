"""How lit runs the tests: which files, which tools, which substitutions."""

import ctypes
import os
import shutil

import lit.formats

config.name = "tegula"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
# These folders hold drivers of their own; see tools/dev/check.sh.
config.excludes = ["Conformance", "Models", "Benchmark", "Unit", "Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.tegula_obj, "test")

config.environment["PATH"] = os.pathsep.join(
    [os.path.join(config.tegula_obj, "bin"), config.llvm_bin, os.environ["PATH"]]
)
config.environment["PYTHONPATH"] = os.path.join(config.tegula_obj, "python")
# A sanitized tool reports real errors only: LLVM keeps its tables until exit, and its allocators poison
# what code of LLVM's libraries, which are not sanitized, then uses.
config.environment["ASAN_OPTIONS"] = "detect_leaks=0:allow_user_poisoning=0"
config.environment["UBSAN_OPTIONS"] = "print_stacktrace=1"

config.substitutions += [
    ("%python", config.python),
    ("%clang", os.path.join(config.llvm_bin, "clang")),
    ("%tegula_lib", os.path.join(config.tegula_obj, "lib", "libtegula.so")),
    ("%tegula_src", config.tegula_src),
    ("%tegula_obj", config.tegula_obj),
]
# The assembler of GPU code, where `tegula compile` looks for it, and the driver.
ptxas = shutil.which("ptxas") or shutil.which("ptxas", path=os.path.dirname(config.python)) or shutil.which("ptxas", path="/usr/local/cuda/bin")
if ptxas:
    config.available_features.add("ptxas")
    config.substitutions.append(("%ptxas", ptxas))
# AArch64 on this machine, with Debian's C library for it.
qemu, sysroot = shutil.which("qemu-aarch64"), "/usr/aarch64-linux-gnu"
if qemu and os.path.exists(sysroot + "/lib/ld-linux-aarch64.so.1"):
    config.available_features.add("qemu-aarch64")
    config.substitutions.append(("%qemu", f"{qemu} -L {sysroot}"))
try:
    ctypes.CDLL("libcuda.so.1")
    config.available_features.add("cuda-driver")
except OSError:
    pass

if config.sanitized:
    config.available_features.add("asan")
