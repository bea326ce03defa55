"""What the learned model has to beat. Each gives scores of a part's tested kernels.

A chooser is asked with the table whose measured times are known on the training side
only (`Context.hidden`): one that looks at what it is tested on sees NaN.
"""

import dataclasses
import functools

import ansor_features
import kernels
import numpy as np
import problems
import tokens
import xgboost
from spaces import number

# One thread: the same trees each time.
COMMON = {"tree_method": "hist", "nthread": 1, "seed": 0}
# As the learned model's, for features that are not its own.
BOOSTER = COMMON | {"max_depth": 6, "eta": 0.08, "subsample": 0.8, "colsample_bytree": 0.6,
                    "min_child_weight": 4}
# TVM's: python/tvm/auto_scheduler/cost_model/xgb_model.py, with fewer rounds than its
# 10,000, which stop on the training set.
ANSOR = COMMON | {"max_depth": 10, "gamma": 0.001, "min_child_weight": 0, "eta": 0.2}
# GPPerf's forest (arXiv 2411.16954): depth 6, milliseconds, raw parameters.
FOREST = COMMON | {"max_depth": 6, "eta": 1.0, "num_parallel_tree": 100, "subsample": 0.63,
                   "colsample_bynode": 0.5, "lambda": 0.0}
# Knobs of the register tile weigh more than those of blocks: a default tile stays a tile.
TILE_WEIGHT = 16.0
TILE = {"mr", "nr", "vl", "vectors", "results", "accumulators", "unroll", "rows", "columns"}
CANDIDATES = 300  # Points that a fixed default is chosen among, per operator family.


@dataclasses.dataclass
class Context:
    """A table and what baselines compute from its texts, once."""

    table: kernels.Kernels
    rounds: int = 200  # Trees of the boosters.

    @functools.cached_property
    def kinds(self):
        return np.array([problems.kind(text) for text in self.table.problem])

    @functools.cached_property
    def columns(self):
        """The schedule families' fields: columns of `knobs`."""
        schedules = [problems.parse(text) for text in np.unique(self.table.schedule)]
        return sorted({(schedule.kind, name) for schedule in schedules for name in schedule})

    @functools.cached_property
    def knobs(self):
        """Schedules as numbers, log2(1 + x) of each field, 0 for those of other families."""
        of_column = {column: index for index, column in enumerate(self.columns)}
        found = np.zeros((len(self.table), len(self.columns)))
        for row, text in zip(found, self.table.schedule, strict=True):
            schedule = problems.parse(text)
            for name, value in schedule.items():
                row[of_column[schedule.kind, name]] = np.log2(1 + value)
        return found

    @functools.cached_property
    def weights(self):
        """How much a difference of knobs counts."""
        return np.array([TILE_WEIGHT if name in TILE else 1.0 for _, name in self.columns])

    @functools.cached_property
    def sizes(self):
        """Sizes of the problems, a column per operator family and field, and threads."""
        found = np.zeros((len(self.table), max(map(len, problems.SIZES.values())) + 2))
        found[:, 0], found[:, 1] = number(self.kinds), self.table.threads
        for row, text in zip(found, self.table.problem, strict=True):
            sizes = problems.log_sizes(text)
            row[2:2 + len(sizes)] = sizes
        return found

    @functools.cached_property
    def ansor(self):
        pairs, row = np.unique([f"{problem}\n{schedule}" for problem, schedule in
                                zip(self.table.problem, self.table.schedule, strict=True)],
                               return_inverse=True)
        found = np.array([ansor_features.features_of(*pair.split("\n")) for pair in pairs], "f4")
        return np.column_stack([found[row], self.table.threads])

    @functools.cached_property
    def tokens(self):
        return tokens.counts(self.table)

    def prepare(self):
        """Computes all of it, before processes are forked."""
        for name in ("kinds", "columns", "knobs", "weights", "sizes", "ansor", "tokens"):
            getattr(self, name)

    def hidden(self, part):
        """The table without what was measured of the tested kernels."""
        table = dataclasses.replace(self.table)
        for name in ("seconds", "halves", "instructions", "spills", "registers"):
            values = getattr(table, name).astype(float)
            values[part.test] = np.nan
            setattr(table, name, values)
        table.chosen = np.zeros(len(table), bool)
        return table


