"""Run a model on arrays from files.

    python -m tegula.run model.onnx --input x=x.npy --save out.npz
    python -m tegula.run model.so --inputs in.npz
    python -m tegula.run model.onnx --inputs in.npz --dim batch=1 --check-against=ort

Inputs that no file gives are drawn at random. Without --save the outputs are
printed in short. The exit status is 1 if an error is reported or a comparison
is off by more than --tolerance of an output's largest value.
"""

import argparse
import pathlib
import sys

import numpy as np

import tegula

from ._bench_child import dims_of
from .bench import draw_inputs, index_limits
from .session import is_library


def read_inputs(args):
    """Arrays by name of --inputs and --input."""
    feeds = dict(np.load(args.inputs)) if args.inputs else {}
    for word in args.input:
        name, _, path = word.rpartition("=")
        if not name:
            raise tegula.RuntimeError(f"--input {word}: write it as NAME=FILE.npy")
        feeds[name] = np.load(path)
    return feeds


def show(name, value):
    """One output in a few lines."""
    print(f"{name}: {value.dtype}{list(value.shape)}")
    if value.size:
        text = np.array2string(value, threshold=24, edgeitems=3, precision=5)
        print("  " + text.replace("\n", "\n  "))


def check(args, session, feeds, results):
    """Compare with ONNX Runtime; True if close."""
    import onnxruntime

    peer = onnxruntime.InferenceSession(args.model, providers=["CPUExecutionProvider"])
    close = True
    for node, got, want in zip(session.get_outputs(), results, peer.run(None, feeds)):
        if got.shape != want.shape:
            print(f"{node.name}: shape {list(got.shape)}, ONNX Runtime has {list(want.shape)}")
            close = False
        elif want.size:
            a, b = got.astype(np.float64), want.astype(np.float64)
            same = (a == b) | (np.isnan(a) & np.isnan(b))
            error = float(np.where(same, 0, np.abs(a - b)).max())
            scale = float(np.abs(b[np.isfinite(b)]).max(initial=0.0))
            right = error <= args.tolerance * max(scale, 1e-30)
            close &= right
            print(f"{node.name}: largest error {error:.2e}, largest value {scale:.3g}: "
                  f"{'ok' if right else 'TOO FAR'}")
    return close


def arguments(argv=None):
    parser = argparse.ArgumentParser(prog="tegula run", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help=".onnx file or compiled .so")
    parser.add_argument("--input", action="append", default=[], metavar="NAME=NPY")
    parser.add_argument("--inputs", metavar="NPZ")
    parser.add_argument("--save", metavar="NPZ", help="write the outputs there")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--dim", action="append", default=[], metavar="NAME=N")
    parser.add_argument("--seed", type=int, default=0, help="of inputs drawn at random")
    parser.add_argument("--flag", action="append", default=[], help="another option for the compiler")
    parser.add_argument("--check-against", choices=["ort"])
    parser.add_argument("--tolerance", type=float, default=1e-4)
    return parser.parse_args(argv)


def main(argv=None):
    args = arguments(argv)
    try:
        library = is_library(args.model)
        session = tegula.InferenceSession(args.model, threads=args.threads, flags=args.flag, dims=dims_of(args.dim))
        feeds = read_inputs(args)
        missing = [node for node in session.get_inputs() if node.name not in feeds]
        if missing:
            limits = {} if library else index_limits(args.model)
            feeds.update(draw_inputs(missing, dims_of(args.dim), args.seed, limits))
            print(f"drawn at random: {', '.join(node.name for node in missing)}", file=sys.stderr)
        results = session.run(None, feeds)
    except (tegula.CompileError, tegula.RuntimeError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    named = dict(zip([node.name for node in session.get_outputs()], results))
    if args.save:
        np.savez(pathlib.Path(args.save), **named)
    elif not args.check_against:
        for name, value in named.items():
            show(name, value)
    return int(bool(args.check_against) and not check(args, session, feeds, results))


if __name__ == "__main__":
    sys.exit(main())
