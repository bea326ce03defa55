#!/usr/bin/env python3
"""Measure how well the learned model chooses, on shapes that it has not seen.

    evaluate.py [TABLE] [--out=FOLDER]

Five folds by shape, on cost-model/data/kernels.csv.xz; tables go to FOLDER
(cost-model/eval/results). Regret: the measured time of what is chosen over that
of the fastest measured schedule of the shape, minus one; over shapes as geometric
mean. The columns are described in cost-model/README.md.
"""

import argparse
import csv
import pathlib
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "train"))

import kernels  # noqa: E402
import train  # noqa: E402

SEED = 0
BOOTSTRAPS = 2000


def groups_of(table):
    """Per shape the numbers of its kernels."""
    names, shape = np.unique(table.shape, return_inverse=True)
    return {name: np.flatnonzero(shape == number) for number, name in enumerate(names)}


def ranks(values):
    order = np.empty(len(values))
    order[np.argsort(values, kind="stable")] = np.arange(len(values))
    return order


def spearman(a, b):
    return float(np.corrcoef(ranks(a), ranks(b))[0, 1]) if len(a) > 2 else 1.0


def slowdowns(table, groups, score, top=1):
    """Per shape: the fastest of the `top` kernels of lowest score over the fastest."""
    return np.array([table.seconds[rows[np.argsort(score[rows], kind="stable")[:top]]].min()
                     / table.seconds[rows].min() for rows in groups.values()])


def random_slowdowns(table, groups):
    """The expectation of a kernel drawn blindly, per shape."""
    return np.array([np.exp(np.log(table.seconds[rows]).mean()) / table.seconds[rows].min()
                     for rows in groups.values()])


def fixed_default(table):
    """Scores that prefer one register tile for all shapes of a family.

    Tiles are ordered by how they do on the shapes of the other folds; a shape without a
    kernel of the first gets the next. Within the tile the first kernel of the table.
    """
    names = kernels.feature_names()
    tile = table.features[:, [names.index("mr"), names.index("vectors")]]
    tile = np.unique(np.column_stack([table.family, tile]), axis=0, return_inverse=True)[1]
    slowdown = np.empty(len(table))
    for rows in groups_of(table).values():
        slowdown[rows] = np.log(table.seconds[rows] / table.seconds[rows].min())
    folds, scores = train.folds_of(table, SEED), np.full(len(table), np.inf)
    for fold in range(train.FOLDS):
        test = folds == fold
        for number in np.unique(tile[test]):
            known = ~test & (tile == number)
            if known.any():
                scores[test & (tile == number)] = slowdown[known].mean()
    return scores


def noise_floor(table, groups):
    """What choosing by one half of the rounds loses by the other half."""
    return np.array([table.halves[rows, 1][np.argmin(table.halves[rows, 0])]
                     / table.halves[rows, 1].min() for rows in groups.values()])


def coverage(table, errors):
    """Share inside of intervals that the other folds have calibrated."""
    folds, inside = train.folds_of(table, SEED), np.empty(len(table), bool)
    for fold in range(train.FOLDS):
        test = folds == fold
        limits = train.spreads(table.where(~test), errors[~test])
        several = (table.threads[test] > 1).astype(int)
        inside[test] = np.abs(errors[test]) <= limits[table.family[test], several]
    return inside.mean()


def geomean(values):
    return float(np.exp(np.log(values).mean()))


def summary(name, values):
    """A row of the table of choosers."""
    rng = np.random.default_rng(SEED)
    drawn = np.exp(np.log(values)[rng.integers(0, len(values), (BOOTSTRAPS, len(values)))]
                   .mean(axis=1))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {"chooser": name, "top1_regret": geomean(values) - 1, "ci_low": low - 1,
            "ci_high": high - 1, "p95_regret": np.quantile(values, 0.95) - 1,
            "worst": values.max() - 1}


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({name: f"{value:.4f}" if isinstance(value, float) else value
                             for name, value in row.items()})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("table", nargs="?", type=pathlib.Path, default=kernels.DATA)
    parser.add_argument("--out", type=pathlib.Path, default=HERE / "results")
    arguments = parser.parse_args()
    table = kernels.load(arguments.table)
    groups = groups_of(table)
    correction = train.predict_unseen(table, table.residual, SEED)
    learned = np.log(table.analytic) + correction
    plain = train.predict_unseen(table, np.log(table.seconds), SEED)
    chosen = slowdowns(table, groups, learned)
    default = slowdowns(table, groups, fixed_default(table))
    analytic = slowdowns(table, groups, table.analytic)
    choosers = [
        summary("random", random_slowdowns(table, groups)),
        summary("fixed default", default),
        summary("analytic only", analytic),
        summary("learned without analytic", slowdowns(table, groups, plain)),
        summary("learned", chosen),
        summary("learned, fastest of top 5", slowdowns(table, groups, learned, top=5)),
        summary("noise floor", noise_floor(table, groups)),
    ]
    for number in np.unique(table.family):
        name = kernels.families()[number]
        which = np.array([table.family[rows[0]] == number for rows in groups.values()])
        choosers.append(summary(f"analytic only, {name}s", analytic[which]))
        choosers.append(summary(f"learned, {name}s", chosen[which]))
    write(arguments.out / "choosers.csv", choosers)
    correlations = [spearman(learned[rows], table.seconds[rows]) for rows in groups.values()]
    write(arguments.out / "shapes.csv", [
        {"shape": name, "kernels": len(rows), "learned": s, "analytic": a, "default": d,
         "spearman": c, "chosen": table.schedule[rows[np.argmin(learned[rows])]],
         "fastest": table.schedule[rows[np.argmin(table.seconds[rows])]]}
        for (name, rows), s, a, d, c in zip(groups.items(), chosen, analytic, default,
                                            correlations, strict=True)])
    print(f"{len(table)} kernels of {len(groups)} shapes, "
          f"median {np.median([len(rows) for rows in groups.values()]):.0f} of a shape")
    for row in choosers:
        print("{chooser:28s} regret {top1_regret:7.2%} [{ci_low:.2%}, {ci_high:.2%}]  "
              "p95 {p95_regret:7.1%}  worst {worst:7.1%}".format(**row))
    top5 = geomean(slowdowns(table, groups, learned, top=5)) - 1
    inside = coverage(table, np.log(table.seconds) - learned)
    harm = np.mean(chosen > default * 1.05)
    print(f"split=unseen-shapes top1_regret={geomean(chosen) - 1:.4f} "
          f"p95_regret={np.quantile(chosen, 0.95) - 1:.4f} harm={harm:.4f} "
          f"top5_regret={top5:.4f} coverage90={inside:.4f} "
          f"spearman={np.mean(correlations):.4f}")


if __name__ == "__main__":
    main()
