#!/usr/bin/env python3
"""Measure kernels under schedules of their space; append to a table.

    collect.py OUT.csv [--seconds=N] [--points=N] [--shapes=N]

One process, one thread. Per shape: points drawn from the compiler's schedule
space, and the compiler's own choice, are compiled one by one, each checked
against a product in double precision, and then timed in interleaved blocks
around a reference kernel, by the CPU time of the thread, so that other work on
the machine disturbs little. A shape whose rows are in OUT is skipped: a run can
be stopped and continued. The columns are described in cost-model/README.md.
The compiler is that of PYTHONPATH (a copy that later builds do not change), or
else that of the build folder.
"""

import argparse
import csv
import pathlib
import sys
import tempfile
import time

import numpy as np
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[1] / "build" / "release" / "python"))

import tegula  # noqa: E402
from shapes import all_shapes  # noqa: E402
from tegula import _capi  # noqa: E402

COLUMNS = ["shape", "family", "batch", "m", "n", "k", "groups", "filters", "channels", "window",
           "stride", "pad", "height", "width", "constant", "schedule", "status", "seconds", "mad",
           "first", "second", "reference", "compile_seconds"]
ROUNDS = 16
BLOCK_SECONDS = 2e-3


def model_of(shape):
    """Model bytes, inputs and the expected output in double precision."""
    rng = np.random.default_rng(0)

    def draw(*dims):
        return rng.standard_normal(dims, dtype="f4")

    weights = []
    if shape["family"] == "contraction":
        batch = [shape["batch"]] if shape["batch"] > 1 else []
        a, b = draw(*batch, shape["m"], shape["k"]), draw(*batch, shape["k"], shape["n"])
        node = helper.make_node("MatMul", ["a", "b"], ["y"])
        expected = a.astype("f8") @ b.astype("f8")
        feeds = {"a": a}
        if shape["constant"]:
            weights.append(numpy_helper.from_array(b, "b"))
        else:
            feeds["b"] = b
    else:
        side = round(shape["window"] ** 0.5)
        a = draw(shape["batch"], shape["groups"] * shape["channels"], shape["height"],
                 shape["width"])
        w = draw(shape["groups"] * shape["filters"], shape["channels"], side, side)
        pad = shape["pad"]
        node = helper.make_node("Conv", ["a", "w"], ["y"], group=shape["groups"],
                                pads=[pad] * 4, strides=[shape["stride"]] * 2)
        weights.append(numpy_helper.from_array(w, "w"))
        feeds, expected = {"a": a}, convolve(a, w, shape, pad)
    graph = helper.make_graph(
        [node], "kernel",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, v.shape) for n, v in feeds.items()],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, expected.shape)], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])
    return model.SerializeToString(), feeds, expected


def convolve(a, w, shape, pad):
    """A grouped convolution as products in double precision."""
    side, stride, groups = w.shape[2], shape["stride"], shape["groups"]
    padded = np.pad(a.astype("f8"), [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side), axis=(2, 3))
    windows = windows[:, :, ::stride, ::stride]
    batch, _, height, width = windows.shape[:4]
    parts = []
    for g in range(groups):
        c, f = shape["channels"], shape["filters"]
        columns = windows[:, g * c:(g + 1) * c].transpose(0, 2, 3, 1, 4, 5)
        columns = columns.reshape(batch * height * width, -1)
        product = columns @ w[g * f:(g + 1) * f].astype("f8").reshape(f, -1).T
        parts.append(product.reshape(batch, height, width, f).transpose(0, 3, 1, 2))
    return np.concatenate(parts, axis=1)


class Kernel:
    """A compiled kernel with its buffers bound, ready to be called again and again."""

    def __init__(self, model, feeds, expected, options):
        self.artifact = tegula.compile(model, **options)
        self.instance = self.artifact.create(threads=1)
        self.held = list(feeds.values())
        self.output = aligned(expected.shape)
        inst = self.instance
        for slot, array in zip(inst._inputs, self.held):
            slot.data, slot.bytes = array.ctypes.data, array.nbytes
            slot.dtype, slot.rank = TensorProto.FLOAT, array.ndim
            slot.shape = inst._shape(array.shape)
        self.calls = (inst._run, inst._context, inst._inputs, len(self.held), inst._outputs, 1)
        self.run(1)
        self.error = np.abs(self.output - expected).max() / max(np.abs(expected).max(), 1e-30)

    def run(self, times):
        """CPU seconds of this thread for `times` calls."""
        run, *arguments = self.calls
        slot = self.instance._outputs[0]
        slot.data, slot.bytes, slot.strides = self.output.ctypes.data, self.output.nbytes, None
        start = time.thread_time()
        for _ in range(times):
            status = run(*arguments)
        spent = time.thread_time() - start
        if status != 0:
            raise RuntimeError(f"status {status}")
        return spent


