#!/usr/bin/env python3
"""Measure kernels under schedules of their spaces; append to a table.

    collect.py OUT.csv [--points=N] [--threads=1,2] [--shapes=N] [--only=REGEX]
               [--seconds=N] [--workers=N] [--scheduler=local|dask] [--realtime]
               [--kernel-cache=FOLDER]

The measuring is the compiler's own: build/release/bin/tegula-collect compiles,
checks and times; this program makes the models (shapes.py), keeps what comes
back, and goes on when a kernel takes the process with it. A shape that is in
OUT is skipped: a run can be stopped and continued. OUT.json says on which
machine and by which compiler; another one is refused. The columns are described
in cost-model/README.md.
"""

import argparse
import csv
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

import shapes

BIN = pathlib.Path(__file__).resolve().parents[2] / "build" / "release" / "bin"
COLUMNS = ["shape", "family", "problem", "schedule", "numerics", "threads", "status", "seconds",
           "mad", "even", "odd", "reference", "joules", "predicted", "compile_seconds", "space_points",
           "code_bytes", "instructions", "spills", "vector_registers"]
# Shapes of one process: its start is shared, and little is lost when it dies.
CHUNK = 8
TIMES = ("seconds", "mad", "even", "odd", "predicted", "reference")


def measure(names, options):
    """The rows of some shapes, and what kept others from being measured: {shape: reason}."""
    rows, skipped = {name: [] for name in names}, {}
    made = {shape.name: shape for shape in shapes.all_shapes()}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        reference = folder / "reference.onnx"
        reference.write_bytes(shapes.matmul(96, 96, 256).make())
        for name in names:
            (folder / f"{name}.onnx").write_bytes(made[name].make())
        left = list(names)
        while left:
            points = ["--points=all"] if made[left[0]].exhaustive else []
            command = [BIN / "tegula-collect", f"--reference={reference}", *options, *points,
                       *(folder / f"{name}.onnx" for name in left)]
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
                for line in process.stdout:
                    row = json.loads(line)
                    name = row["shape"]
                    if "done" not in row:
                        rows[name].append(row)
                        continue
                    left.remove(name)
                    if row["done"] != "ok":
                        skipped[name] = row["done"]
            if left:  # it died in the first of them
                skipped[left.pop(0)] = f"failed: the process ended with {process.returncode}"
    return [row for found in rows.values() for row in found], skipped


def level(row, reference):
    """Times as they were when the first reference was measured: the machine drifts."""
    if row["status"] == "ok":
        factor = reference / row["reference"]
        row |= {name: row[name] * factor for name in ("seconds", "mad", "even", "odd")}
    for name in TIMES:
        if name in row:
            row[name] = f"{row[name]:.4g}"
    row["compile_seconds"] = f"{row['compile_seconds']:.3f}"
    return row


class Table:
    """OUT.csv and OUT.json."""

    def __init__(self, path):
        self.path, self.about = path, path.with_suffix(".json")
        self.done = set()
        facts = {
            "machine": subprocess.run([BIN / "tegula", "machine"], capture_output=True, text=True,
                                      check=True).stdout.splitlines(),
            "compiler": hashlib.sha256((BIN / "tegula-collect").read_bytes()).hexdigest(),
        }
        self.facts = json.loads(self.about.read_text()) if self.about.exists() else dict(facts)
        for name, value in facts.items():
            if self.facts[name] != value:
                sys.exit(f"{self.about}: the table is of another {name}; take another file")
        if path.exists():
            with open(path, newline="") as file:
                self.done = {row["shape"] for row in csv.DictReader(file)}

    def add(self, rows, skipped):
        """Returns the number of rows with a time."""
        good = [row for row in rows if row["status"] == "ok"]
        if good:
            self.facts.setdefault("reference_seconds", good[0]["reference"])
            self.about.write_text(json.dumps(self.facts, indent=1) + "\n")
        rows = [level(row, self.facts.get("reference_seconds")) for row in rows]
        # Shapes of families without a space are asked for again when there is one.
        rows += [{"shape": name, "status": reason} for name, reason in skipped.items()
                 if reason.startswith("failed")]
        is_new = not self.path.exists()
        with open(self.path, "a", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
            if is_new:
                writer.writeheader()
            writer.writerows(rows)
        return len(good)


def chunks_of(names):
    """Lists of names in their order, those of whole spaces on their own."""
    whole = {shape.name for shape in shapes.all_shapes() if shape.exhaustive}
    chunks, open_chunk = [], []
    for name in names:
        if name in whole:
            chunks.append([name])
            continue
        open_chunk.append(name)
        if len(open_chunk) == CHUNK:
            chunks.append(open_chunk)
            open_chunk = []
    return chunks + ([open_chunk] if open_chunk else [])


def run_local(names, options, workers):
    """Results of chunks as they come; stopping drops those that have not begun."""
    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(measure, chunk, options) for chunk in chunks_of(names)]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def run_dask(names, options, workers):
    """The same in processes of a dask cluster."""
    from dask.distributed import Client, LocalCluster
    from dask.distributed import as_completed as as_dask_completed
    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            # Not pure: the same shape measured again is another measurement.
            futures = [client.submit(measure, chunk, options, pure=False)
                       for chunk in chunks_of(names)]
            for future in as_dask_completed(futures):
                yield future.result()


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--points", type=int, default=40,
                        help="schedules of a kernel, where not the whole space is measured")
    parser.add_argument("--threads", default="1", help="numbers of threads, such as 1,2")
    parser.add_argument("--shapes", type=int, help="at most so many shapes")
    parser.add_argument("--only", default="", help="shapes whose name has this pattern")
    parser.add_argument("--seconds", type=float, default=1e9, help="stop after this time")
    parser.add_argument("--workers", type=int, default=1, help="processes that measure")
    parser.add_argument("--scheduler", choices=["local", "dask"], default="local")
    parser.add_argument("--realtime", action="store_true", help="time before other programs")
    parser.add_argument("--kernel-cache", help="folder of code that was generated before")
    return parser.parse_args()


def main():
    arguments = parse()
    table = Table(arguments.out)
    print(subprocess.run([BIN / "tegula-collect", "--energy"], capture_output=True, text=True,
                         check=True).stdout, end="", flush=True)
    names = [shape.name for shape in shapes.all_shapes()
             if re.search(arguments.only, shape.name)][:arguments.shapes]
    names = [name for name in names if name not in table.done]
    options = [f"--points={arguments.points}", f"--threads={arguments.threads}",
               f"--lock={arguments.out.resolve().with_suffix('.lock')}"]
    if arguments.realtime:
        options.append("--realtime")
    if arguments.kernel_cache:
        options.append(f"--kernel-cache={arguments.kernel_cache}")
    run = {"local": run_local, "dask": run_dask}[arguments.scheduler]
    start, kernels, shapes_done = time.monotonic(), 0, 0
    results = run(names, options, arguments.workers)
    for rows, skipped in results:
        kernels += table.add(rows, skipped)
        shapes_done += len({row["shape"] for row in rows} | skipped.keys())
        spent = time.monotonic() - start
        left = spent / max(shapes_done, 1) * (len(names) - shapes_done)
        print(f"{shapes_done}/{len(names)} shapes, {kernels} kernels, {spent:.0f} s, {left:.0f} s left, "
              f"{spent / max(kernels, 1):.3f} s a kernel", flush=True)
        for name, reason in skipped.items():
            print(f"    {name}: {reason}")
        if spent > arguments.seconds:
            results.close()
            break


if __name__ == "__main__":
    main()