def boost(features, target, part, parameters, rounds, weight=None):
    """Trees on any features, of the training side's target; predictions of the other."""
    known = xgboost.DMatrix(features[part.train], target[part.train], nthread=1,
                            weight=None if weight is None else weight[part.train])
    booster = xgboost.train({"objective": "reg:squarederror"} | parameters, known, rounds)
    return booster.predict(xgboost.DMatrix(features[part.test], nthread=1))


def log_slowdowns(table, rows):
    """log(t / t of the fastest of its space) of some kernels, whole spaces."""
    task = number(table.task[rows])
    fastest = np.full(task.max() + 1, np.inf)
    np.minimum.at(fastest, task, table.seconds[rows])
    return np.log(table.seconds[rows] / fastest[task])


def analytic(context, table, part):
    """The formula alone: log seconds."""
    return np.log(table.analytic[part.test])


def shape_only(context, table, part):
    """Sees no schedule: what of time is known by the problem alone. It cannot rank."""
    return boost(context.sizes, np.log(table.seconds), part, BOOSTER, context.rounds)


def raw_knobs(context, table, part):
    """Sizes and parameters as they are, a random forest of depth 6, milliseconds."""
    features = np.exp2(np.column_stack([context.sizes, context.knobs])) - 1
    predicted = boost(features, table.seconds * 1e3, part, FOREST, 1)
    return np.log(np.maximum(predicted, 1e-6) / 1e3)


def ansor(context, table, part):
    """164 features of the innermost statement; y = fastest / t, weighted by y: y * (f - y)^2."""
    speed = np.full(len(table), np.nan)
    speed[part.train] = np.exp(-log_slowdowns(table, part.train))
    return -boost(context.ansor, speed, part, ANSOR, context.rounds // 2, weight=speed)


def text_tokens(context, table, part):
    """n-grams of the kernel's text; log time."""
    return boost(context.tokens, np.log(table.seconds), part, BOOSTER, context.rounds)


def spaces_of_kind(context, table, rows, kind, threads):
    """The kernels of an operator family and a number of threads among `rows`."""
    return rows[(context.kinds[rows] == kind) & (table.threads[rows] == threads)]


def distances(context, rows, point):
    """How far the schedules of some kernels are from a row of knobs; another schedule
    family is far by its own knobs, which are all missing."""
    return (context.weights * np.abs(context.knobs[rows] - point)).sum(axis=1)


def nearest_shape(context, table, part):
    """The fastest schedule of the training space with the nearest log sizes."""
    scores, slow = np.empty(len(part.test)), log_slowdowns(table, part.train)
    best = part.train[slow == 0]
    of_test = number(table.task[part.test])
    for task in range(of_test.max() + 1):
        rows = part.test[of_test == task]
        same = spaces_of_kind(context, table, best, context.kinds[rows[0]], table.threads[rows[0]])
        # A family that was never measured has no neighbour: all alike.
        scores[of_test == task] = 0.0
        if len(same):
            away = np.abs(context.sizes[same] - context.sizes[rows[0]]).sum(axis=1)
            scores[of_test == task] = distances(
                context, rows, context.knobs[same[np.argmin(away)]])
    return scores


def default_point(context, table, rows):
    """The schedule that, taken for all training spaces (the nearest point of each), has
    the least mean log slowdown. `rows`: of one operator family and number of threads."""
    slow, task = log_slowdowns(table, rows), number(table.task[rows])
    order = np.argsort(task, kind="stable")
    starts = np.flatnonzero(np.diff(task[order], prepend=-1))
    # The points that are most often among the fast ones.
    points, row = np.unique(context.knobs[rows], axis=0, return_inverse=True)
    merit = np.bincount(row.ravel(), np.exp(-slow))
    points = points[np.argsort(-merit, kind="stable")[:CANDIDATES]]
    costs = []
    for point in points:
        away = distances(context, rows[order], point)
        nearest = np.minimum.reduceat(away, starts)
        tied = away == nearest[task[order]]
        costs.append(np.bincount(task[order], slow[order] * tied)
                     / np.bincount(task[order], tied))
    return points[np.argmin(np.mean(costs, axis=1))]


def fixed_default(context, table, part):
    """One schedule for all shapes of an operator family: the best on the training side."""
    scores = np.zeros(len(part.test))
    for kind in np.unique(context.kinds[part.test]):
        for threads in np.unique(table.threads[part.test]):
            train = spaces_of_kind(context, table, part.train, kind, threads)
            test = (context.kinds[part.test] == kind) & (table.threads[part.test] == threads)
            if len(train) and test.any():
                scores[test] = distances(context, part.test[test],
                                         default_point(context, table, train))
    return scores
