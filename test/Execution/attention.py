"""Products around a softmax, as exporters write attention."""

import numpy as np
from harness import F32_EPS, Case, normal, rng
from onnx import helper


def bound(case, exact):
    """From first-order analysis: what logits are off moves each weight by as much, relatively; sums over keys add theirs."""
    f = {name: value.astype(np.float64) for name, value in {**case.feeds, **case.constants}.items()}
    q, k, v = f["q"], f["k"], f["v"]
    if k.shape[1] != q.shape[1]:
        k, v = (np.repeat(x, q.shape[1] // k.shape[1], axis=1) for x in (k, v))
    scale = f.get("scale", np.float64(1))
    mask = f.get("mask", np.float64(0))
    with np.errstate(invalid="ignore"):
        logits = q @ k.swapaxes(-1, -2) * scale + mask
        weights = np.exp(logits - logits.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
    u, keys, depth = F32_EPS, k.shape[-2], q.shape[-1]
    sizes = np.abs(q) @ np.abs(k).swapaxes(-1, -2) * scale + np.where(np.isfinite(mask), np.abs(mask), 0)
    off = 2 * (depth + 4) * u * sizes.max(-1, keepdims=True)
    return [(off + (2 * keys + 16) * u) * (weights @ np.abs(v)) + 1e-30]


def attention(name, queries, keys, heads=3, depth=64, columns=None, batch=2, scale="scores", mask=None):
    """One case; `scale` says on what it is."""
    columns = columns or depth
    feeds = {"q": normal("q" + name, (batch, heads, queries, depth)), "k": normal("k" + name, (batch, heads, keys, depth)),
             "v": normal("v" + name, (batch, heads, keys, columns))}
    constants, nodes = {"scale": np.float32(depth ** -0.5)}, []
    q, last = "q", "scores"
    if scale == "queries":
        nodes.append(helper.make_node("Mul", ["q", "scale"], ["qs"]))
        q = "qs"
    nodes += [helper.make_node("Transpose", ["k"], ["kt"], perm=[0, 1, 3, 2]),
              helper.make_node("MatMul", [q, "kt"], ["scores"])]
    if scale == "scores":
        nodes.append(helper.make_node("Mul", ["scores", "scale"], ["scaled"]))
        last = "scaled"
    if mask is not None:
        nodes.append(helper.make_node("Add", [last, "mask"], ["masked"]))
        last, feeds["mask"] = "masked", mask
    nodes += [helper.make_node("Softmax", [last], ["p"], axis=-1), helper.make_node("MatMul", ["p", "v"], ["y"])]
    return Case(f"Attention/{name}", nodes, feeds, constants, bound=bound)


def hidden(shape, share=0.3):
    """An additive mask of 0 and -inf."""
    return np.where(rng("mask").random(shape) < share, -np.inf, 0).astype(np.float32)


def sizes():
    """Tails of queries, keys, depth and columns."""
    for queries, keys, depth, columns in ((48, 48, 64, 64), (128, 128, 64, 64), (37, 53, 19, 21), (16, 131, 8, 40), (1, 70, 64, 64),
                                          (5, 1, 64, 64), (130, 7, 33, 5), (50, 300, 64, 64), (9, 9, 1, 1)):
        yield attention(f"{queries}x{keys}x{depth}x{columns}", queries, keys, depth=depth, columns=columns)
    yield attention("scaled-queries", 50, 60, scale="queries")


def masks():
    """Broadcast in every way, causal, and rows without a key."""
    for name, shape in (("keys", (2, 1, 1, 60)), ("all", (2, 3, 50, 60)), ("queries", (1, 1, 50, 60)), ("row", (60,))):
        yield attention(f"mask-{name}", 50, 60, mask=hidden(shape))
    causal = np.where(np.arange(60) > np.arange(60)[:, None], -np.inf, 0).astype(np.float32)
    yield attention("causal", 60, 60, mask=causal)
    # The first keys of each row, so that whole vectors and blocks of keys are hidden.
    yield attention("left", 40, 200, mask=np.where(np.arange(200) < 150, -np.inf, 0).astype(np.float32))
    empty = hidden((2, 1, 50, 60))
    empty[0, 0, 7:9] = -np.inf
    yield attention("hidden-rows", 50, 60, mask=empty)


def heads():
    """Heads split and merged by transposes, all in one layer."""
    s, h, d = 45, 4, 24
    shape = np.array([2, s, h, d], np.int64)
    nodes = [node for x in "qkv" for node in (helper.make_node("Reshape", [x + "0", "split"], [x + "1"]),
                                               helper.make_node("Transpose", [x + "1"], [x], perm=[0, 2, 1, 3]))]
    nodes += [helper.make_node("Transpose", ["k"], ["kt"], perm=[0, 1, 3, 2]), helper.make_node("MatMul", ["q", "kt"], ["s"]),
              helper.make_node("Softmax", ["s"], ["p"], axis=-1), helper.make_node("MatMul", ["p", "v"], ["r"]),
              helper.make_node("Transpose", ["r"], ["rt"], perm=[0, 2, 1, 3]), helper.make_node("Reshape", ["rt", "merged"], ["y"])]
    feeds = {x + "0": normal("heads" + x, (2, s, h * d)) for x in "qkv"}

    def merged(case, exact):
        split = {x: case.feeds[x + "0"].reshape(2, s, h, d).swapaxes(1, 2) for x in "qkv"}
        whole = Case("", [], split, {}, bound=None)
        return [bound(whole, exact)[0].swapaxes(1, 2).reshape(2, s, h * d)]

    yield Case("Attention/heads", nodes, feeds, {"split": shape, "merged": np.array([2, s, h * d], np.int64)}, bound=merged)


def cases():
    """All of the above."""
    for group in (sizes, masks, heads):
        yield from group()
