#!/usr/bin/env python3
"""Measure how well schedules are chosen, by the learned model and by what it has to beat.

    evaluate.py [TABLE] [--out=FOLDER] [--processes=N] [--smoke]

Writes FOLDER/README.md with its plots (cost-model/eval/results) and ends with a line
per split. What the words mean: cost-model/README.md, and the modules here (splits.py,
baselines.py, metrics.py, ...). --smoke: a few shapes and trees, nothing is kept.
"""

import argparse
import multiprocessing
import pathlib
import sys
import tempfile
import time

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "train")]

import agents  # noqa: E402
import baselines  # noqa: E402
import choosers  # noqa: E402
import kernels  # noqa: E402
import learned  # noqa: E402
import page  # noqa: E402
import report  # noqa: E402
import spaces  # noqa: E402
import splits  # noqa: E402
import statics  # noqa: E402
import train  # noqa: E402

INPUTS = []  # What forked processes work on.
SMOKE_ROWS, SMOKE_ROUNDS, SMOKE_SPACES = 800, 8, 4


def smaller(table):
    """Some shapes of each family."""
    units = spaces.units_of(table)
    lots = np.random.default_rng(0).permutation(units.max() + 1)[units]
    keep = np.zeros(len(table), bool)
    for family in np.unique(table.family):
        order = np.argsort(np.where(table.family == family, lots, lots.max() + 1), kind="stable")
        last = lots[order[:SMOKE_ROWS // len(np.unique(table.family))]].max()
        keep |= np.isin(lots, np.unique(lots[(table.family == family) & (lots <= last)]))
    return table.where(keep)


def tasks_of(context, parts):
    """(part, what to compute): choosers, intervals and static targets."""
    found = []
    for index, part in enumerate(parts):
        found += [(index, "score", name) for name, chooser in choosers.everything().items()
                  if chooser.is_asked(part)]
        found.append((index, "limits", ""))
        if part.split == "unseen-shapes":
            found += [(index, target, sees) for target in statics.TARGETS
                      for sees in statics.SEES if statics.is_counted(context.table, target)]
    return found


def compute(task):
    """The numbers of a task, one per tested kernel. Runs in a process of its own."""
    index, what, name = task
    context, parts = INPUTS
    part = parts[index]
    if what == "score":
        return task, choosers.scores(choosers.everything()[name], context, part)
    if what == "limits":
        units = spaces.units_of(context.table)
        return task, learned.limits(context.hidden(part), part, units)
    return task, statics.predict(context, part, what, name)


def run(context, parts, processes):
    """All tasks: {(split, what, name): an array over kernels, NaN where not tested}."""
    INPUTS[:] = context, parts
    found, tasks = {}, tasks_of(context, parts)
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        for count, ((index, what, name), values) in enumerate(
                pool.imap(compute, tasks), 1):
            empty = np.full(len(context.table), np.nan)
            found.setdefault((parts[index].split, what, name), empty)[parts[index].test] = values
            if sys.stderr.isatty():
                print(f"\r{count} of {len(tasks)}", end="", file=sys.stderr)
    return found


def replay_space(rows):
    """A space under all searches. Runs in a process of its own."""
    return agents.logs_of(INPUTS[0].table, rows, *INPUTS[1])


def replay(results, found, arguments):
    """The searches, on the exhaustive spaces."""
    searched = agents.searched(results.table, SMOKE_SPACES if arguments.smoke else agents.MOST)
    if not len(searched):
        return
    spreads = np.exp(found["unseen-shapes", "limits", ""])
    INPUTS[1] = found["unseen-shapes", "score", "learned"], spreads
    with multiprocessing.get_context("fork").Pool(arguments.processes) as pool:
        logs = np.array(pool.map(replay_space, searched.rows, chunksize=1))
    results.searches = agents.tuned(logs, searched.unit)
    results.searched = len(searched)


def arguments_of():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("table", nargs="?", type=pathlib.Path, default=kernels.DATA)
    parser.add_argument("--out", type=pathlib.Path, default=HERE / "results")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--smoke", action="store_true")
    return parser.parse_args()


def evaluate(arguments):
    started = time.monotonic()
    table = kernels.load(arguments.table)
    context = baselines.Context(table)
    if arguments.smoke:
        context = baselines.Context(smaller(table), SMOKE_ROUNDS)
        train.SCHEDULE_ROUNDS = train.PROBLEM_ROUNDS = SMOKE_ROUNDS
    context.prepare()
    parts = splits.all_parts(context.table)
    found = run(context, parts, arguments.processes)
    results = report.of(context.table, parts, found)
    replay(results, found, arguments)
    page.write(arguments.out, arguments.table, results)
    print(f"{arguments.out / 'README.md'}: {len(context.table)} kernels, {len(parts)} trainings, "
          f"{time.monotonic() - started:.0f} s")
    for line in results.lines():
        print(line)


def main():
    arguments = arguments_of()
    if arguments.smoke:
        with tempfile.TemporaryDirectory() as folder:
            arguments.out = pathlib.Path(folder)
            evaluate(arguments)
    else:
        evaluate(arguments)


if __name__ == "__main__":
    main()
