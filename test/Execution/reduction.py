"""Reductions, softmax, normalisations, scans, TopK."""

import numpy as np
from harness import normal, relative, single, summed, ulps

CLOSE = relative(2e-6)


def reductions():
    """Each over every kind of axes."""
    axes = ((3, 40), (1,)), ((3, 40), (0,)), ((2, 3, 4, 5), (1, 3)), ((2, 3, 4, 5), (0, 1, 2, 3)), ((7, 130), (-1,))
    for op in ("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2",
               "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"):
        for shape, over in axes if op in ("ReduceSum", "ReduceMax") else axes[:3]:
            for keep in (0, 1):
                x = normal(op, shape)
                x = np.abs(x) + np.float32(0.5) if op in ("ReduceLogSum", "ReduceProd") else x
                exact = op in ("ReduceMax", "ReduceMin")
                yield single(f"{'x'.join(map(str, shape))}-{'_'.join(map(str, over))}-keep{keep}", op, x,
                             np.array(over, np.int64), constants=(1,), keepdims=keep,
                             bound=None if exact else summed(200) if op in ("ReduceSum", "ReduceMean") else CLOSE)
    for dtype in (np.int32, np.int64, np.float64):
        for op in ("ReduceSum", "ReduceMax", "ReduceMin"):
            x = normal("x", (5, 33), dtype)
            yield single(f"{np.dtype(dtype).name}", op, x, np.array([1], np.int64), constants=(1,),
                         bound=summed(40) if op == "ReduceSum" and x.dtype.kind == "f" else None)
    nans = normal("x", (4, 20))
    nans[1, 7] = np.nan
    yield single("nan", "ReduceMax", nans, np.array([1], np.int64), constants=(1,))
    yield single("all", "ReduceSum", normal("x", (5, 6)), bound=summed(30))


def arguments():
    """Positions of extremes; ties take the first or the last."""
    x = np.round(normal("x", (4, 17)) * 2)
    for op in ("ArgMax", "ArgMin"):
        for axis in (0, 1):
            for last in (0, 1):
                yield single(f"axis{axis}-last{last}", op, x, axis=axis, select_last_index=last, keepdims=axis)
    for largest in (0, 1):
        yield single(f"largest{largest}", "TopK", normal("k", (5, 30)), np.array([4], np.int64), constants=(1,),
                     outputs=("y", "i"), axis=1, largest=largest)
    yield single("axis0-ties", "TopK", np.round(normal("k", (12, 5))), np.array([3], np.int64), constants=(1,),
                 outputs=("y", "i"), axis=0)


def log_softmax(x0):
    """Along the last axis, without the evaluator's underflow."""
    shifted = x0 - x0.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def lrn(x0):
    """Over windows of three channels."""
    padded = np.pad(x0 ** 2, ((0, 0), (1, 1), (0, 0), (0, 0)))
    sums = sum(padded[:, k:k + x0.shape[1]] for k in range(3))
    return x0 / (1 + 1e-4 / 3 * sums) ** 0.75


def softmaxes():
    """Along each axis; large arguments must not overflow."""
    for op in ("Softmax", "LogSoftmax"):
        for axis in (0, 1, -1):
            yield single(f"axis{axis}", op, normal("x", (3, 17, 9), scale=3), axis=axis, bound=CLOSE)
        yield single("large", op, normal("x", (4, 33), scale=300), axis=-1, bound=CLOSE,
                     reference=log_softmax if op == "LogSoftmax" else None)
    yield single("axis1", "Hardmax", normal("x", (3, 9)), axis=1)


def normalisations():
    """Over the last axes, over channels, over batches."""
    x = normal("x", (3, 8, 5, 6))
    scale, bias = np.abs(normal("s", (8,))) + np.float32(0.5), normal("b", (8,))
    rows = normal("r", (4, 7, 48))
    for axis in (-1, 1):
        shape = rows.shape[axis:]
        yield single(f"axis{axis}", "LayerNormalization", rows, normal("s", shape), normal("b", shape), constants=(1, 2),
                     axis=axis, bound=relative(4e-6))
    yield single("no-bias", "LayerNormalization", rows, normal("s", (48,)), constants=(1,), bound=relative(4e-6))
    yield single("2d", "BatchNormalization", x, scale, bias, normal("m", (8,)), np.abs(normal("v", (8,))) + np.float32(0.1),
                 constants=(1, 2, 3, 4), bound=relative(4e-6))
    yield single("2d", "InstanceNormalization", x, scale, bias, constants=(1, 2), bound=relative(4e-6))
    yield single("groups4", "GroupNormalization", x, scale, bias, constants=(1, 2), num_groups=4, bound=relative(4e-6))
    yield single("last", "RMSNormalization", rows, normal("s", (48,)), constants=(1,), opset=23, bound=relative(4e-6))
    yield single("size3", "LRN", x, size=3, reference=lrn, bound=relative(4e-6))
    yield single("axis1", "LpNormalization", rows, axis=1, p=2, bound=relative(4e-6))


def scans():
    """Running sums."""
    for exclusive in (0, 1):
        for reverse in (0, 1):
            yield single(f"exclusive{exclusive}-reverse{reverse}", "CumSum", normal("x", (4, 11)), np.int64(1), constants=(1,),
                         exclusive=exclusive, reverse=reverse, bound=summed(12))


def cases():
    """All of the above."""
    for group in (reductions, arguments, softmaxes, normalisations, scans):
        yield from group()
    yield single("wide", "ReduceMean", normal("w", (3, 5000), scale=0.1) + np.float32(100), np.array([1], np.int64),
                 constants=(1,), bound=ulps(64))
