"""`tegula tune`: what it measures, and what the compiler makes of it."""

import json
import pathlib
import sqlite3
import subprocess
import tempfile
import unittest

import numpy as np
from onnx import TensorProto, helper, numpy_helper

import tegula

BUILD = pathlib.Path(__file__).resolve().parents[2] / "build"
PROGRAM = BUILD / "release" / "bin" / "tegula"
CACHE = f"--kernel-cache={BUILD / 'kernel-cache'}"


def model():
    """Two products of one shape and one of another."""
    rng = np.random.default_rng(5)
    weights = [numpy_helper.from_array(rng.standard_normal(shape, dtype="f4"), f"w{n}")
               for n, shape in enumerate([(96, 96), (96, 96), (96, 40)])]
    names = ["x", "a", "b", "y"]
    nodes = [helper.make_node("MatMul", [names[n], f"w{n}"], [names[n + 1]], f"product{n}") for n in range(3)]
    graph = helper.make_graph(nodes, "products", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [50, 96])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, [50, 40])], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10).SerializeToString()


def convolution():
    """A 3x3 convolution, for which there are transforms of other numerics classes."""
    rng = np.random.default_rng(3)
    weight = numpy_helper.from_array(rng.standard_normal((32, 32, 3, 3), dtype="f4"), "w")
    node = helper.make_node("Conv", ["x", "w"], ["y"], pads=[1] * 4)
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 32, 20, 20]) for name in "xy"]
    graph = helper.make_graph([node], "window", info[:1], info[1:], [weight])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10).SerializeToString()


