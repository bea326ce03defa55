"""How lit runs the tests: which files, which tools, which substitutions."""

import os

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
# A sanitized tool reports real errors only: LLVM keeps its tables until exit.
config.environment["ASAN_OPTIONS"] = "detect_leaks=0"
config.environment["UBSAN_OPTIONS"] = "print_stacktrace=1"

config.substitutions += [
    ("%python", config.python),
    ("%clang", os.path.join(config.llvm_bin, "clang")),
    ("%tegula_lib", os.path.join(config.tegula_obj, "lib", "libtegula.so")),
    ("%tegula_src", config.tegula_src),
    ("%tegula_obj", config.tegula_obj),
]
if config.sanitized:
    config.available_features.add("asan")
