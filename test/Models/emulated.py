#!/usr/bin/env python3
"""Models on an emulated AArch64 processor, beside this one. By hand: qemu takes minutes for a large one.

    emulated.py magika mobilenet_v2 [--target neoverse-n1] [--flag=--dim=batch=1]

For every output: its error over the reference's largest value, whether one thread and three give the same bits
there, and how many values differ from those of --here. Models and inputs are those of run.py.
Ends with `N passed, N failed`; a model passes whose errors are below 1e-4 and whose bits do not depend on threads.
"""

import argparse
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODELS = ROOT / "build" / "models"
sys.path[:0] = [str(ROOT / "test" / "lib"), str(ROOT / "build" / "release" / "python")]

import foreign  # noqa: E402
import numpy as np  # noqa: E402
from one import worst_error  # noqa: E402

import tegula  # noqa: E402


def same_bits(left, right):
    return left.shape == right.shape and left.tobytes() == right.tobytes()


def run_model(name, target, here, flags):
    """Whether a model passes; prints a line for each output."""
    model = MODELS / f"{name}.onnx"
    feeds, wanted = (dict(np.load(MODELS / f"{name}.{kind}.npz")) for kind in ("in", "ref"))
    options = {"flags": flags, "kernel_cache": ROOT / "build" / "kernel-cache"}
    there, threaded = (foreign.ForeignSession(model, threads=threads, target=target, **options).run(None, feeds)
                       for threads in (1, 3))
    session = tegula.InferenceSession(str(model), threads=1, target=here, **options)
    passes = True
    for output, value, again, other in zip(session.get_outputs(), there, threaded, session.run(None, feeds)):
        error, stable = worst_error(value, wanted[output.name]), same_bits(value, again)
        passes &= error < 1e-4 and stable
        print(f"{name} {output.name}: error {error:.1e}, {'the same' if stable else 'OTHER'} bits with 3 threads, "
              f"{int(np.sum(value != other))} of {value.size} values differ from {here}", flush=True)
    return passes


def main():
    foreign.require()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--target", default="aarch64")
    parser.add_argument("--here", default="x86-64-v3", help="the target that this processor runs")
    parser.add_argument("--flag", action="append", default=[], help="of `tegula compile`")
    args = parser.parse_args()
    good = sum(run_model(name, args.target, args.here, args.flag) for name in args.models)
    print(f"{good} passed, {len(args.models) - good} failed")
    return good != len(args.models)


if __name__ == "__main__":
    sys.exit(main())
