"""Searches replayed on spaces of which every point was measured: nothing is run.

The compiler's own searches (lib/Tuning, libtegula-search.so), each with the same
number of measurements, several seeds, with the cost model's predictions as their
start and without (ArchGym, arXiv 2306.08888: compare searchers at equal budgets).
"""

import ctypes
import functools

import kernels
import numpy as np
import problems
import spaces

BUDGET, SEEDS = 64, 5
SMALLEST = 32  # Spaces of fewer points are no search.


@functools.cache
def library():
    """libtegula-search.so with the signatures of include/tegula/Tuning/SearchCApi.h."""
    lib = ctypes.CDLL(str(kernels.ROOT / "build" / "release" / "lib" / "libtegula-search.so"))
    lib.tegula_search_names.restype = ctypes.c_char_p
    lib.tegula_search_new.restype = ctypes.c_void_p
    lib.tegula_search_new.argtypes = [ctypes.c_char_p, *[ctypes.c_void_p] * 3, ctypes.c_size_t,
                                      ctypes.c_size_t, ctypes.c_uint64]
    lib.tegula_search_next.restype = ctypes.c_size_t
    lib.tegula_search_next.argtypes = [ctypes.c_void_p, ctypes.c_size_t,
                                       ctypes.POINTER(ctypes.c_size_t)]
    lib.tegula_search_tell.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_double]
    lib.tegula_search_free.argtypes = [ctypes.c_void_p]
    return lib


def names():
    return library().tegula_search_names().decode().split()


def parameters_of(schedules):
    """Points as whole numbers: a column per schedule family and field, 0 of other families."""
    parsed = [problems.parse(text) for text in schedules]
    columns = sorted({(one.kind, name) for one in parsed for name in one})
    return np.array([[one.get(name, 0) if one.kind == kind else 0 for kind, name in columns]
                     for one in parsed], np.int64)


def replay(name, parameters, predicted, spreads, seconds, seed):
    """Slowdown of the fastest measured point after 1, 2, ... BUDGET measurements."""
    # The order of the table tells which point the compiler chose: another one each time.
    order = np.random.default_rng(seed).permutation(len(seconds))
    arrays = [np.ascontiguousarray(values[order]) for values in (parameters, predicted, spreads)]
    seconds, lib, point = seconds[order], library(), ctypes.c_size_t()
    search = lib.tegula_search_new(name.encode(), *(array.ctypes.data for array in arrays),
                                   len(seconds), parameters.shape[1], seed)
    if not search:
        raise ValueError(f"there is no search {name}")
    times = []
    while len(times) < BUDGET and lib.tegula_search_next(search, 1, ctypes.byref(point)):
        times.append(seconds[point.value])
        lib.tegula_search_tell(search, point.value, times[-1])
    lib.tegula_search_free(search)
    times += times[-1:] * (BUDGET - len(times))
    return np.minimum.accumulate(times) / seconds.min()


def searched(table, limit=None):
    """Exhaustively measured spaces that are large enough to be searched."""
    found = spaces.spaces_of(table)
    found = found.where(np.array([table.exhaustive[rows].all() and len(rows) >= SMALLEST
                                  for rows in found.rows], bool))
    return found.rows[:limit]


def curves(context, found, limit=None):
    """{(agent, with predictions): geometric mean of slowdown over spaces and seeds, per
    number of measurements}; predictions are those for unseen shapes."""
    table, rows = context.table, searched(context.table, limit)
    log_predicted = found["unseen-shapes", "score", "learned"]
    spreads = np.exp(found["unseen-shapes", "limits", ""])
    results = {}
    for name in names() if rows else ():
        for is_prior in (False, True):
            logs = []
            for space in rows:
                parameters = parameters_of(table.schedule[space])
                predicted = np.exp(log_predicted[space]) if is_prior else np.full(
                    len(space), np.median(table.seconds[space]))
                spread = spreads[space] if is_prior else np.full(len(space), 2.0)
                logs += [np.log(replay(name, parameters, predicted, spread,
                                       table.seconds[space], seed)) for seed in range(SEEDS)]
            results[name, is_prior] = np.exp(np.mean(logs, axis=0))
    return {"spaces": len(rows), "curves": results}
