"""`tegula explain`: parts of a prediction add up, and the page stands alone."""

import html.parser
import json
import math
import pathlib
import subprocess
import tempfile
import unittest

import numpy as np
from onnx import TensorProto, helper, numpy_helper

TEGULA = pathlib.Path(__file__).resolve().parents[2] / "build" / "release" / "bin" / "tegula"
STRANGE = 'a<b>&"c'  # The name of a node.


def model():
    """A product, a softmax, and a sum along the first dimension, which is not predicted."""
    weight = numpy_helper.from_array(np.random.default_rng(5).standard_normal((256, 320), dtype="f4"), "w")
    nodes = [helper.make_node("MatMul", ["x", "w"], ["a"], STRANGE), helper.make_node("Softmax", ["a"], ["b"], "softmax"),
             helper.make_node("ReduceSum", ["b", "axes"], ["y"], "columns", keepdims=0)]
    graph = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [96, 256])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [320])],
                              [weight, numpy_helper.from_array(np.array([0]), "axes")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10).SerializeToString()


class Page(html.parser.HTMLParser):
    """Checks that tags are closed and counts them."""

    VOID = {"meta"}

    def __init__(self, text):
        super().__init__()
        self.open, self.counts, self.words = [], {}, ""
        self.feed(text)
        if self.open:
            raise ValueError(f"{self.open} are not closed")

    def handle_starttag(self, tag, attributes):
        self.counts[tag] = self.counts.get(tag, 0) + 1
        if {"src", "href"} & {name for name, _ in attributes}:
            raise ValueError(f"<{tag}> needs another file")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.open.pop()

    def handle_endtag(self, tag):
        if self.open.pop() != tag:
            raise ValueError(f"</{tag}> closes nothing")

    def handle_data(self, data):
        self.words += data


class Explain(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.model = self.folder / "model.onnx"
        self.model.write_bytes(model())

    def explain(self, *words, code=0):
        done = subprocess.run([TEGULA, "explain", self.model, *words], capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout if code == 0 else done.stderr

    def page(self, *words):
        path = self.folder / "page.html"
        self.assertEqual(self.explain(f"--html={path}", *words), "")
        text = path.read_text()
        self.assertNotIn("http", text)
        return Page(text)

    def test_parts_add_up(self):
        product, *_ = json.loads(self.explain("--json"))
        effects = [one["effect"] for one in product["contributions"]]
        self.assertGreater(len(effects), 5)
        self.assertEqual(effects, sorted(effects, key=abs, reverse=True))
        learned = math.exp(product["learned_base"] + sum(effects))
        self.assertAlmostEqual(product["seconds"] / (product["analytic_seconds"] * learned), 1, places=4)
        self.assertGreaterEqual(product["runner_up_seconds"], product["seconds"])

    def test_without_learning(self):
        for kernel in json.loads(self.explain("--json", "--cost-model=analytic")):
            if "seconds" in kernel:
                self.assertEqual(kernel["seconds"], kernel["analytic_seconds"])
                self.assertEqual(kernel["contributions"], [])
                self.assertNotIn("low", kernel)

    def test_text(self):
        text = self.explain()
        self.assertRegex(text, r"predicted [\d.]+ us \([\d.]+ us to [\d.]+ us\), bound by [a-zL2 ]+, of \d+ points")
        self.assertRegex(text, r"formula [\d.]+ us, learned [+-][\d.]+ %: \w+ = \S+ [+-][\d.]+ %;")
        self.assertRegex(text, r"runner-up [\d.]+ us \(\+[\d.]+ %\): #sched")
        self.assertIn("one schedule, not predicted", text)

    def test_page(self):
        page = self.page()
        self.assertEqual(page.counts["tr"], 1 + len(json.loads(self.explain("--json"))))
        self.assertIn(STRANGE, page.words)
        self.assertIn("not predicted", page.words)
        self.assertGreaterEqual(page.counts["svg"], 2)  # Times, and what moved that of the product.
        self.assertNotIn("circle", page.counts)

    def test_page_of_measured_kernels(self):
        page = self.page("--measure")
        predicted = [kernel for kernel in json.loads(self.explain("--json")) if "seconds" in kernel]
        self.assertEqual(page.counts["circle"], len(predicted))
        self.assertIn("GFLOP/s", page.words)

    def test_page_that_cannot_be_written(self):
        said = self.explain(f"--html={self.folder / 'none' / 'page.html'}", code=1)
        self.assertIn("cannot write", said)


if __name__ == "__main__":
    unittest.main()
