"""Where the time of a model goes: by kernel, by node, and as a trace.

The library was compiled with --profile: its entry function tells the runtime
when each kernel begins and ends. With one thread the times are processor time,
which other programs do not disturb; with more they are those of a clock.
"""

import collections
import json
import pathlib
import statistics
import sys
import time

import numpy as np

from .session import InferenceSession


def record(session, feeds, seconds):
    """The KernelEvents of each run for so long, after a warm-up."""
    session.run(None, feeds)
    runs, end = [], time.perf_counter() + seconds
    while not runs or time.perf_counter() < end:
        session.run(None, feeds)
        runs.append(session.profile())
    return runs


def summarise(runs, key, threads):
    """Rows (key, calls, ms, FLOPs, bytes) of a run, the slowest first; ms is the median over the runs."""
    times = collections.defaultdict(lambda: [0.0] * len(runs))
    counts = collections.defaultdict(lambda: [0, 0, 0])
    for number, events in enumerate(runs):
        for event in events:
            elapsed = event.cpu_ns if threads == 1 else event.end_ns - event.begin_ns
            times[key(event)][number] += elapsed / 1e6
    for event in runs[-1]:
        for index, amount in enumerate((1, event.flops, event.bytes)):
            counts[key(event)][index] += amount
    rows = [(name, count[0], statistics.median(times[name]), *count[1:]) for name, count in counts.items()]
    return sorted(rows, key=lambda row: -row[2])


def table(title, rows):
    """The rows as text."""
    total = sum(row[2] for row in rows) or 1e-9
    lines = [f"{'calls':>5}{'ms':>10}{'share':>8}{'GFLOP/s':>9}{'GB/s':>8}  {title}"]
    for name, calls, ms, flops, size in rows:
        seconds = max(ms, 1e-6) / 1e3
        lines.append(f"{calls:5d}{ms:10.4f}{ms / total:8.1%}{flops / seconds / 1e9:9.1f}"
                     f"{size / seconds / 1e9:8.1f}  {name}")
    lines.append(f"{sum(row[1] for row in rows):5d}{total:10.4f}{1:8.0%}{'':17}  all")
    return "\n".join(lines)


def trace(events):
    """One run in the Trace Event Format, which chrome://tracing and Perfetto read."""
    start = events[0].begin_ns if events else 0
    return {"traceEvents": [
        {"name": event.nodes or event.kernel, "cat": "kernel", "ph": "X", "pid": 0, "tid": 0,
         "ts": (event.begin_ns - start) / 1e3, "dur": (event.end_ns - event.begin_ns) / 1e3,
         "args": {"kernel": event.kernel, "flops": event.flops, "bytes": event.bytes}} for event in events]}


def main(args, library, folder):
    """Print the tables, write the files."""
    session = InferenceSession(library, threads=args.threads)
    with np.load(folder / "inputs.npz") as feeds:
        runs = record(session, dict(feeds), args.seconds)
    if not runs[-1]:
        print(f"{args.model} records nothing: compile it with --profile", file=sys.stderr)
        return 1
    by_kernel = summarise(runs, lambda event: event.kernel, args.threads)
    by_node = summarise(runs, lambda event: f"{event.nodes} [{event.kernel}]", args.threads)
    print(f"{len(runs)} runs; ms are {'processor' if args.threads == 1 else 'wall'} time of one run\n")
    print(table("kernel", by_kernel) + "\n\n" + table("nodes [kernel]", by_node))
    if args.json:
        columns = ("name", "calls", "ms", "flops", "bytes")
        text = {name: [dict(zip(columns, row)) for row in rows]
                for name, rows in (("kernels", by_kernel), ("nodes", by_node))}
        pathlib.Path(args.json).write_text(json.dumps({"model": args.model, "threads": args.threads, **text}))
    if args.profile_trace:
        pathlib.Path(args.profile_trace).write_text(json.dumps(trace(runs[-1])))
    return 0
