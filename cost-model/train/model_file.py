"""The file of a learned model, read by cost-model/learned/ModelFile.cpp."""

import json
import struct

import numpy as np
from kernels import library

MAGIC, FORMAT = b"TegulaCM", 1
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
    """Nodes of one tree of XGBoost's JSON, children side by side after their parent."""
    nodes, queue = [None], [(0, 0)]
    for source, place in queue:
        left = tree["left_children"][source]
        value = np.float32(tree["split_conditions"][source])
        if left == -1:
            nodes[place] = (value, LEAF, 0)
            continue
        feature = tree["split_indices"][source]
        if tree["default_left"][source]:
            feature |= MISSING_LEFT
        nodes[place] = (value, feature, len(nodes))
        queue += [(left, len(nodes)), (tree["right_children"][source], len(nodes) + 1)]
        nodes += [None, None]
    return np.array(nodes, NODE)


def pack(booster, spreads):
    """Bytes of the file: an xgboost.Booster, and per family the quantile of its error."""
    learner = json.loads(booster.save_raw("json"))["learner"]
    if learner["objective"]["name"] != "reg:squarederror":
        raise ValueError("only squared error: sums of trees without a link function")
    trees = learner["gradient_booster"]["model"]["trees"]
    if any(tree["categories"] or int(tree["tree_param"]["size_leaf_vector"]) > 1
           for tree in trees):
        raise ValueError("categories and vectors in leaves are not supported")
    base = float(learner["learner_model_param"]["base_score"].strip("[]"))
    count = int(learner["learner_model_param"]["num_feature"])
    flat = [flatten(tree) for tree in trees]
    roots = np.cumsum([0] + [len(nodes) for nodes in flat])
    payload = struct.pack("<IIfffII", VECTOR_BITS, VECTOR_REGISTERS, *spreads, base,
                          len(flat), roots[-1])
    payload += roots[:-1].astype("<u4").tobytes() + np.concatenate(flat).tobytes()
    return MAGIC + struct.pack("<IIQQ", FORMAT, count, library().tegula_cost_feature_schema(),
                               checksum(payload)) + payload
