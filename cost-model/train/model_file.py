"""The file of a learned model, read by cost-model/learned/ModelFile.cpp."""

import json
import struct

import numpy as np
from kernels import feature_names, library

MAGIC, FORMAT = b"TegulaCM", 2
LEAF, MISSING_LEFT = 0x7FFF, 0x8000
# The machine that the table was measured on.
VECTOR_BITS, VECTOR_REGISTERS = 256, 16
NODE = np.dtype([("value", "<f4"), ("feature", "<u2"), ("left", "<u2")])


def checksum(data):
    """FNV-1a of 64 bits."""
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def flatten(tree):
    """Nodes and covers of one tree of XGBoost's JSON, children side by side after their parent."""
    nodes, covers, queue = [None], [None], [(0, 0)]
    for source, place in queue:
        left = tree["left_children"][source]
        value = np.float32(tree["split_conditions"][source])
        covers[place] = tree["sum_hessian"][source]
        if left == -1:
            nodes[place] = (value, LEAF, 0)
            continue
        feature = tree["split_indices"][source]
        if tree["default_left"][source]:
            feature |= MISSING_LEFT
        nodes[place] = (value, feature, len(nodes))
        queue += [(left, len(nodes)), (tree["right_children"][source], len(nodes) + 1)]
        nodes += [None, None]
        covers += [None, None]
    return np.array(nodes, NODE), np.array(covers, "<f4")


def pack_family(booster, spreads, low, high):
    """What the file says of a family: an xgboost.Booster, the quantiles of its error on one and
    on several threads, the smallest and the largest of each feature."""
    learner = json.loads(booster.save_raw("json"))["learner"]
    if learner["objective"]["name"] != "reg:squarederror":
        raise ValueError("only squared error: sums of trees without a link function")
    trees = learner["gradient_booster"]["model"]["trees"]
    if any(tree["categories"] or int(tree["tree_param"]["size_leaf_vector"]) > 1
           for tree in trees):
        raise ValueError("categories and vectors in leaves are not supported")
    base = float(learner["learner_model_param"]["base_score"].strip("[]"))
    nodes, covers = zip(*map(flatten, trees), strict=True)
    roots = np.cumsum([0] + [len(tree) for tree in nodes])
    box = np.concatenate([low, high]).astype("<f4")
    return (struct.pack("<fffII", *spreads, base, len(nodes), roots[-1]) + box.tobytes()
            + roots[:-1].astype("<u4").tobytes() + np.concatenate(nodes).tobytes()
            + np.concatenate(covers).tobytes())


# What the file says of a family that nothing was learned of.
NOTHING = struct.pack("<fffII", 0, 0, 0, 0, 0)


def pack(families):
    """Bytes of the file: what pack_family() gave for each of tegula_cost_families(), or NOTHING."""
    payload = struct.pack("<III", VECTOR_BITS, VECTOR_REGISTERS, len(families)) + b"".join(families)
    return MAGIC + struct.pack("<IIQQ", FORMAT, len(feature_names()),
                               library().tegula_cost_feature_schema(), checksum(payload)) + payload
