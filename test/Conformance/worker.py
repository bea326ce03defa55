"""A child process that runs cases one after the other; started by run.py.

It reads a line {"case": .., "mode": ..} at a time from its standard input and
answers with one line {"status": .., "message": .., "ulp": .., "seconds": ..}.
Status is one of pass, unsupported, compile, run, wrong. A crash or a hang of
this process is seen by its parent.
"""

import ctypes
import gc
import json
import os
import pathlib
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib"), str(HERE.parents[1] / "build" / "release" / "python")]

import onnx  # noqa: E402
from cases import all_cases, data_sets, make_constant, make_dynamic  # noqa: E402
from compare import Mismatch, compare  # noqa: E402
from foreign import ForeignSession  # noqa: E402

import tegula  # noqa: E402

# Code of LLVM modules that are still the same is not generated again.
KERNEL_CACHE = HERE.parents[1] / "build" / "kernel-cache"

def session_of(case, mode, model, feeds, threads):
    """Compile the case the way the mode asks."""
    if mode == "dynamic":
        source = make_dynamic(model).SerializeToString()
    elif mode == "constant":
        source = make_constant(model, feeds).SerializeToString()
    else:
        source = case.model
    if mode == "aarch64":
        return ForeignSession(source, threads=threads, kernel_cache=KERNEL_CACHE)
    options = {"O0": {"O": 0}, "gpu": {"target": "cuda:sm_90a", "gpu_image": "ptx"}}.get(mode, {})
    return tegula.InferenceSession(source, threads=threads, kernel_cache=KERNEL_CACHE, **options)


def check_driver():
    """Raise what the fake driver of test/Gpu has noted: faults, and leaks once no session lives."""
    gc.collect()
    report = ctypes.CDLL("libcuda.so.1").tegulaFakeDriverReport
    report.restype = ctypes.c_char_p
    if noted := report().decode(errors="replace"):
        raise Mismatch(noted)


def run_case(case, mode, threads):
    """The largest ULP of a case; raises what goes wrong."""
    model = onnx.load(case.model)
    sets = list(data_sets(case, model))
    session, worst = None, 0
    for feeds, expected in sets:
        if session is None or mode == "constant":
            session = session_of(case, mode, onnx.load(case.model), feeds, threads)
        names = {value.name for value in session.get_inputs()}
        got = session.run(None, {name: value for name, value in feeds.items() if name in names})
        if len(got) != len(expected):
            raise Mismatch(f"{len(got)} outputs, expected {len(expected)}")
        for output, result, wanted in zip(session.get_outputs(), got, expected):
            where = f'output "{output.name}"'
            worst = max(worst, compare(result, wanted, case.rtol, case.atol, case.random, where))
    if mode == "gpu":
        del session
        check_driver()
    return worst


def answer(request):
    """Run the case of a request and say how it went."""
    case, start = all_cases()[request["case"]], time.perf_counter()
    result = {"status": "pass", "message": ""}
    try:
        result["ulp"] = run_case(case, request["mode"], request["threads"])
    except tegula.CompileError as error:
        result.update(status="compile", message=str(error))
    except Mismatch as error:
        result.update(status="wrong", message=str(error))
    except (tegula.RuntimeError, NotImplementedError) as error:
        result.update(status="run", message=str(error))
    except Exception as error:  # an error of the package is a failure of the case
        result.update(status="run", message=f"{type(error).__name__}: {error}")
    result["seconds"] = round(time.perf_counter() - start, 3)
    return result


def main():
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever libraries print is no answer
    for line in sys.stdin:
        answers.write(json.dumps(answer(json.loads(line))) + "\n")


if __name__ == "__main__":
    main()
