#!/usr/bin/env python3
"""Train the learned model on the measured kernels and write its file.

    train.py [TABLE] [-o MODEL.tgcm]

Without arguments: cost-model/data/kernels.csv.xz to cost-model/data/default.tgcm,
the model inside the compiler. The same table, features and XGBoost give the same
bytes.
"""

import argparse
import pathlib

import kernels
import model_file
import numpy as np
import xgboost

FOLDS = 5
# One thread: sums in one order, and so the same trees.
PARAMETERS = {
    "objective": "reg:squarederror", "tree_method": "hist", "max_depth": 6, "eta": 0.08,
    "subsample": 0.8, "colsample_bytree": 0.6, "min_child_weight": 4, "nthread": 1, "seed": 0,
}
SCHEDULE_ROUNDS = 300
# Then trees of the problem alone: they see few features, and cannot change a ranking.
PROBLEM_PARAMETERS = PARAMETERS | {"max_depth": 4, "colsample_bytree": 0.15}
PROBLEM_ROUNDS = 120
PROBLEM_FEATURES = {
    "isConvolution", "logRows", "logColumns", "logK", "logBatch", "logWork", "constantColumns",
    "logWindow", "stride", "pointwise", "logWidth", "maskedLanes", "rowsInL2", "inputInL2",
    "resultInL2", "rowAlias", "resultAlias",
}
COVERAGE = 0.9


def fit(table, target):
    """A booster for `target`, one number per kernel.

    First trees that learn differences between the schedules of a shape, the fast ones
    above all; on top of them trees that learn what all schedules of a shape have in
    common. In one step the second, which is larger and decides nothing, takes the splits.
    """
    names, shape = np.unique(table.shape, return_inverse=True)
    mean = np.bincount(shape, target) / np.bincount(shape)
    fastest = np.full(len(names), np.inf)
    np.minimum.at(fastest, shape, table.seconds)
    booster = xgboost.train(PARAMETERS, xgboost.DMatrix(
        table.features, target - mean[shape], weight=(fastest[shape] / table.seconds)**2,
        nthread=1), SCHEDULE_ROUNDS)
    allowed = [float(name in PROBLEM_FEATURES) for name in kernels.feature_names()]
    return xgboost.train(PROBLEM_PARAMETERS, xgboost.DMatrix(
        table.features, target, feature_weights=allowed, nthread=1),
        PROBLEM_ROUNDS, xgb_model=booster)


def folds_of(table, seed=0):
    """A fold per kernel; all kernels of a shape are in one fold."""
    names, shape = np.unique(table.shape, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    return order[shape] % FOLDS


def predict_unseen(table, target, seed=0):
    """`target` as predicted for each fold by a model of the other folds."""
    folds, predicted = folds_of(table, seed), np.empty(len(table))
    for fold in range(FOLDS):
        test = folds == fold
        booster = fit(table.where(~test), target[~test])
        predicted[test] = booster.predict(xgboost.DMatrix(table.features[test], nthread=1))
    return predicted


def spreads(family, errors):
    """Per family, what COVERAGE of the errors of unseen shapes do not exceed (conformal)."""
    found = []
    for number in range(len(kernels.FAMILIES)):
        sizes = np.sort(np.abs(errors[family == number]))
        rank = min(int(np.ceil(COVERAGE * (len(sizes) + 1))), len(sizes))
        found.append(float(sizes[rank - 1]))
    return found


def train(table):
    """The bytes of a model file."""
    errors = table.residual - predict_unseen(table, table.residual)
    booster = fit(table, table.residual)
    return model_file.pack(booster, spreads(table.family, errors))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("table", nargs="?", type=pathlib.Path, default=kernels.DATA)
    parser.add_argument("-o", dest="output", type=pathlib.Path,
                        default=kernels.DATA.with_name("default.tgcm"))
    arguments = parser.parse_args()
    table = kernels.load(arguments.table)
    data = train(table)
    arguments.output.write_bytes(data)
    print(f"{arguments.output}: {len(data)} bytes, from {len(table)} kernels of "
          f"{len(np.unique(table.shape))} shapes, xgboost {xgboost.__version__}")


if __name__ == "__main__":
    main()
