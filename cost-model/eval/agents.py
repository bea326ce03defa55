"""Searches replayed on spaces of which every point was measured: nothing is run.

The compiler's own searches (lib/Tuning, libtegula-search.so), compared as ArchGym does
(arXiv 2306.08888): equal numbers of measurements, several seeds, and each search tuned
by trying as many settings, on other shapes than it is judged on. With the cost model's
predictions of unseen shapes as their start, and blind.
"""

import collections
import ctypes
import dataclasses
import functools

import kernels
import numpy as np
import problems
import spaces

BUDGET, SEEDS = 64, 3
SMALLEST = 32  # Spaces of fewer points are no search.
MOST = 60  # Spaces that are replayed.
BLIND_SPREAD = 2.0  # What a search without predictions is told of them.


class Options(ctypes.Structure):
    """TegulaSearchOptions, with the compiler's defaults."""

    _fields_ = [("parents", ctypes.c_size_t), ("mutations", ctypes.c_size_t),
                ("length", ctypes.c_double), ("noise", ctypes.c_double)]

    def __init__(self, parents=4, mutations=4, length=2.0, noise=0.02):
        super().__init__(parents, mutations, length, noise)


# Six settings for each search that has any; the first are the compiler's.
SETTINGS = {
    "beam": [{"parents": count} for count in (4, 1, 2, 8, 16, 32)],
    "evolutionary": [{"parents": count, "mutations": rate}
                     for count, rate in ((4, 4), (4, 2), (8, 4), (8, 2), (16, 4), (16, 2))],
    "bayesian": [{"length": length, "noise": noise}
                 for length, noise in ((2, .02), (1, .02), (4, .02), (2, .1), (4, .1), (8, .1))],
}


@functools.cache
def library():
    """libtegula-search.so with the signatures of include/tegula/Tuning/SearchCApi.h."""
    lib = ctypes.CDLL(str(kernels.ROOT / "build" / "release" / "lib" / "libtegula-search.so"))
    lib.tegula_search_names.restype = ctypes.c_char_p
    lib.tegula_search_new.restype = ctypes.c_void_p
    lib.tegula_search_new.argtypes = [ctypes.c_char_p, *[ctypes.c_void_p] * 3, ctypes.c_size_t,
                                      ctypes.c_size_t, ctypes.c_uint64, ctypes.POINTER(Options)]
    lib.tegula_search_next.restype = ctypes.c_size_t
    lib.tegula_search_next.argtypes = [ctypes.c_void_p, ctypes.c_size_t,
                                       ctypes.POINTER(ctypes.c_size_t)]
    lib.tegula_search_tell.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_double]
    lib.tegula_search_free.argtypes = [ctypes.c_void_p]
    return lib


def names():
    return library().tegula_search_names().decode().split()


@dataclasses.dataclass
class Space:
    """The points of a space as a search sees them, and what they take."""

    parameters: np.ndarray  # points x dimensions
    predicted: np.ndarray  # seconds
    spreads: np.ndarray  # cost::Estimate::spread
    seconds: np.ndarray

    def blind(self):
        """Without predictions: all points are alike."""
        alike = np.full(len(self.seconds), np.median(self.seconds))
        return dataclasses.replace(self, predicted=alike,
                                   spreads=np.full(len(alike), BLIND_SPREAD))


def parameters_of(schedules):
    """Points as whole numbers: a column per schedule family and field, 0 of other families."""
    parsed = [problems.parse(text) for text in schedules]
    columns = sorted({(one.kind, name) for one in parsed for name in one})
    return np.array([[one.get(name, 0) if one.kind == kind else 0 for kind, name in columns]
                     for one in parsed], np.int64)


def replay(name, space, seed, setting=None):
    """Slowdown of the fastest measured point after 1, 2, ... BUDGET measurements."""
    # The order of the table tells which point the compiler chose: another one each time.
    order = np.random.default_rng(seed).permutation(len(space.seconds))
    arrays = [np.ascontiguousarray(values[order]) for values in
              (space.parameters, space.predicted, space.spreads)]
    seconds, lib, point = space.seconds[order], library(), ctypes.c_size_t()
    search = lib.tegula_search_new(
        name.encode(), *(array.ctypes.data for array in arrays), len(seconds),
        space.parameters.shape[1], seed, Options(**(setting or {})))
    if not search:
        raise ValueError(f"there is no search {name}")
    times = []
    while len(times) < BUDGET and lib.tegula_search_next(search, 1, ctypes.byref(point)):
        times.append(seconds[point.value])
        lib.tegula_search_tell(search, point.value, times[-1])
    lib.tegula_search_free(search)
    times += times[-1:] * (BUDGET - len(times))
    return np.minimum.accumulate(times) / seconds.min()


def searched(table, most=MOST):
    """Exhaustively measured spaces that are large enough to be searched, of each operator
    family and number of threads as many while there are some."""
    found = spaces.spaces_of(table)
    found = found.where(np.array([table.exhaustive[rows].all() and len(rows) >= SMALLEST
                                  for rows in found.rows], bool))
    turns, before = [], collections.Counter()
    for group in zip(found.kind, found.threads, strict=True):
        turns.append(before[group])
        before[group] += 1
    chosen = np.zeros(len(found), bool)
    chosen[np.argsort(turns, kind="stable")[:most]] = True
    return found.where(chosen)


def trials():
    """(search, setting, whether it starts from predictions)."""
    return [(name, number, is_prior) for name in names()
            for number in range(len(SETTINGS.get(name, [{}]))) for is_prior in (False, True)]


def logs_of(table, rows, log_predicted, spreads):
    """Of one space, per trial: mean log slowdown over seeds, after each measurement."""
    space = Space(parameters_of(table.schedule[rows]), np.exp(log_predicted[rows]),
                  spreads[rows], table.seconds[rows])
    return [np.mean([np.log(replay(name, space if is_prior else space.blind(), seed,
                                   SETTINGS.get(name, [{}])[number]))
                     for seed in range(SEEDS)], axis=0)
            for name, number, is_prior in trials()]


def tuned(logs, units):
    """{(search, with predictions): slowdown after each measurement, settings per half}.

    The setting of a half of the units is the one that does best on the other half, on
    average over 1, 2, 4, ... measurements.
    """
    half = spaces.number(units) % 2
    counts, found = 2 ** np.arange(int(np.log2(BUDGET)) + 1) - 1, {}
    for name in names():
        for is_prior in (False, True):
            mine = [index for index, trial in enumerate(trials())
                    if (trial[0], trial[2]) == (name, is_prior)]
            parts, settings = [], []
            for side in (0, 1):
                others = half != side if (half != side).any() else half == side
                best = min(mine, key=lambda index: logs[others, index][:, counts].mean())
                parts.append(logs[half == side, best])
                settings.append(SETTINGS.get(name, [{}])[trials()[best][1]])
            found[name, is_prior] = np.exp(np.concatenate(parts).mean(axis=0)), settings
    return found
