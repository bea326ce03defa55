#!/usr/bin/env python3
"""The GPU path without a GPU: artifacts run on the fake driver (test/Gpu/README.md).

    run.py                        small models, then ONNX's backend suite
    run.py --only bert            models and cases whose name matches
    run.py --part models          one of the two parts
    run.py --update               rewrite the lists of what passes

Models (models.py) are compiled for each target and run with copies that take
effect late, early and at random; the outputs must agree with ONNX Runtime's to
1e-4 of their largest value (5e-3 for 16-bit floats), and the driver must have nothing to complain of.
passing.json lists what passes; of the suite, test/Conformance/passing/gpu.json
does. A listed one that fails is a failure, and so is one that passes and is not
listed. The last line is `N passed, N failed`.
"""

import argparse
import ctypes
import gc
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "build" / "release" / "python")]

PASSING = HERE / "passing.json"
FAKE_DRIVER = ROOT / "build" / "release" / "lib" / "fake-driver"
TARGETS = {"sm_80": "80", "sm_90a": "90"}
DELIVERIES = ("late", "early", "random:1")
TOLERANCE = {"float32": 1e-4, "float16": 5e-3}


def child(name, target):
    """Compile and run one model in this process; raises what is wrong."""
    import numpy as np
    import onnxruntime

    import models
    import tegula

    model, feeds = models.MODELS[name]()
    onnxruntime.set_default_logger_severity(3)  # Not that it cannot fold constants of 16 bits.
    reference = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    session = tegula.InferenceSession(model, target=f"cuda:{target}", gpu_image="ptx",
                                     kernel_cache=ROOT / "build" / "kernel-cache")
    worst = 0.0
    for _ in range(2):  # The second run finds the arena as the first one left it.
        for got, wanted in zip(session.run(None, feeds), reference.run(None, feeds)):
            difference = np.abs(got.astype(np.float64) - wanted).max()
            worst = max(worst, float(difference / np.abs(wanted).max()))
            tolerance = TOLERANCE[wanted.dtype.name]
    del session
    gc.collect()
    report = ctypes.CDLL("libcuda.so.1").tegulaFakeDriverReport
    report.restype = ctypes.c_char_p
    if noted := report().decode(errors="replace"):
        raise SystemExit(noted)
    if not worst <= tolerance:
        raise SystemExit(f"error {worst:.1e} of the output's scale")
    print(f"error {worst:.1e}")


def run_model(name, target, timeout):
    """(passes, what was said) of a model for a target, under every delivery."""
    said = ""
    for delivery in DELIVERIES:
        environment = {**os.environ, "LD_LIBRARY_PATH": str(FAKE_DRIVER),
                       "TEGULA_FAKE_GPU": f"{TARGETS[target]},{delivery}"}
        try:
            result = subprocess.run([sys.executable, __file__, "--child", name, target], env=environment,
                                    capture_output=True, text=True, timeout=timeout)
        except subprocess.TimeoutExpired:
            return False, f"{delivery}: no result in {timeout:.0f} s"
        lines = (result.stdout + result.stderr).strip().splitlines() or ["(silent)"]
        if result.returncode:
            return False, f"{delivery}: exit status {result.returncode}: {lines[-1][:300]}"
        said = lines[-1]
    return True, said


def run_models(args):
    """(passed, failed) of the models; their list is rewritten if asked for."""
    import models

    listed = set(json.loads(PASSING.read_text())) if PASSING.exists() else set()
    results = {}
    for name in models.MODELS:
        for target in TARGETS:
            row = f"{name}/{target}"
            if args.only and not re.search(args.only, row, re.I):
                continue
            results[row], said = run_model(name, target, args.timeout)
            print(f"{'pass' if results[row] else 'FAIL'}  {row}  {said}", flush=True)
    passing = {row for row, passes in results.items() if passes}
    if args.update:
        listed = (listed - set(results)) | passing
        PASSING.write_text(json.dumps(sorted(listed), indent=0) + "\n")
    for row in passing - listed:
        print(f"FAILED {row}: passes but is not listed; run with --update and commit")
    failed = (passing - listed) | (listed & set(results) - passing)
    return len(passing & listed), len(failed)


def run_suite(args):
    """(passed, failed) of ONNX's backend suite in mode gpu."""
    command = [sys.executable, str(ROOT / "test" / "Conformance" / "run.py"), "--mode", "gpu",
               "--jobs", str(args.jobs), "--timeout", str(args.timeout)]
    command += ["--only", args.only] if args.only else []
    command += ["--update"] if args.update else []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        last = ""
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line
    counted = re.match(r"(\d+) passed, (\d+) failed", last)
    if counted:
        return int(counted[1]), int(counted[2])
    return (0, 0) if args.only and process.returncode == 1 else (0, 1)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="REGEX", help="models and cases whose name matches")
    parser.add_argument("--part", choices=("models", "suite"), help="only this part")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--timeout", type=float, default=120, help="s, for a case or model")
    parser.add_argument("--update", action="store_true", help="rewrite the lists of what passes")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    args = arguments()
    if args.child:
        return child(*args.child)
    parts = {"models": run_models, "suite": run_suite}
    passed = failed = 0
    for name in [args.part] if args.part else parts:
        good, bad = parts[name](args)
        passed, failed = passed + good, failed + bad
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
