#!/usr/bin/env python3
"""Find the first value of a model at which Tegula and ONNX Runtime differ.

    locate.py MODEL.onnx [--inputs in.npz] [--tolerance 1e-4] [--flag=-O0]

Every float value of the main graph becomes an output too, in groups, so that
fusion is disturbed as little as possible; prints each that differs, in order.
"""

import argparse
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "build" / "release" / "python")]

import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402
from one import worst_error  # noqa: E402

import tegula  # noqa: E402


def with_outputs(model, names, types):
    """A copy whose outputs are these values."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    del copy.graph.output[:]
    copy.graph.output.extend(onnx.helper.make_tensor_value_info(n, types[n], None) for n in names)
    return copy.SerializeToString()


def value_types(model):
    """Element types by value name, as ONNX infers them."""
    graph = onnx.shape_inference.infer_shapes(model).graph
    return {v.name: v.type.tensor_type.elem_type for v in [*graph.value_info, *graph.output]
            if v.type.HasField("tensor_type")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--inputs", required=True)
    parser.add_argument("--tolerance", type=float, default=1e-4)
    parser.add_argument("--group", type=int, default=40, help="values that become outputs at a time")
    parser.add_argument("--flag", action="append", default=[])
    args = parser.parse_args()
    onnxruntime.set_default_logger_severity(4)
    model, feeds = onnx.load(args.model), dict(np.load(args.inputs))
    types = value_types(model)
    names = [name for node in model.graph.node for name in node.output if types.get(name) in (1, 10, 11, 7, 6)]
    for start in range(0, len(names), args.group):
        some = names[start:start + args.group]
        data = with_outputs(model, some, types)
        want = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"]).run(some, feeds)
        got = tegula.InferenceSession(data, flags=args.flag).run(some, feeds)
        makers = {name: node for node in model.graph.node for name in node.output}
        bad = 0
        for name, a, b in zip(some, got, want):
            try:
                error = worst_error(a, b)
            except ValueError as problem:
                error, name = float("inf"), f"{name} ({problem})"
            if not error <= args.tolerance:
                bad += 1
                maker = makers.get(name.split(" (")[0])
                print(f"{error:.1e}  {maker.op_type if maker else ''} {name} {list(b.shape)}")
        print(f"{start + len(some)} of {len(names)} values compared", file=sys.stderr)
        if bad:
            return 1
    print("no value differs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
