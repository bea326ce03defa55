"""The collector of measured kernels: its shapes, its rows, its table, and what it survives."""

import contextlib
import importlib.util
import io
import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import onnx

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "cost-model" / "train"))

import collect  # noqa: E402
import kernels  # noqa: E402
import shapes  # noqa: E402

PRODUCT = shapes.matmul(8, 16, 32)
QUICK = ["--points=4", "--rounds=2", "--block-us=20"]


class Shapes(unittest.TestCase):
    def test_enough_of_every_family(self):
        found = shapes.all_shapes()
        self.assertGreaterEqual(len(found), 400)
        self.assertEqual(len({shape.name for shape in found}), len(found))
        for family in ("contraction", "batched", "gemv", "convolution", "pointwise", "depthwise",
                       "window", "attention", "rows", "elementwise", "movement",
                       "integer", "half"):
            self.assertGreaterEqual(sum(shape.family == family for shape in found), 10, family)

    def test_the_same_each_time(self):
        self.assertEqual(shapes.all_shapes(), shapes.all_shapes())
        self.assertNotEqual(shapes.all_shapes(seed=6), shapes.all_shapes())

    def test_whole_spaces_of_every_main_family(self):
        found = [shape for shape in shapes.all_shapes() if shape.exhaustive]
        for families in (("contraction",), ("batched",), ("convolution", "pointwise"),
                         ("depthwise",), ("attention",)):
            self.assertGreaterEqual(sum(shape.family in families for shape in found), 30)

    def test_whole_spaces_have_a_process_of_their_own(self):
        names = [shape.name for shape in shapes.all_shapes()]
        whole = {shape.name for shape in shapes.all_shapes() if shape.exhaustive}
        chunks = collect.chunks_of(names)
        self.assertEqual(sorted(sum(chunks, [])), sorted(names))
        for chunk in chunks:
            self.assertTrue(len(chunk) == 1 or not whole & set(chunk))

    def test_models_are_valid(self):
        for shape in shapes.all_shapes()[::25]:
            with self.subTest(shape.name):
                onnx.checker.check_model(shape.make(), full_check=True)


