#!/usr/bin/env python3
"""Train the learned model on the measured kernels and write its file.

    train.py [TABLE] [-o MODEL.tgcm] [--processes=N]

Without arguments: cost-model/data/kernels.csv.xz to cost-model/data/default.tgcm,
the model inside the compiler. The same table, features and XGBoost give the same
bytes, whatever the number of processes.
"""

import argparse
import pathlib
from concurrent.futures import ProcessPoolExecutor

import kernels
import model_file
import numpy as np
import xgboost

FOLDS = 5
# One thread: sums in one order, and so the same trees.
PARAMETERS = {
    "objective": "reg:squarederror", "tree_method": "hist", "max_bin": 128, "max_depth": 6,
    "eta": 0.08, "subsample": 0.8, "colsample_bytree": 0.6, "min_child_weight": 4, "nthread": 1,
    "seed": 0,
}
SCHEDULE_ROUNDS = 300
# Families of few shapes: smaller trees, which see sizes of the problem rarely.
SHALLOW = PARAMETERS | {"max_depth": 4, "min_child_weight": 20}
SHALLOW_FAMILIES = {"filter_lanes", "rows"}
SIZE_WEIGHT = 0.15
# Families whose schedules the formula ranks better than trees do on shapes that they have not seen.
FORMULA_FAMILIES = {"attention", "elementwise"}
# Then trees of the problem alone: they see no features of the schedule, and cannot change a ranking.
PROBLEM_PARAMETERS = PARAMETERS | {"max_depth": 4, "colsample_bytree": 0.3}
PROBLEM_ROUNDS = 120
COVERAGE = 0.9


def feature_weights(weights):
    """How often trees see a feature, by its scope."""
    return [weights[scope] for _, scope, _ in kernels.feature_lines()]


def fit_family(table, target):
    """A booster for `target`, one number per kernel of one family.

    First trees that learn differences between the schedules of a task, the fast ones
    above all; on top of them trees that learn what all schedules of a task have in
    common. In one step the second, which is larger and decides nothing, takes the splits.
    """
    tasks, task = np.unique(table.task, return_inverse=True)
    count = np.bincount(task)
    mean = np.bincount(task, target) / count
    fastest = np.full(len(tasks), np.inf)
    np.minimum.at(fastest, task, table.seconds)
    # Spaces that were measured whole would outweigh the others.
    weight = (count[task] / count.mean()) ** -0.5
    family = kernels.families()[table.family[0]]
    is_shallow = family in SHALLOW_FAMILIES
    seen = SIZE_WEIGHT if is_shallow else 1
    booster = xgboost.train(SHALLOW if is_shallow else PARAMETERS, xgboost.DMatrix(
        table.features, target - mean[task], nthread=1,
        feature_weights=feature_weights({"Kind": seen, "Size": seen, "Point": 1}),
        weight=weight * (fastest[task] / table.seconds)**2),
        0 if family in FORMULA_FAMILIES else SCHEDULE_ROUNDS)
    return xgboost.train(PROBLEM_PARAMETERS, xgboost.DMatrix(
        table.features, target, weight=weight, nthread=1,
        feature_weights=feature_weights({"Kind": 1, "Size": 1, "Point": 0})),
        PROBLEM_ROUNDS, xgb_model=booster)


def predict_part(table, target, known):
    """`target` as predicted for the kernels of one family that are not `known` by those that are;
    0 if none is."""
    if not known.any():
        return np.zeros(np.count_nonzero(~known))
    booster = fit_family(table.where(known), target[known])
    return booster.predict(xgboost.DMatrix(table.features[~known], nthread=1))


def predict_split(table, target, folds, processes=1):
    """`target` as predicted for each fold by models of the other folds, family by family.

    `folds` has a number per kernel. Where a family is not among the others: 0, the formula
    alone.
    """
    predicted = np.zeros(len(table))
    with ProcessPoolExecutor(processes) as pool:
        parts = []
        for family in np.unique(table.family):
            of_family = np.flatnonzero(table.family == family)
            part = table.where(of_family)
            for fold in np.unique(folds[of_family]):
                known = folds[of_family] != fold
                parts.append((of_family[~known], pool.submit(
                    predict_part, part, target[of_family], known)))
        for rows, future in parts:
            predicted[rows] = future.result()
    return predicted


def folds_of(table, seed=0):
    """A fold per kernel; all kernels of a shape are in one fold."""
    names, shape = np.unique(table.shape, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    return order[shape] % FOLDS


def predict_unseen(table, target, seed=0, processes=1):
    """`target` as predicted for each fold by a model of the other folds."""
    return predict_split(table, target, folds_of(table, seed), processes)


def spread(errors):
    """What COVERAGE of the errors of unseen shapes do not exceed (conformal); 0 of none."""
    sizes = np.sort(np.abs(errors))
    rank = min(int(np.ceil(COVERAGE * (len(sizes) + 1))), len(sizes))
    return float(sizes[rank - 1]) if rank else 0.0


def spreads(table, errors):
    """Per family those of one thread and of several: families x 2."""
    return np.array([[spread(errors[(table.family == family) & ((table.threads > 1) == several)])
                      for several in (False, True)] for family in range(len(kernels.families()))])


def train(table, processes=1):
    """The bytes of a model file."""
    target = table.residual
    limits = spreads(table, target - predict_unseen(table, target, processes=processes))
    packed = []
    with ProcessPoolExecutor(processes) as pool:
        parts = [table.where(table.family == family) for family in range(len(limits))]
        futures = [pool.submit(fit_family, part, part.residual) if len(part) else None
                   for part in parts]
        for part, future, limit in zip(parts, futures, limits, strict=True):
            packed.append(model_file.NOTHING if future is None else model_file.pack_family(
                future.result(), limit, part.features.min(axis=0), part.features.max(axis=0)))
    return model_file.pack(packed)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("table", nargs="?", type=pathlib.Path, default=kernels.DATA)
    parser.add_argument("-o", dest="output", type=pathlib.Path,
                        default=kernels.DATA.with_name("default.tgcm"))
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    table = kernels.load(arguments.table)
    data = train(table, arguments.processes)
    arguments.output.write_bytes(data)
    print(f"{arguments.output}: {len(data)} bytes, from {len(table)} kernels of "
          f"{len(np.unique(table.shape))} shapes, xgboost {xgboost.__version__}")


if __name__ == "__main__":
    main()
