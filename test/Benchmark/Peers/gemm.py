#!/usr/bin/env python3
"""Time single operators in several CPU inference systems, and set them against the hardware.

    gemm.py --threads 1 --threads 2
    gemm.py --only 'conv|matmul_128' --peers ort,openvino,tegula --json out.json

Every case is a model built here.  Its rate is GFLOP/s (GOP/s for integers), or
GB/s where memory binds it, and the share is the least possible time (the larger
of arithmetic at the measured peak and of moving the operands once at the
measured bandwidth of the cache level they fit in) over the median time.
"""
import argparse
import json
import math
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

import harness
from peers import add_options, options_from

HERE = Path(__file__).resolve().parent
DEFAULT_PEERS = "ort,openvino,iree,tvm,torch-eager,tract,mnn,ncnn,tegula"
L2_BYTES, L3_BYTES = 1 << 20, 16 << 20  # working sets that still count as in L2, in L3


@dataclass
class Case:
    """A model with inputs, and what it costs at least."""

    name: str
    model: object
    feeds: dict
    flops: float
    bytes: float  # operands and results, each once
    unit: str = "fma"  # which measured peak binds its arithmetic

    def least_ms(self, peak, threads):
        """(arithmetic, memory) lower bounds on the time, in ms; the first is infinite where the machine
        lacks the instruction that would bind it."""
        rate = peak[f"{self.unit}_{threads}"]
        level = "l2" if self.bytes < L2_BYTES * threads else "l3" if self.bytes < L3_BYTES else "read"
        return (self.flops / rate / 1e6 if rate else math.inf,
                self.bytes / peak[f"{level}_{threads}"] / 1e6)


def rng(*shape):
    """Normal float32 values, the same for the same shape."""
    return np.random.default_rng(sum(shape)).standard_normal(shape, dtype=np.float32)


def model(nodes, inputs, weights, output, domains=()):
    """A one-output model; inputs and weights are dicts of arrays, output is (name, type, shape)."""
    graph = helper.make_graph(
        nodes, "case",
        [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for n, a in inputs.items()],
        [helper.make_tensor_value_info(*output)],
        [numpy_helper.from_array(a, n) for n, a in weights.items()])
    opsets = [helper.make_opsetid("", 20)] + [helper.make_opsetid(d, 1) for d in domains]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def matmul(m, k, n):
    """Float32 MatMul with a constant right-hand side."""
    feeds, weights = {"a": rng(m, k)}, {"b": rng(k, n) / np.float32(k ** 0.5)}
    made = model([helper.make_node("MatMul", ["a", "b"], ["y"])], feeds, weights, ("y", TensorProto.FLOAT, (m, n)))
    return Case(f"matmul_{m}x{k}x{n}", made, feeds, 2.0 * m * k * n, 4.0 * (m * k + k * n + m * n))


def matmul_integer(m, k, n):
    """MatMulInteger, uint8 by constant int8."""
    numbers = np.random.default_rng(m + k + n)
    feeds = {"a": numbers.integers(0, 255, (m, k), dtype=np.uint8)}
    weights = {"b": numbers.integers(-127, 127, (k, n), dtype=np.int8)}
    made = model([helper.make_node("MatMulInteger", ["a", "b"], ["y"])], feeds, weights, ("y", TensorProto.INT32, (m, n)))
    return Case(f"matmul_u8s8_{m}x{k}x{n}", made, feeds, 2.0 * m * k * n, m * k + k * n + 4.0 * m * n, "vnni")


