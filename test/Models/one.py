"""One step for one model in a process of its own; started by run.py, not by hand.

    one.py compile MODEL.onnx OUT.so [--dim=batch=1 ...]
    one.py run OUT.so INPUTS.npz REFERENCE.npz

Prints one line of JSON.
"""

import json
import pathlib
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "build" / "release" / "python"))

import numpy as np  # noqa: E402

import tegula  # noqa: E402


def peak_rss():
    """Of this process, in MB."""
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def compile_step(model, output, *flags):
    """Times and memory of a compilation; the RSS of Python and NumPy is taken off."""
    before, start = peak_rss(), time.perf_counter()
    tegula.compile(model, output, flags=list(flags), kernel_cache=ROOT / "build" / "kernel-cache")
    return {"seconds": time.perf_counter() - start, "rss": peak_rss() - before,
            "bytes": pathlib.Path(output).stat().st_size}


def worst_error(got, want):
    """The largest error over the largest value of the output; inf where one is not finite."""
    if got.shape != want.shape:
        raise ValueError(f"shape {list(got.shape)}, expected {list(want.shape)}")
    if not got.size:
        return 0.0
    got, want = got.astype(np.float64), want.astype(np.float64)
    same = (got == want) | (np.isnan(got) & np.isnan(want))
    error = np.where(same, 0.0, np.abs(got - want)).max()
    finite = np.abs(want[np.isfinite(want)])
    return float(np.nan_to_num(error, nan=np.inf) / max(finite.max(initial=0.0), 1e-30))


def run_step(library, inputs, reference):
    """The error against the reference; outputs must not depend on the thread count."""
    feeds, wanted = dict(np.load(inputs)), dict(np.load(reference))
    start = time.perf_counter()
    session = tegula.InferenceSession(library, threads=1)
    load = time.perf_counter() - start
    names = [output.name for output in session.get_outputs()]
    first = session.run(None, feeds)
    start = time.perf_counter()
    again = session.run(None, feeds)
    result = {"ms": (time.perf_counter() - start) * 1e3, "load_ms": load * 1e3, "rss": peak_rss()}
    errors = {name: worst_error(value, wanted[name]) for name, value in zip(names, first)}
    result["error"] = max(errors.values(), default=0.0)
    result["where"] = max(errors, key=errors.get, default="")
    for threads in (1, 2, 3):
        other = again if threads == 1 else tegula.InferenceSession(library, threads=threads).run(None, feeds)
        for name, a, b in zip(names, first, other):
            if a.tobytes() != b.tobytes():
                raise ValueError(f'output "{name}": other bits with {threads} threads in run 2')
    np.savez(str(library) + ".npz", **dict(zip(names, first)))
    return result


def main():
    step = {"compile": compile_step, "run": run_step}[sys.argv[1]]
    try:
        result = step(*sys.argv[2:])
    except Exception as error:  # every failure of a model is a row of the table
        result = {"failed": f"{type(error).__name__}: {error}"}
    print("\n" + json.dumps(result))


if __name__ == "__main__":
    main()