def aligned(shape):
    """An array on a cache line, as the runtime's own memory."""
    count = int(np.prod(shape))
    raw = np.empty(count + 16, "f4")
    start = (-raw.ctypes.data // 4) % 16
    return raw[start:start + count].reshape(shape)


def schedule_of(model, options):
    """The text of the only #sched attribute that a compilation with `options` chooses.

    Padding of grouped convolutions, for one, is a kernel of its own: such models say
    nothing of the time of one kernel.
    """
    with tempfile.NamedTemporaryFile(suffix=".mlir") as file:
        words = ["--stop-after=schedule"]
        words += [f"--{key.replace('_', '-')}={value}" for key, value in options.items()]
        _capi.compile_model(model, words, file.name)
        text = pathlib.Path(file.name).read_text()
    _, *kernels = text.split("schedule = ")
    if len(kernels) != 1:
        raise ValueError(f"{len(kernels)} kernels instead of one")
    return kernels[0].split(">", 1)[0] + ">"


def level(times):
    """Logarithms of `times` (rounds x kernels) without what is common to a round.

    A neighbour on the machine slows all kernels of a round alike: the rounds' medians
    over kernels are taken out, so that they do not look like differences of schedules.
    """
    logs = np.log(times)
    for _ in range(2):
        common = np.median(logs - np.median(logs, axis=0), axis=1)
        logs -= (common - np.median(common))[:, None]
    return logs


def measure(shape, points, reference, rng):
    """Rows of one shape."""
    model, feeds, expected = model_of(shape)
    feeds = {name: np.require(value, requirements=("C", "A")) for name, value in feeds.items()}
    chosen = {schedule_of(model, {}): {}}
    repeated = 0
    while len(chosen) <= points and repeated < 8:  # in a row: the space is small
        options = {"schedule_point": int(rng.integers(0, 2**31))}
        repeated = repeated + 1 if chosen.setdefault(
            schedule_of(model, options), options) is not options else 0
    rows, ready = [], []
    for text, options in chosen.items():
        row = dict.fromkeys(COLUMNS, "") | shape | {"schedule": text.removeprefix("#sched.")}
        rows.append(row)
        started = time.thread_time()
        try:
            kernel = Kernel(model, feeds, expected, options)
            row["status"] = "ok" if kernel.error < 1e-4 else "wrong"
        except Exception as error:  # a failure is a class of its own, never a time
            row["status"] = "failed: " + type(error).__name__
            continue
        row["compile_seconds"] = f"{time.thread_time() - started:.3f}"
        if row["status"] == "ok":
            ready.append((row, kernel, max(1, int(BLOCK_SECONDS / max(kernel.run(1), 1e-7)))))
    times = np.empty((ROUNDS, len(ready) + 1))
    for blocks in times:
        blocks[0] = reference.run(8) / 8
        blocks[1:] = [kernel.run(repeats) / repeats for _, kernel, repeats in ready]
    levelled = level(times)
    for number, (row, _, _) in enumerate(ready, 1):
        seconds = np.exp(levelled[:, number])
        row["seconds"] = f"{np.median(seconds):.4g}"
        row["mad"] = f"{np.median(abs(seconds - np.median(seconds))):.2g}"
        row["first"] = f"{np.median(seconds[::2]):.4g}"
        row["second"] = f"{np.median(seconds[1::2]):.4g}"
        row["reference"] = f"{np.median(times[:, 0]):.4g}"
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--seconds", type=float, default=2400, help="stop after this time")
    parser.add_argument("--points", type=int, default=50, help="schedules of a shape")
    parser.add_argument("--shapes", type=int, default=10**6, help="at most so many shapes")
    arguments = parser.parse_args()
    done = set()
    if arguments.out.exists():
        with open(arguments.out, newline="") as file:
            done = {row["shape"] for row in csv.DictReader(file)}
    todo = [s for s in all_shapes()[:arguments.shapes] if s["shape"] not in done]
    base = dict(todo[0], shape="reference", family="contraction", batch=1, m=96, n=96, k=256,
                constant=1) if todo else None
    reference = Kernel(*model_of(base), {}) if base else None
    start, kernels = time.monotonic(), 0
    with open(arguments.out, "a", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore", lineterminator="\n")
        if not done:
            writer.writeheader()
        for number, shape in enumerate(todo, 1):
            seed = [ord(c) for c in shape["shape"]]
            rows = measure(shape, arguments.points, reference, np.random.default_rng(seed))
            writer.writerows(rows)
            file.flush()
            kernels += len(rows)
            spent = time.monotonic() - start
            left = spent / number * (len(todo) - number)
            print(f"{number}/{len(todo)} shapes, {kernels} kernels, {spent:.0f} s, "
                  f"{left:.0f} s left: {shape['shape']}", flush=True)
            if spent > arguments.seconds:
                break


if __name__ == "__main__":
    main()