def matmul_nbits(m, k, n, accuracy_level, block=32):
    """MatMulNBits, 4 bits, symmetric; accuracy level 4 lets the activations be int8."""
    numbers = np.random.default_rng(m + k + n)
    feeds = {"a": rng(m, k)}
    weights = {"b": numbers.integers(0, 255, (n, k // block, block // 2), dtype=np.uint8),
               "scales": np.full(n * (k // block), 0.01, np.float32)}
    node = helper.make_node("MatMulNBits", ["a", "b", "scales"], ["y"], domain="com.microsoft",
                            K=k, N=n, bits=4, block_size=block, accuracy_level=accuracy_level)
    made = model([node], feeds, weights, ("y", TensorProto.FLOAT, (m, n)), ["com.microsoft"])
    moved = k * n / 2 + 4 * k * n / block + 4.0 * (m * k + m * n)
    return Case(f"matmul_4bit_acc{accuracy_level}_{m}x{k}x{n}", made, feeds, 2.0 * m * k * n, moved,
                "vnni" if accuracy_level == 4 else "fma")


def conv(c, size, f, kernel, stride=1, group=1):
    """Float32 Conv with bias, batch 1, same padding."""
    out = (size + stride - 1) // stride
    feeds = {"x": rng(1, c, size, size)}
    weights = {"w": rng(f, c // group, kernel, kernel) / np.float32((c // group * kernel ** 2) ** 0.5), "b": rng(f)}
    node = helper.make_node("Conv", ["x", "w", "b"], ["y"], kernel_shape=[kernel] * 2, strides=[stride] * 2,
                            pads=[kernel // 2] * 4, group=group)
    made = model([node], feeds, weights, ("y", TensorProto.FLOAT, (1, f, out, out)))
    flops = 2.0 * f * out * out * (c // group) * kernel ** 2
    kind = "dwconv" if group == c else "conv"
    return Case(f"{kind}{kernel}x{kernel}s{stride}_{c}x{size}_{f}", made, feeds, flops,
                4.0 * (c * size ** 2 + f * out ** 2 + weights["w"].size))


def pointwise(kind, rows, columns):
    """Softmax, LayerNormalization or Gelu over the last axis."""
    feeds, weights, inputs, attributes = {"x": rng(rows, columns)}, {}, ["x"], {}
    if kind == "LayerNormalization":
        weights = {"g": rng(columns), "b": rng(columns)}
        inputs = ["x", "g", "b"]
    if kind != "Gelu":
        attributes["axis"] = -1
    made = model([helper.make_node(kind, inputs, ["y"], **attributes)], feeds, weights,
                 ("y", TensorProto.FLOAT, (rows, columns)))
    return Case(f"{kind.lower()}_{rows}x{columns}", made, feeds, 0.0, 8.0 * rows * columns)


def attention(s, heads=12, d=64):
    """Scaled dot-product attention as exporters write it: five nodes."""
    feeds = {name: rng(1, heads, s, d) for name in ("q", "k", "v")}
    nodes = [helper.make_node("Transpose", ["k"], ["kt"], perm=[0, 1, 3, 2]),
             helper.make_node("MatMul", ["q", "kt"], ["scores"]),
             helper.make_node("Mul", ["scores", "scale"], ["scaled"]),
             helper.make_node("Softmax", ["scaled"], ["p"], axis=-1),
             helper.make_node("MatMul", ["p", "v"], ["y"])]
    made = model(nodes, feeds, {"scale": np.array(d ** -0.5, np.float32)}, ("y", TensorProto.FLOAT, (1, heads, s, d)))
    return Case(f"attention_s{s}_h{heads}_d{d}", made, feeds, 4.0 * heads * s * s * d, 16.0 * heads * s * d)


def cases():
    """All cases, as functions of no arguments (building one takes memory)."""
    gemms = [(n, n, n) for n in (128, 256, 512, 1024, 2048)]
    gemms += [(m, 4096, 4096) for m in (1, 4, 16)]
    gemms += [(128, 768, 768), (128, 768, 3072), (128, 3072, 768), (512, 768, 3072)]
    gemms += [(17, 33, 65), (127, 383, 511), (1000, 1000, 1000), (1, 768, 50257)]
    convs = [(3, 224, 64, 7, 2), (64, 56, 256, 1), (256, 56, 64, 1), (256, 56, 512, 1, 2), (1024, 14, 256, 1),
             (2048, 7, 512, 1), (64, 56, 64, 3), (128, 28, 128, 3), (256, 14, 256, 3), (512, 7, 512, 3),
             (128, 56, 128, 3, 2), (144, 56, 144, 3, 1, 144), (192, 56, 192, 3, 2, 192), (240, 28, 240, 5, 1, 240)]
    yield from (lambda s=s: matmul(*s) for s in gemms)
    yield from (lambda s=s: conv(*s) for s in convs)
    yield from (lambda s=s: matmul_integer(*s) for s in [(128, 768, 768), (1024, 1024, 1024), (1, 4096, 4096)])
    yield from (lambda m=m, a=a: matmul_nbits(m, 4096, 4096, a) for a in (0, 4) for m in (1, 128))
    yield from (lambda s=s: pointwise(*s) for s in [("Softmax", 1536, 128), ("Softmax", 1024, 1024),
                                                    ("LayerNormalization", 128, 768), ("LayerNormalization", 2048, 768),
                                                    ("Gelu", 128, 3072), ("Gelu", 2048, 3072)])
    yield from (lambda s=s: attention(s) for s in (128, 512, 2048))


def measure_peak(realtime):
    """Compile and run peak.c: a dict of G/s figures."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "peak"
        subprocess.run(["gcc", "-O3", "-march=native", "-pthread", HERE / "peak.c", "-o", program], check=True)
        with harness.machine_lock():
            done = subprocess.run([program], check=True, capture_output=True, text=True,
                                  preexec_fn=harness.realtime_self if realtime else None)
        return json.loads(done.stdout)


def measure(case, options, peak):
    """Rows of one case, with rate, unit of the rate and share of the limit."""
    with tempfile.TemporaryDirectory(prefix="gemm-") as folder:
        path = Path(folder) / "case.onnx"
        save(case.model, path)
        rows = harness.bench(path, case.feeds, options, Path(folder) / "work")
    for row in rows:
        row["case"] = case.name
        if "median_ms" in row:
            compute, memory = case.least_ms(peak, row["threads"])
            amount = case.flops if compute >= memory else case.bytes
            row.update(rate=amount / row["median_ms"] / 1e6, bound="compute" if compute >= memory else "memory",
                       share=max(compute, memory) / row["median_ms"])
    return rows


def line(rows, peers):
    """One case and thread count as text: rate and share of each peer."""
    cells = []
    for peer in peers:
        row = next(r for r in rows if r["peer"] == peer)
        wrong = "" if row.get("accurate", True) else "!"
        if "rate" not in row:
            cells.append(f"{'-':>14}")
            continue
        share = f"{row['share']:5.0%}" if math.isfinite(row["share"]) else f"{'-':>5}"
        cells.append(f"{row['rate']:8.1f}{share}{wrong:1}")
    bound = next((r["bound"] for r in rows if "bound" in r), "")
    unit = {"compute": "Gop/s", "memory": "GB/s", "": ""}[bound]
    return f"{rows[0]['case']:30}{rows[0]['threads']:4} {unit:6}" + " ".join(cells)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="REGEX", help="cases whose name matches")
    add_options(parser)
    parser.set_defaults(peers=DEFAULT_PEERS, seconds=1.0, rounds=4)
    args = parser.parse_args()
    options = options_from(args)
    peak = measure_peak(options.realtime)
    print("peak, G/s:", json.dumps(peak))
    print(f"{'case':30}{'thr':>4} {'':6}" + " ".join(f"{peer:>14}" for peer in options.peers))
    everything = []
    for build in cases():
        case = build()
        if not re.search(args.only, case.name):
            continue
        rows = measure(case, options, peak)
        everything += rows
        for threads in options.threads:
            print(line([r for r in rows if r["threads"] == threads], options.peers), flush=True)
    if args.json:
        with open(args.json, "w") as file:
            json.dump({"peak": peak, "load_average": os.getloadavg(),
                       "versions": harness.versions(options.peers), "rows": everything}, file, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
