"""How good a ranking of the schedules of a space is. No model is in here.

A score per kernel; the lowest of a space is chosen. Where `is_time`, it is the natural
logarithm of predicted seconds.
"""

import dataclasses
import math

import numpy as np
from scipy.stats import rankdata

BOOTSTRAPS = 2000
HARM = 1.05  # A choice slower than the fixed default by more than this harms.
TOPS = (1, 3, 5, 10)


def geomean(values):
    return float(np.exp(np.log(values).mean())) if len(values) else math.nan


def orders(scores, spaces, seed=0):
    """Per space its kernels, the best first. Ties are drawn: the order of the table, in
    which the compiler's choice is first, tells nothing."""
    lots = np.random.default_rng(seed).random(len(scores))
    return [rows[np.lexsort((lots[rows], scores[rows]))] for rows in spaces.rows]


def slowdowns(seconds, ordered, top=1):
    """t(fastest of the first `top`) / t(fastest measured), per space."""
    return np.array([seconds[rows[:top]].min() / seconds[rows].min() for rows in ordered])


def random_slowdowns(seconds, spaces, top=1):
    """What `top` kernels drawn without a look give: exp of the expected log slowdown.

    Of n times in order, number i is the fastest of k drawn with probability
    C(n - 1 - i, k - 1) / C(n, k).
    """
    found = []
    for rows in spaces.rows:
        times, k = np.sort(seconds[rows]), min(top, len(rows))
        chance = [math.comb(len(rows) - 1 - i, k - 1) / math.comb(len(rows), k)
                  for i in range(len(rows))]
        found.append(math.exp(np.dot(chance, np.log(times / times[0]))))
    return np.array(found)


def noise_floor(halves, spaces):
    """What is lost by choosing by the even rounds and judging by the odd ones."""
    return np.array([halves[rows, 1][np.argmin(halves[rows, 0])] / halves[rows, 1].min()
                     for rows in spaces.rows])


def interval(slowdown, unit, seed=0):
    """95 % of bootstraps of the geometric mean minus one. Units are drawn, not spaces:
    the spaces of a shape on one and two threads are no two observations."""
    units, number = np.unique(unit, return_inverse=True)
    sums, counts = np.bincount(number, np.log(slowdown)), np.bincount(number)
    drawn = np.random.default_rng(seed).integers(0, len(units), (BOOTSTRAPS, len(units)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    return tuple(np.exp(np.quantile(means, [0.025, 0.975])) - 1)


def spearman(scores, seconds):
    """Correlation of ranks; 0 if one side is all ties."""
    a, b = rankdata(scores), rankdata(seconds)
    if a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def pairwise(scores, seconds, halves):
    """Right and all pairs whose measured difference is beyond the noise of both: that
    between even and odd rounds. A tie of scores is half right."""
    time, noise = np.log(seconds), np.abs(np.log(halves[:, 0] / halves[:, 1]))
    a, b = np.triu_indices(len(seconds), 1)
    difference = time[a] - time[b]
    beyond = np.abs(difference) > np.maximum(noise[a], noise[b])
    agreement = np.sign(difference) * np.sign(scores[a] - scores[b])
    return float(((agreement[beyond] + 1) / 2).sum()), int(beyond.sum())


def is_within(errors, limits):
    """Is the error inside of its interval? NaN where there is none (limit 0: not sure)."""
    return np.where(limits > 0, np.abs(errors) <= limits, np.nan)


@dataclasses.dataclass
class Measures:
    """Of a chooser, an array over spaces each."""

    slowdown: dict  # of the best of 1, 3, 5, 10
    spearman: np.ndarray  # NaN of spaces of two schedules
    right: np.ndarray  # pairs, see pairwise
    pairs: np.ndarray
    mape: np.ndarray  # mean of |predicted - t| / t; NaN if scores are no times

    def where(self, mask):
        return Measures({top: values[mask] for top, values in self.slowdown.items()},
                        *(values[mask] for values in
                          (self.spearman, self.right, self.pairs, self.mape)))


def measure(table, spaces, scores, is_time=False):
    """The Measures of scores, one per kernel."""
    ordered = orders(scores, spaces)
    right, pairs = np.array([pairwise(scores[rows], table.seconds[rows], table.halves[rows])
                             for rows in spaces.rows]).T
    ranks = [spearman(scores[rows], table.seconds[rows]) if len(rows) > 2 else math.nan
             for rows in spaces.rows]
    errors = [np.abs(np.exp(scores[rows]) / table.seconds[rows] - 1).mean() if is_time else math.nan
              for rows in spaces.rows]
    return Measures({top: slowdowns(table.seconds, ordered, top) for top in TOPS},
                    np.array(ranks), right, pairs, np.array(errors))


def measure_random(table, spaces):
    """The Measures of a draw: expected slowdowns."""
    nothing, none = np.zeros(len(spaces)), np.full(len(spaces), math.nan)
    return Measures({top: random_slowdowns(table.seconds, spaces, top) for top in TOPS},
                    nothing, nothing + 0.5, nothing + 1, none)


@dataclasses.dataclass
class Quality:
    """The figures of a chooser on some spaces. Regret is slowdown minus one."""

    spaces: int
    regret: dict  # of the best of 1, 3, 5, 10: geometric mean over spaces
    interval: tuple  # of the first, 95 %
    p95: float
    worst: float
    harm: float  # share of spaces slower than the fixed default by more than 5 %
    spearman: float  # mean over spaces
    pairwise: float  # over all pairs
    mape: float  # mean over spaces


def quality(measures, default, unit):
    """The Quality of Measures; `default`: slowdowns of the fixed default on these spaces,
    `unit`: the spaces' units."""
    first, rank = measures.slowdown[1], measures.spearman[np.isfinite(measures.spearman)]
    pairs = measures.pairs.sum()
    return Quality(
        len(first), {top: geomean(values) - 1 for top, values in measures.slowdown.items()},
        interval(first, unit), float(np.quantile(first, 0.95) - 1), float(first.max() - 1),
        float(np.mean(first > default * HARM)), float(rank.mean()) if len(rank) else math.nan,
        float(measures.right.sum() / pairs) if pairs else math.nan,
        float(np.mean(measures.mape)))
