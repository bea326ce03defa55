"""A process that holds one system under test; started by bench.py, not by hand.

It loads the model, says so, then obeys lines on its standard input: `run
SECONDS`, `quit`. Each answer is one JSON object on a line of standard output.
"""

import argparse
import gc
import json
import os
import pathlib
import resource
import sys
import time


def dims_of(words):
    """["batch=1"] as a dict."""
    return {name: int(extent) for name, extent in (word.split("=") for word in words)}


class OnnxRuntime:
    """ONNX Runtime: all graph optimisations, threads that spin as by default."""

    def load(self, args):
        """A session with the symbolic dimensions fixed that were named."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = args.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        for name, extent in dims_of(args.dim).items():
            options.add_free_dimension_override_by_name(name, extent)
        self.session = onnxruntime.InferenceSession(
            args.model, options, providers=["CPUExecutionProvider"])
        self.names = [output.name for output in self.session.get_outputs()]

    def run(self, feeds):
        """One inference."""
        return self.session.run(None, feeds)


class OpenVino:
    """OpenVINO: latency hint, float32."""

    def load(self, args):
        """A compiled model and a request."""
        import openvino
        import openvino.properties.hint as hint

        core = openvino.Core()
        model = core.read_model(args.model)
        shapes = {}
        for port in model.inputs:
            if port.partial_shape.is_dynamic:
                shapes[port.any_name] = openvino.PartialShape(list(args.feeds[port.any_name].shape))
        if shapes:
            model.reshape(shapes)
        self.compiled = core.compile_model(model, "CPU", {
            hint.performance_mode(): hint.PerformanceMode.LATENCY,
            hint.inference_precision(): openvino.Type.f32,
            "INFERENCE_NUM_THREADS": args.threads,
        })
        self.request = self.compiled.create_infer_request()
        self.names = [port.any_name for port in self.compiled.outputs]

    def run(self, feeds):
        """One inference; the results are copied out as the others' are."""
        results = self.request.infer(feeds, share_inputs=True)
        return [results[port] for port in self.compiled.outputs]


class Tegula:
    """Tegula."""

    def load(self, args):
        """Loads the library that the parent compiled."""
        import tegula

        self.session = tegula.InferenceSession(args.model, threads=args.threads)
        self.names = [output.name for output in self.session.get_outputs()]

    def run(self, feeds):
        """One inference."""
        return self.session.run(None, feeds)


PEERS = {"onnxruntime": OnnxRuntime, "openvino": OpenVino, "tegula": Tegula}


def peak_rss():
    """Of this process, in MB."""
    status = pathlib.Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(run, feeds, seconds):
    """Times in ms of runs for so long, after warm-ups: the caches held another's data."""
    clock = time.perf_counter_ns
    gc.collect()
    gc.disable()
    start = clock()
    run(feeds)
    first = clock() - start
    while clock() - start < min(2e7, 4 * first):
        run(feeds)
    times, end = [], clock() + seconds * 1e9
    while not times or clock() < end:
        before = clock()
        run(feeds)
        times.append((clock() - before) / 1e6)
    gc.enable()
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", choices=PEERS, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--inputs", required=True, help="npz")
    parser.add_argument("--outputs", required=True, help="npz to write")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cpus", default="")
    parser.add_argument("--dim", action="append", default=[])
    args = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def say(**fields):
        answers.write(json.dumps(fields) + "\n")

    try:
        if args.cpus:
            os.sched_setaffinity(0, {int(cpu) for cpu in args.cpus.split(",")})
        import numpy as np

        args.feeds = dict(np.load(args.inputs))
        before, start = peak_rss(), time.perf_counter()
        peer = PEERS[args.peer]()
        peer.load(args)
        loaded = time.perf_counter()
        np.savez(args.outputs, **dict(zip(peer.names, peer.run(args.feeds))))
        say(load_ms=(loaded - start) * 1e3, rss_before=before)
        for line in sys.stdin:
            word, *rest = line.split()
            if word == "quit":
                break
            say(ms=timed(peer.run, args.feeds, float(rest[0])), rss=peak_rss())
    except Exception as error:  # a peer's failure is its row of the table
        say(failed=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # some runtimes hang while they are torn down