class Measured(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        convolution = shapes.conv(8, 8, 12, 3)
        cls.names = [PRODUCT.name, convolution.name]
        with mock.patch.object(shapes, "all_shapes", lambda: [PRODUCT, convolution]):
            cls.rows, cls.skipped = collect.measure(cls.names, [*QUICK, "--threads=1,2"])

    def test_rows(self):
        self.assertEqual(self.skipped, {})
        for name in self.names:
            rows = [row for row in self.rows if row["shape"] == name]
            self.assertEqual({row["threads"] for row in rows}, {1, 2})
            self.assertEqual({row["status"] for row in rows}, {"ok"})
            # On each number of threads the same schedules, each once.
            schedules = [(row["schedule"], row["threads"]) for row in rows]
            self.assertEqual(len(set(schedules)), len(schedules))
            self.assertGreaterEqual(len(schedules), 6)
        for row in self.rows:
            for column in collect.COLUMNS:
                if column != "joules":  # not every machine tells
                    self.assertIn(column, row)
            self.assertGreater(row["seconds"], 0)

    def test_machine_code(self):
        for row in self.rows:
            # Of x86-64 an instruction has 1 to 15 bytes; of AArch64 4.
            self.assertLess(row["instructions"], row["code_bytes"])
            self.assertGreater(row["instructions"] * 15, row["code_bytes"])
            self.assertLess(row["spills"], row["instructions"])
            self.assertIn(row["vector_registers"], range(1, 33))
        # A register tile that fits no registers is written to the stack.
        spills = {row["schedule"]: row["spills"] for row in self.rows}
        self.assertGreater(max(spills.values()), 2 * min(spills.values()))

    def test_the_cost_model_reads_the_texts(self):
        for row in self.rows:
            kernels.features_of(row["problem"], row["schedule"], row["threads"])

    def test_convolutions_both_ways(self):
        families = {row["family"] for row in self.rows if row["shape"] == self.names[1]}
        self.assertLessEqual({"convolution", "winograd"}, families)


class Refused(unittest.TestCase):
    def test_words(self):
        for words, reason in (
                (["--points=some"], "cannot read '--points=some'"),
                ([], "expected --reference"), (["--reference=a.onnx"], "expected --reference"),
                (["--points=0"], "cannot read '--points=0'"),
                (["--threads=2,1"], "cannot read '--threads=2,1'"),
                (["--threads=1,x"], "cannot read '--threads=1,x'"),
                (["--reference=a.onnx", "b.onnx", "--nonsense"], "nonsense")):
            with self.subTest(words):
                said = subprocess.run([collect.BIN / "tegula-collect", *words],
                                      capture_output=True, text=True)
                self.assertEqual(said.returncode, 2)
                self.assertIn(reason, said.stderr)

    def test_models_without_a_space_or_that_do_not_compile(self):
        name = "broken"
        broken = shapes.Shape(name, "rows", 1, lambda: b"no model")
        with mock.patch.object(shapes, "all_shapes", lambda: [broken, PRODUCT]):
            rows, skipped = collect.measure([name, PRODUCT.name], QUICK)
        self.assertEqual({row["shape"] for row in rows}, {PRODUCT.name})
        self.assertEqual(list(skipped), [name])

    def test_a_process_that_dies_costs_one_shape(self):
        with tempfile.TemporaryDirectory() as folder, \
                mock.patch.object(collect, "BIN", pathlib.Path(folder)), \
                mock.patch.object(shapes, "all_shapes", lambda: [PRODUCT]):
            program = pathlib.Path(folder) / "tegula-collect"
            program.write_text("#!/bin/sh\nkill -SEGV $$\n")
            program.chmod(0o755)
            rows, skipped = collect.measure([PRODUCT.name], QUICK)
        self.assertEqual(rows, [])
        self.assertEqual(skipped, {PRODUCT.name: "failed: the process ended with -11"})


class Tables(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "table.csv"

    def row(self, shape, seconds, reference):
        return {"shape": shape, "family": "contraction", "problem": "contraction m=8 n=16 k=32",
                "schedule": "contraction mr=4 nr=8 vl=8 kc=32 mc=8 nc=16", "numerics": "fma",
                "threads": 1, "status": "ok", "seconds": seconds, "mad": 0.0, "even": seconds,
                "odd": seconds, "reference": reference, "predicted": 1e-6, "compile_seconds": 0.1,
                "code_bytes": 100}

    def test_times_are_those_of_the_first_reference(self):
        table = collect.Table(self.path)
        self.assertEqual(table.add([self.row("a", 2e-3, 1e-4)], {}), 1)
        collect.Table(self.path).add([self.row("b", 4e-3, 2e-4)], {"c": "failed: why"})
        loaded = kernels.load(self.path)
        self.assertEqual(loaded.seconds.tolist(), [2e-3, 2e-3])
        self.assertEqual(loaded.chosen.tolist(), [True, True])

    def test_goes_on_where_it_stopped(self):
        table = collect.Table(self.path)
        table.add([self.row("a", 2e-3, 1e-4)], {"b": "failed: why", "c": "no kernel has a space"})
        self.assertEqual(collect.Table(self.path).done, {"a", "b"})

    def test_another_machine_is_refused(self):
        collect.Table(self.path).add([self.row("a", 2e-3, 1e-4)], {})
        about = self.path.with_suffix(".json")
        about.write_text(about.read_text().replace("vector bits", "vector bytes"))
        with self.assertRaisesRegex(SystemExit, "of another machine"):
            collect.Table(self.path)

    def run_main(self, *words):
        with mock.patch.object(sys, "argv", ["collect.py", str(self.path), "--points=2", *words]), \
                contextlib.redirect_stdout(io.StringIO()) as said:
            collect.main()
        return said.getvalue()

    def test_the_program(self):
        products = (shape for shape in shapes.all_shapes() if shape.name.startswith("mmi-"))
        only = f"--only=^{min(products, key=lambda shape: shape.work).name}$"
        said = self.run_main(only)
        self.assertIn("1/1 shapes", said)
        self.assertRegex(said, "energy is measured|no RAPL counter in .* can be read")
        self.assertEqual(len(kernels.load(self.path)), 2)
        self.assertNotIn("shapes", self.run_main(only))

    @unittest.skipUnless(importlib.util.find_spec("distributed"), "dask is not installed")
    def test_the_program_on_dask(self):
        names = [shape.name for shape in shapes.all_shapes() if shape.name.startswith("mmc-1x16")]
        only = f"--only=^({'|'.join(names[:2])})$"
        with mock.patch.object(collect, "CHUNK", 1):
            self.assertIn("2/2 shapes", self.run_main(only, "--scheduler=dask", "--workers=2"))
        self.assertEqual(collect.Table(self.path).done, set(names[:2]))


if __name__ == "__main__":
    unittest.main()
