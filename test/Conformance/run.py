#!/usr/bin/env python3
"""Run ONNX's backend suite (1,914 cases of the onnx 1.22.0 wheel) through Tegula.

    run.py --mode static                   every case, compared with the committed list
    run.py --mode dynamic --only 'Conv'    cases whose name matches
    run.py --report                        which messages block the most cases
    run.py --last --report                 the same, of the last run
    run.py --mode static --update          rewrite the list of passing cases

Modes: static (the files as they are), dynamic (every input dimension becomes a
symbol), constant (the inputs become initialisers), O0 (the plain lowering), gpu
(PTX, run by the emulator of test/Gpu through its libcuda.so.1), aarch64 (each
case a program, run under qemu-aarch64).

passing/MODE.json lists the cases that pass, with the largest error in ULP that
was seen. A listed case that fails is a failure; so is one that passes and is
not listed (run --update and commit the file), and any crash or time-out. The
last line is `N passed, N failed`.
"""

import argparse
import json
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib"), str(HERE.parents[1] / "build" / "release" / "python")]

import report  # noqa: E402
from cases import MODES, all_cases  # noqa: E402

RESULTS = HERE.parents[1] / "build" / "conformance"
FAKE_DRIVER = HERE.parents[1] / "build" / "release" / "lib" / "fake-driver"


class Worker:
    """A child process with one case in flight."""

    RECYCLE = 250  # cases, after which a fresh process takes over

    def __init__(self):
        self.process, self.case = None, None

    def start(self, mode):
        """A fresh process; its stderr goes to a file that tells why it died."""
        self.errors = tempfile.TemporaryFile()
        environment = dict(os.environ)
        if mode == "gpu":
            environment["LD_LIBRARY_PATH"] = str(FAKE_DRIVER)
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "worker.py")], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.errors, start_new_session=True, env=environment)
        self.served, self.buffer = 0, b""

    def ask(self, case, args):
        """Send a case; a process that is used up or gone is replaced."""
        if self.process is None or self.served >= self.RECYCLE:
            self.stop()
            self.start(args.mode)
        request = {"case": case, "mode": args.mode, "threads": args.threads}
        self.case, self.deadline = case, time.monotonic() + args.timeout
        self.served += 1
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()

    def poll(self):
        """The result of the case in flight, or None while there is none."""
        if select.select([self.process.stdout], [], [], 0)[0]:
            data = os.read(self.process.stdout.fileno(), 1 << 20)
            if not data:
                return self.crashed()
            self.buffer += data
            if b"\n" in self.buffer:
                line, self.buffer = self.buffer.split(b"\n", 1)
                return json.loads(line)
        if time.monotonic() > self.deadline:
            self.stop()
            return {"status": "timeout", "message": "no result in time"}
        return None

    def crashed(self):
        """How the process died, with the last lines it said."""
        code = self.process.wait()
        how = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace")
        self.process = None
        return {"status": "crash", "message": f"{how}: {report.last_words(said)}", "stderr": said[-4000:]}

    def stop(self):
        """End the process."""
        if self.process:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


def run_all(names, args):
    """Results by case."""
    waiting, results = list(reversed(names)), {}
    workers = [Worker() for _ in range(min(args.jobs, len(names)) or 1)]
    progress = report.Progress(len(names), args.mode)
    try:
        while len(results) < len(names):
            busy = [worker.process.stdout for worker in workers if worker.case]
            if busy:
                select.select(busy, [], [], 0.5)
            for worker in workers:
                if worker.case and (result := worker.poll()):
                    results[worker.case], worker.case = result, None
                    progress.step(result["status"])
                if not worker.case and waiting:
                    worker.ask(waiting.pop(), args)
    finally:
        for worker in workers:
            worker.stop()
        progress.close()
    return results


def verdicts(results, listed):
    """(number that are as they should be, complaints)."""
    good, complaints = 0, []
    for name, result in sorted(results.items()):
        status = result["status"]
        if status == "pass":
            if name in listed:
                good += 1
            else:
                complaints.append(f"{name}: passes but is not listed; run with --update and commit")
        elif name in listed:
            complaints.append(f"{name}: {status}: {report.one_line(result['message'])}")
        elif status in ("crash", "timeout"):
            complaints.append(f"{name}: {status}: {report.one_line(result['message'])}")
    return good, complaints


def update(path, listed, results):
    """Write the list: what passed now, and what was listed and not run."""
    kept = {name: ulp for name, ulp in listed.items() if name not in results}
    kept.update({name: result["ulp"] for name, result in results.items() if result["status"] == "pass"})
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(dict(sorted(kept.items())), indent=0) + "\n")
    print(f"{len(kept)} cases in passing/{path.name} (there were {len(listed)})")
    return kept


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mode", choices=MODES, default="static")
    parser.add_argument("--only", metavar="REGEX", help="cases whose name matches (case is ignored)")
    parser.add_argument("--failing", action="store_true", help="only cases that are not in the list")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--threads", type=int, default=1, help="of each compiled model")
    parser.add_argument("--timeout", type=float, default=90, help="s, for a case")
    parser.add_argument("--report", action="store_true", help="group the failures by their messages")
    parser.add_argument("--last", action="store_true", help="take the results of the last run of this mode")
    parser.add_argument("--update", action="store_true", help="rewrite the list of passing cases")
    parser.add_argument("--verbose", action="store_true", help="one line for each case")
    return parser.parse_args()


def main():
    args = arguments()
    path, store = HERE / "passing" / f"{args.mode}.json", RESULTS / f"{args.mode}.json"
    listed = json.loads(path.read_text()) if path.exists() else {}
    names = [name for name in all_cases() if not args.only or re.search(args.only, name, re.I)]
    if args.mode in ("gpu", "aarch64"):  # Models of full size: too much for an emulator.
        names = [name for name in names if not name.startswith("light/")]
    if args.mode == "aarch64":
        from foreign import require

        require()
    if args.failing:
        names = [name for name in names if name not in listed]
    if not names:
        raise SystemExit("no case matches")
    if args.last:
        stored = json.loads(store.read_text())
        results = {name: stored[name] for name in names if name in stored}
    else:
        results = run_all(names, args)
        RESULTS.mkdir(parents=True, exist_ok=True)
        before = json.loads(store.read_text()) if store.exists() else {}
        store.write_text(json.dumps({**before, **results}))
    if args.verbose or len(results) <= 20:
        report.every_case(results)
    if args.update:
        listed = update(path, listed, results)
    if not path.exists():
        print(f"there is no passing/{path.name} yet: run with --update and commit it")
        listed = {name: 0 for name, result in results.items() if result["status"] == "pass"}
    good, complaints = verdicts(results, listed)
    if args.report:
        report.by_message(results)
    report.summary(args.mode, results)
    for line in complaints[:60]:
        print("FAILED", line)
    if len(complaints) > 60:
        print(f"... and {len(complaints) - 60} more")
    print(f"{good} passed, {len(complaints)} failed")
    return bool(complaints)


if __name__ == "__main__":
    sys.exit(main())