class WithFolder(unittest.TestCase):
    """A model and a tuning database in a folder of the test's own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.model, self.database = self.folder / "model.onnx", self.folder / "times.db"
        self.model.write_bytes(model())

    def run_tegula(self, command, *words):
        return subprocess.run([PROGRAM, command, self.model, *words], capture_output=True, text=True, timeout=300)

    def rows(self, query="SELECT kernel, schedule, status, seconds, mad FROM measurements"):
        with sqlite3.connect(self.database) as connection:
            return connection.execute(query).fetchall()


class Tune(WithFolder):
    def tune(self, *words):
        done = self.run_tegula("tune", f"--database={self.database}", "--schedules=8", CACHE, *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def explained(self, *words):
        done = self.run_tegula("explain", "--json", *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [kernel["schedule"] for kernel in json.loads(done.stdout)]

    def test_another_architecture(self):
        for command in (["tune", f"--database={self.database}"], ["explain", "--measure"]):
            done = self.run_tegula(*command, "--target=neoverse-n1")
            self.assertEqual(done.returncode, 1)
            self.assertIn("cannot measure code for 'neoverse-n1' here: this machine is not "
                          "aarch64-unknown-linux-gnu; do it on such a machine", done.stderr)
        with self.assertRaisesRegex(tegula.RuntimeError, "is a model for aarch64, which this machine is not"):
            tegula.InferenceSession(model(), target="aarch64")

    def test_measures_and_compiles(self):
        said = self.tune()
        self.assertIn("product0 and 1 like it", said)
        rows = self.rows()
        kernels = [kernel for kernel, *_ in rows]
        self.assertEqual(len(set(kernels)), 2)
        for kernel in kernels:  # The compiler's choice may be a ninth.
            self.assertIn(kernels.count(kernel), (8, 9))
        for _, schedule, status, seconds, mad in rows:
            self.assertEqual(status, "ok", schedule)
            self.assertGreater(seconds, 0)
            self.assertGreaterEqual(mad, 0)
        fastest = {kernel: min((r for r in rows if r[0] == kernel), key=lambda r: r[3])[1] for kernel, *_ in rows}
        self.assertEqual(set(self.explained(f"--tuning-database={self.database}")), set(fastest.values()))
        x = np.random.default_rng(1).standard_normal((50, 96), dtype="f4")
        plain = tegula.InferenceSession(model(), threads=1)
        tuned = tegula.InferenceSession(model(), threads=1, tuning_database=self.database)
        np.testing.assert_array_equal(plain.run(None, {"x": x})[0], tuned.run(None, {"x": x})[0])

    def test_convolution(self):
        """Schedules of all numerics classes are right, and one of another class can be taken."""
        bytes_ = convolution()
        self.model.write_bytes(bytes_)
        self.tune("--search=random", "--schedules=24")
        rows = self.rows()
        self.assertEqual({status for _, _, status, _, _ in rows}, {"ok"})
        families = {schedule.split("<")[0] for _, schedule, _, _, _ in rows}
        self.assertEqual(families, {"#sched.convolution", "#sched.winograd"})
        x = np.random.default_rng(3).standard_normal((1, 32, 20, 20), dtype="f4")
        results = []
        for family in families:
            with sqlite3.connect(self.database) as connection:
                connection.execute("UPDATE measurements SET seconds = CASE WHEN schedule LIKE ? THEN 1e-9 ELSE 1 END",
                                   (family + "%",))
            connection.close()
            [schedule] = self.explained(f"--tuning-database={self.database}")
            self.assertTrue(schedule.startswith(family))
            session = tegula.InferenceSession(bytes_, threads=1, tuning_database=self.database)
            results.append(session.run(None, {"x": x})[0])
        np.testing.assert_allclose(*results, atol=1e-4 * np.abs(results[0]).max())

    def test_goes_on(self):
        self.tune("--search=random")
        before = dict((row[:2], row[3]) for row in self.rows())
        self.tune("--search=beam")
        after = dict((row[:2], row[3]) for row in self.rows())
        self.assertLess(len(before), len(after))
        chosen = set(self.explained())
        for key, seconds in before.items():
            if key[1] not in chosen:  # The compiler's choice is timed in each run.
                self.assertEqual(after[key], seconds)

    def test_untrusted_times(self):
        self.tune()
        usual = self.explained(f"--tuning-database={self.database}")
        with sqlite3.connect(self.database) as connection:
            kernels = connection.execute("SELECT DISTINCT kernel, machine, compiler FROM measurements").fetchall()
            for key in kernels:
                for schedule, seconds in (("#sched.contraction<mr = 999, nr = 1>", 1e-9), ("#nothing", 1e-9),
                                          ("#sched.loops<numerics = \"in-order\">", 1e-9)):
                    connection.execute("INSERT INTO measurements VALUES (?, ?, ?, ?, 'ok', ?, 0)",
                                       (*key, schedule, seconds))
        connection.close()
        self.assertEqual(self.explained(f"--tuning-database={self.database}"), usual)

    def test_another_machine(self):
        self.tune()
        with sqlite3.connect(self.database) as connection:
            connection.execute("UPDATE measurements SET machine = 'another'")
        connection.close()
        self.assertEqual(self.explained(f"--tuning-database={self.database}"), self.explained())

    def test_refusals(self):
        done = self.run_tegula("tune")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--database=FILE", done.stderr)
        done = self.run_tegula("tune", f"--database={self.database}", "--search=luck")
        self.assertEqual(done.returncode, 2)
        self.assertIn("beam", done.stderr)
        self.database.write_text("this is no database, whatever its name says")
        for command, option in (("tune", "database"), ("compile", "tuning-database")):
            done = self.run_tegula(command, f"--{option}={self.database}")
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("times.db", done.stderr)


class CompileWithMeasurements(WithFolder):
    """`tegula compile --measure-seconds=N`."""

    def compile(self, *words):
        library = self.folder / "model.so"
        return self.run_tegula("compile", "-o", library, CACHE, *words), library

    def outputs(self, **options):
        x = np.random.default_rng(1).standard_normal((50, 96), dtype="f4")
        return tegula.InferenceSession(model(), threads=1, **options).run(None, {"x": x})[0]

    def test_keeps_the_times_and_the_bits(self):
        done, library = self.compile("--measure-seconds=20", f"--tuning-database={self.database}")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(library.exists())
        kernels = [kernel for kernel, *_ in self.rows()]
        self.assertEqual(len(set(kernels)), 2)
        for kernel in set(kernels):
            self.assertLessEqual(kernels.count(kernel), 9)  # The eight fastest predicted, and the compiler's choice.
        before = self.rows()
        measured = self.outputs(measure_seconds=20, tuning_database=self.database)
        self.assertEqual([row[:3] for row in self.rows()], [row[:3] for row in before])
        np.testing.assert_array_equal(measured.view("u4"), self.outputs().view("u4"))

    def test_without_a_database(self):
        measured = self.outputs(measure_seconds=0.1)
        np.testing.assert_array_equal(measured.view("u4"), self.outputs().view("u4"))

    def test_stays_in_the_class(self):
        """Convolutions by transforms round otherwise: those of the other class are not measured."""
        self.model.write_bytes(convolution())
        done, _ = self.compile("--measure-seconds=20", f"--tuning-database={self.database}")
        self.assertEqual(done.returncode, 0, done.stderr)
        classes = {schedule.split('numerics = "')[1].split('"')[0] for _, schedule, *_ in self.rows()}
        self.assertEqual(len(classes), 1)

    def test_refusals(self):
        done, _ = self.compile("--measure-seconds=soon")
        self.assertEqual(done.returncode, 2)
        self.assertIn("'--measure-seconds=soon': expected a number from 0", done.stderr)
        for words, said in ((["--schedule-seed=1"], "leave it out with --schedule"),
                            (["--target=neoverse-n1"], "cannot measure code for 'neoverse-n1' here")):
            done, library = self.compile("--measure-seconds=1", *words)
            self.assertEqual(done.returncode, 1)
            self.assertIn(said, done.stderr)
            self.assertFalse(library.exists())


if __name__ == "__main__":
    unittest.main()
