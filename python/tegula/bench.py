"""Time a model in Tegula and in other systems, side by side.

    python -m tegula.bench model.onnx --against onnxruntime,openvino --dim batch=1
    python -m tegula.bench model.onnx --inputs in.npz --threads 2 --json out.json
    python -m tegula.bench model.onnx --profile --profile-trace=trace.json

Each system is a process of its own on the same CPUs. They are timed in turn, a
short block each and round after round, so that a disturbance of the machine
hits all alike; while one runs the others are stopped by a signal, so that no
idle thread spins. Each gets the model with the same dimensions fixed, and the
same inputs. `error` is the largest difference from the first peer's outputs,
over the largest value of the output; `ratio` is the median over the first
peer's: below 1 is faster. `load` is from the start of the import to the session; for
Tegula it loads the compiled library, and `compile` is what came before.

With --profile no peer runs; Tegula's time is told apart by kernel and by node.
"""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np

from . import _types, profile
from ._bench_child import PEERS, dims_of


class Child:
    """A peer's process; stopped unless it is asked something."""

    def __init__(self, peer, model, args, folder):
        self.name, self.outputs = peer, folder / f"{peer}.npz"
        self.log = tempfile.TemporaryFile()
        command = [sys.executable, "-m", "tegula._bench_child", "--peer", peer, "--model", str(model),
                   "--inputs", str(folder / "inputs.npz"), "--outputs", str(self.outputs),
                   "--threads", str(args.threads), "--cpus", ",".join(map(str, args.cpus))]
        command += [f"--dim={word}" for word in args.dim]
        package = str(pathlib.Path(__file__).parent.parent)
        paths = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
                                        env={**os.environ, "PYTHONPATH": paths}, start_new_session=True)
        self.times = []
        self.row = {"peer": peer, **self.answer()}
        self.signal(signal.SIGSTOP)

    def answer(self):
        """The next answer, or how the process ended."""
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        code = self.process.wait()
        self.log.seek(0)
        said = self.log.read().decode(errors="replace").strip().split("\n")[-1]
        how = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        return {"failed": f"{how} {said[:200]}"}

    def block(self, seconds):
        """Time it for so long."""
        self.signal(signal.SIGCONT)
        try:
            self.process.stdin.write(f"run {seconds}\n".encode())
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        said = self.answer()
        self.times += said.pop("ms", [])
        self.row.update(said)
        self.signal(signal.SIGSTOP)

    def signal(self, number):
        """To the process, if it is there."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def end(self):
        """No trace is left."""
        self.signal(signal.SIGKILL)
        self.process.wait()


def draw_inputs(inputs, dims, seed, limits):
    """Inputs at random: normal floats, valid indices, masks of ones, positions in order."""
    rng, feeds = np.random.default_rng(seed), {}
    for node in inputs:
        shape = [d if isinstance(d, int) and d > 0 else dims.get(d, 1) for d in node.shape]
        number = next((n for n in _types._TABLE if _types.runtime_name(n) == node.type), 1)
        dtype = _types.numpy_dtype(number)
        if np.issubdtype(dtype, np.floating):
            feeds[node.name] = rng.standard_normal(shape).astype(dtype)
        elif dtype == bool or "mask" in node.name:
            feeds[node.name] = np.ones(shape, dtype)
        elif "position" in node.name and shape:
            feeds[node.name] = np.broadcast_to(np.arange(shape[-1], dtype=dtype), shape)
        else:
            feeds[node.name] = rng.integers(0, limits.get(node.name, 2), shape).astype(dtype)
    return feeds


def index_limits(model):
    """How many rows the tables have that inputs index; needs the onnx package, else {}."""
    try:
        import onnx
    except ImportError:
        return {}
    graph = onnx.load(model, load_external_data=False).graph
    rows = {tensor.name: tensor.dims[0] for tensor in graph.initializer if tensor.dims}
    return {node.input[1]: rows[node.input[0]] for node in graph.node
            if node.op_type == "Gather" and node.input[0] in rows}


def worst(outputs, reference):
    """The largest error over the largest value, over all outputs of the reference."""
    result = 0.0
    for name in reference.files:
        got, want = outputs[name].astype(np.float64), reference[name].astype(np.float64)
        if got.shape != want.shape:
            return float("inf")
        if want.size:
            scale = np.abs(want[np.isfinite(want)]).max(initial=0.0)
            same = (got == want) | (np.isnan(got) & np.isnan(want))
            error = np.where(same, 0.0, np.abs(got - want)).max()
            result = max(result, float(np.nan_to_num(error, nan=np.inf) / max(scale, 1e-30)))
    return result


def progress(text):
    """A line on a terminal; nothing in a pipe."""
    if sys.stderr.isatty():
        print(f"\r{text[:100]:100}", end="" if text else "\r", file=sys.stderr, flush=True)


def prepare(args, folder):
    """Compile the model and write the inputs; (library, seconds of compilation)."""
    import tegula
    from tegula.session import NodeArg, is_library

    progress("compiling")
    start = time.perf_counter()
    if is_library(args.model):
        artifact = tegula.Artifact(args.model)
    else:
        artifact = tegula.compile(args.model, folder / "model.so", dims=dims_of(args.dim), flags=args.flag,
                                  profile=args.profile)
    seconds = time.perf_counter() - start
    if args.inputs:
        feeds = dict(np.load(args.inputs))
    else:
        limits = {} if is_library(args.model) else index_limits(args.model)
        feeds = draw_inputs([NodeArg(spec) for spec in artifact.inputs], dims_of(args.dim), args.seed, limits)
    np.savez(folder / "inputs.npz", **feeds)
    return artifact.path, seconds


def measure(args, folder):
    """The rows of all peers, the first peer's first and Tegula's last."""
    library, seconds = prepare(args, folder)
    children = []
    try:
        for peer in [*args.peers, "tegula"]:
            progress(f"loading {peer}")
            children.append(Child(peer, library if peer == "tegula" else args.model, args, folder))
        alive = [child for child in children if "failed" not in child.row]
        for turn in range(args.rounds):
            for child in alive if turn % 2 == 0 else alive[::-1]:
                progress(f"round {turn + 1} of {args.rounds}: {child.name}")
                child.block(args.seconds / args.rounds)
        progress("")
        rows = [finish(child, alive[0] if alive else None) for child in children]
        rows[-1]["compile_s"] = seconds
        return rows
    finally:
        for child in children:
            child.end()


def finish(child, base):
    """The row of a child, with statistics."""
    row = dict(child.row)
    if "failed" in row or not child.times:
        return {"failed": "no result", **row}
    times = np.sort(child.times)
    row.update(min=times[0], median=float(np.median(times)), p90=times[int(0.9 * (len(times) - 1))],
               runs=len(times), ratio=float(np.median(times) / np.median(base.times)))
    with np.load(child.outputs) as got, np.load(base.outputs) as want:
        row["error"] = worst(got, want)
    return row


def table(rows):
    """The rows as text."""
    columns = (("median", "9.3f", "median ms"), ("min", "9.3f", "min"), ("p90", "9.3f", "p90"),
               ("runs", "6d", "runs"), ("ratio", "6.2f", "ratio"), ("error", "8.1e", "error"),
               ("load_ms", "8.1f", "load ms"), ("rss", "7.0f", "RSS MB"), ("compile_s", "7.2f", "compile s"))
    lines = [f"{'':12}" + "".join(f"{title:>10}" for _, _, title in columns)]
    for row in rows:
        if "failed" in row:
            lines.append(f"{row['peer']:12}  {' '.join(row['failed'].split())[:200]}")
            continue
        cells = (format(row[key], form) if key in row else "-" for key, form, _ in columns)
        lines.append(f"{row['peer']:12}" + "".join(f"{cell:>10}" for cell in cells))
    return "\n".join(lines)


def arguments(argv=None):
    parser = argparse.ArgumentParser(prog="tegula bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help=".onnx file (a compiled .so: only Tegula is timed)")
    parser.add_argument("--against", default="onnxruntime", help="by comma, of: onnxruntime, openvino; or none")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dim", action="append", default=[], metavar="NAME=N", help="value of a symbolic dimension")
    parser.add_argument("--inputs", metavar="NPZ", help="inputs by name; without it they are drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=3.0, help="of timed runs for each")
    parser.add_argument("--rounds", type=int, default=5, help="turns in which these are taken")
    parser.add_argument("--cpus", help="CPUs to use, by comma; the last --threads of them")
    parser.add_argument("--flag", action="append", default=[], help="another option for the compiler")
    parser.add_argument("--profile", action="store_true", help="time per kernel and per node; a compiled .so "
                        "must have been compiled with --profile")
    parser.add_argument("--profile-trace", metavar="FILE", help="with --profile: the last run for chrome://tracing")
    parser.add_argument("--json", metavar="FILE", help="write the rows there")
    args = parser.parse_args(argv)
    args.peers = [peer for peer in args.against.split(",") if peer not in ("", "none")]
    unknown = [peer for peer in args.peers if peer not in PEERS]
    if unknown:
        parser.error(f"no peer named {unknown[0]}; there are: {', '.join(PEERS)}")
    cpus = [int(c) for c in args.cpus.split(",")] if args.cpus else sorted(os.sched_getaffinity(0))
    if args.threads > len(cpus):
        parser.error(f"{args.threads} threads need as many CPUs; there are {len(cpus)}")
    args.cpus = cpus[-args.threads:]
    if args.profile_trace and not args.profile:
        parser.error("--profile-trace needs --profile")
    return args


def main(argv=None):
    import tegula

    args = arguments(argv)
    with tempfile.TemporaryDirectory(prefix="tegula-bench-") as folder:
        try:
            if args.profile:
                return profile.main(args, prepare(args, pathlib.Path(folder))[0], pathlib.Path(folder))
            rows = measure(args, pathlib.Path(folder))
        except (tegula.CompileError, tegula.RuntimeError) as error:
            progress("")
            print(error, file=sys.stderr)
            return 1
    print(table(rows))
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps({"model": args.model, "threads": args.threads, "rows": rows}))
    return int("failed" in rows[-1])


if __name__ == "__main__":
    sys.exit(main())
