"""What a run of the suite shows a reader: progress, classes of failures, totals."""

import collections
import re
import sys
import time

ORDER = ("pass", "compile", "run", "wrong", "crash", "timeout")


class Progress:
    """A line on a terminal that counts; in a file, a line every tenth of the way."""

    def __init__(self, total, title):
        self.total, self.title, self.start = total, title, time.monotonic()
        self.done, self.counts, self.tenth = 0, collections.Counter(), 0

    def step(self, status):
        """One more case has a result."""
        self.done += 1
        self.counts[status] += 1
        spent = time.monotonic() - self.start
        left = spent / self.done * (self.total - self.done)
        counts = " ".join(f"{self.counts[s]} {s}" for s in ORDER if self.counts[s])
        text = f"{self.title}: {self.done}/{self.total}  {counts}  {left:.0f} s left"
        if sys.stderr.isatty():
            print(f"\r{text[:118]:118}", end="", file=sys.stderr, flush=True)
        elif self.done * 10 // self.total > self.tenth:
            self.tenth = self.done * 10 // self.total
            print(text, file=sys.stderr, flush=True)

    def close(self):
        """Leave the line."""
        if sys.stderr.isatty() and self.done:
            print(file=sys.stderr)


def one_line(message, width=170):
    """The first line that says something."""
    lines = [line.strip() for line in message.split("\n") if line.strip()]
    errors = [line for line in lines if "error:" in line]
    text = (errors or lines or [""])[0]
    return text if len(text) <= width else text[: width - 3] + "..."


def last_words(stderr):
    """What a process said before it died: the assertion, or the innermost own frame."""
    lines = [line.strip() for line in stderr.split("\n") if line.strip()]
    for line in lines:
        if "Assertion" in line or "UNREACHABLE" in line or "LLVM ERROR" in line or "terminate called" in line:
            return line[:300]
    frames = [line for line in lines if re.match(r"#\d+ ", line) and "tegula" in line]
    return (frames or lines[-1:] or ["(silent)"])[0][:300]


def kind_of(message):
    """A message without what is particular to its case: names, numbers, types."""
    text = one_line(message, 400)
    text = re.sub(r"^.*?error:\s*", "", text)
    text = re.sub(r"/\S+\.onnx\S*", "<model>", text)
    text = re.sub(r"(?:tensor|memref|vector)<[^>]*>+", "<type>", text)
    # A quoted operator or attribute is the point of a message, a quoted node is not.
    text = re.sub(r"(node|input|output|value|location|at|loc\() ?([\"'])(?:(?!\2).)*\2", r"\1 <name>", text)
    text = re.sub(r"\[[-\d, x?]*\]", "[..]", text)
    text = re.sub(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e-?\d+)?\b", "N", text)
    return text[:160]


def by_message(results):
    """The failures in classes, the largest first."""
    classes = collections.defaultdict(list)
    for name, result in results.items():
        if result["status"] != "pass":
            classes[result["status"], kind_of(result["message"])].append(name)
    print(f"\n{'cases':>6}  {'status':8} message (with examples)")
    for (status, text), names in sorted(classes.items(), key=lambda item: -len(item[1])):
        print(f"{len(names):6}  {status:8} {text}")
        shown = ", ".join(name.split("/")[1].removeprefix("test_") for name in sorted(names)[:6])
        print(f"{'':16} {shown[:180]}{', ...' if len(names) > 6 else ''}")
    print()


def every_case(results):
    """One line for each case; the whole message where it failed."""
    for name, result in sorted(results.items()):
        ulp = f"  {result['ulp']} ULP" if result.get("ulp") else ""
        print(f"{result['status']:8} {name}  {result.get('seconds', 0):.2f} s{ulp}")
        if result["status"] != "pass":
            print("    " + result["message"].strip().replace("\n", "\n    ")[:2000])


def summary(mode, results):
    """Totals by part of the suite and by outcome."""
    table = collections.defaultdict(collections.Counter)
    for name, result in results.items():
        table[name.split("/")[0]][result["status"]] += 1
    print(f"{mode:18}" + "".join(f"{status:>9}" for status in ORDER) + f"{'total':>9}")
    rows = list(table.items())
    if len(rows) > 1:
        rows.append(("all", sum(table.values(), collections.Counter())))
    for part, counts in rows:
        print(f"{part:18}" + "".join(f"{counts[status]:9}" for status in ORDER) + f"{sum(counts.values()):9}")
