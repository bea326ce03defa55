"""InferenceSession: what it returns, what it refuses, how it behaves under threads."""

import pathlib
import tempfile
import threading
import unittest

import models
import numpy as np
import onnx

import tegula


def expected(x):
    """What models.dense gives."""
    return np.maximum(x @ models.WEIGHTS, 0), -x


class SessionTest(unittest.TestCase):
    """One compiled model for all tests."""

    @classmethod
    def setUpClass(cls):
        cls.session = tegula.InferenceSession(models.dense(), threads=1)

    def check(self, session, rows):
        x = np.random.default_rng(rows).standard_normal((rows, 3)).astype(np.float32)
        y, z = session.run(None, {"x": x})
        np.testing.assert_allclose(y, expected(x)[0], rtol=1e-6, atol=1e-6)
        np.testing.assert_array_equal(z, expected(x)[1])

    def test_run(self):
        for rows in (1, 2, 17):
            self.check(self.session, rows)

    def test_signature(self):
        (node,) = self.session.get_inputs()
        self.assertEqual((node.name, node.shape, node.type), ("x", ["batch", 3], "tensor(float)"))
        outputs = self.session.get_outputs()
        self.assertEqual([output.name for output in outputs], ["y", "z"])
        self.assertEqual(outputs[0].shape[1], 4)

    def test_output_names(self):
        x = np.ones((2, 3), np.float32)
        (z,) = self.session.run(["z"], {"x": x})
        np.testing.assert_array_equal(z, -x)
        with self.assertRaisesRegex(tegula.RuntimeError, 'no output is named "q"'):
            self.session.run(["q"], {"x": x})

    def test_inputs_of_other_kinds(self):
        x = np.arange(6, dtype=np.float32).reshape(2, 3)

        class Dlpack:
            def __dlpack__(self, **kwargs):
                return x.__dlpack__(**kwargs)

            def __dlpack_device__(self):
                return x.__dlpack_device__()

        for value in (x.tolist(), np.asfortranarray(x), np.repeat(x, 2, 0)[::2], Dlpack()):
            np.testing.assert_array_equal(self.session.run(["z"], {"x": value})[0], -x)

    def test_arrays_that_cannot_be_read_in_place(self):
        x = np.arange(6, dtype=np.float32).reshape(2, 3)
        sealed = x.copy()
        sealed.flags.writeable = False
        crooked = np.frombuffer(b"." + x.tobytes(), np.uint8)[1:].view(np.float32).reshape(2, 3)
        for value in (sealed, crooked, x.view(np.recarray)):
            np.testing.assert_array_equal(self.session.run(["z"], {"x": value})[0], -x)
        with self.assertRaisesRegex(tegula.RuntimeError, "expected tensor"):
            self.session.run(None, {"x": x.astype(">f4")})

    def test_results_are_the_callers(self):
        session = tegula.InferenceSession(models.dense(), threads=1, dims={"batch": 2})
        x = np.ones((2, 3), np.float32)
        first = session.run(["z"], {"x": x})[0]
        session.run(["z"], {"x": 2 * x})
        np.testing.assert_array_equal(first, -x)

    def test_nothing_is_left_of_the_last_run(self):
        for rows in (2, 17, 2, 1):  # the descriptor's shape changes, and changes back
            self.check(self.session, rows)
        with self.assertRaises(tegula.RuntimeError):
            self.session.run(None, {"x": np.ones((1, 4), np.float32)})
        self.check(self.session, 1)

    def test_empty(self):
        y, z = self.session.run(None, {"x": np.zeros((0, 3), np.float32)})
        self.assertEqual((y.shape, z.shape), ((0, 4), (0, 3)))
        fixed = tegula.InferenceSession(models.dense(), threads=1, dims={"batch": 0})
        y, z = fixed.run(None, {"x": np.zeros((0, 3), np.float32)})
        self.assertEqual((y.shape, z.shape), ((0, 4), (0, 3)))

    def test_refusals(self):
        x = np.ones((2, 3), np.float32)
        for feeds, message in (
                ({}, 'input "x" is missing'),
                ({"x": x, "w": x}, 'no input is named "w"'),
                ({"x": x.astype(np.float64)}, r"expected tensor\(float\), found tensor\(double\)"),
                ({"x": np.ones((2, 4), np.float32)}, "x"),
                ({"x": np.ones(3, np.float32)}, "x")):
            with self.assertRaisesRegex(tegula.RuntimeError, message):
                self.session.run(None, feeds)

    def test_fixed_dimension(self):
        session = tegula.InferenceSession(models.dense(), threads=1, dims={"batch": 5})
        self.assertEqual(session.get_inputs()[0].shape, [5, 3])
        self.check(session, 5)
        with self.assertRaises(tegula.RuntimeError):
            session.run(None, {"x": np.ones((4, 3), np.float32)})

    def test_arguments_of_onnxruntime(self):
        options = tegula.SessionOptions()
        options.intra_op_num_threads = 2
        session = tegula.InferenceSession(models.dense().SerializeToString(), options,
                                          providers=["CPUExecutionProvider"])
        self.check(session, 3)
        self.assertTrue(session.get_modelmeta().graph_name)

    def test_threads_share_a_session(self):
        failures = []

        def work(rows):
            try:
                for _ in range(50):
                    self.check(self.session, rows)
            except BaseException as error:  # reported by the main thread
                failures.append(error)

        threads = [threading.Thread(target=work, args=(rows,)) for rows in (1, 3, 8, 21)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])

    def test_same_bits_for_any_thread_count(self):
        x = np.random.default_rng(1).standard_normal((333, 3)).astype(np.float32)
        results = [tegula.InferenceSession(models.dense(), threads=n).run(["y"], {"x": x})[0].tobytes() for n in (1, 2, 3)]
        self.assertEqual(len(set(results)), 1)


class CompileTest(unittest.TestCase):
    """tegula.compile: files, errors, determinism."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_library_is_loaded_from_path_and_bytes(self):
        onnx.save(models.dense(), self.folder / "m.onnx")
        artifact = tegula.compile(self.folder / "m.onnx", self.folder / "m.so")
        x = np.ones((1, 3), np.float32)
        for source in (artifact, self.folder / "m.so", (self.folder / "m.so").read_bytes()):
            np.testing.assert_array_equal(tegula.InferenceSession(source).run(["z"], {"x": x})[0], -x)

    def test_weights_in_huge_pages(self):
        """They leave the artifact's mapping, under a context that has run from it."""
        weights = np.random.default_rng(5).standard_normal((1024, 2048)).astype(np.float32)
        artifact = tegula.compile(models.dense(1, weights), self.folder / "large.so")

        def mapped():
            maps = pathlib.Path("/proc/self/maps").read_text().splitlines()
            ranges = [line.split()[0].split("-") for line in maps if line.endswith("large.so")]
            return sum(int(end, 16) - int(begin, 16) for begin, end in ranges)

        x = np.ones((1, 1024), np.float32)
        session = tegula.InferenceSession(artifact, threads=1)
        expected_bits = session.run(["y"], {"x": x})[0].tobytes()
        self.assertGreater(mapped(), weights.nbytes)
        for _ in range(2):
            huge = tegula.InferenceSession(artifact, threads=2, weights="huge_pages")
            self.assertLess(mapped(), weights.nbytes)
            for each in (session, huge):
                self.assertEqual(each.run(["y"], {"x": x})[0].tobytes(), expected_bits)
        with self.assertRaisesRegex(RuntimeError, "weights='large'.*mapped, huge_pages"):
            tegula.InferenceSession(artifact, weights="large")

    def test_same_input_same_bytes(self):
        libraries = [self.folder / name / "m.so" for name in ("a", "b")]
        for library in libraries:
            library.parent.mkdir()
            tegula.compile(models.dense(), library)
        self.assertEqual(libraries[0].read_bytes(), libraries[1].read_bytes())

    def test_unoptimised(self):
        session = tegula.InferenceSession(models.dense(), O=0)
        x = np.random.default_rng(0).standard_normal((7, 3)).astype(np.float32)
        np.testing.assert_allclose(session.run(["y"], {"x": x})[0], expected(x)[0], rtol=1e-6, atol=1e-6)

    def test_errors_name_the_culprit(self):
        with self.assertRaisesRegex(tegula.CompileError, "NoSuchOperator"):
            tegula.compile(models.unknown_operator())
        with self.assertRaisesRegex(tegula.CompileError, "missing.onnx"):
            tegula.compile(self.folder / "missing.onnx")
        with self.assertRaises(tegula.CompileError):
            tegula.compile(b"this is no model")
        with self.assertRaises(tegula.CompileError):
            tegula.compile(models.dense(), no_such_option=3)
        (self.folder / "no.so").write_bytes(b"\x7fELF and no more")
        with self.assertRaises(tegula.RuntimeError):
            tegula.InferenceSession(self.folder / "no.so")

    def test_truncated_models(self):
        data = models.dense().SerializeToString()
        for length in range(1, len(data), 7):
            try:
                tegula.compile(data[:length])
            except tegula.CompileError:
                pass

    def test_temporary_library_is_removed(self):
        artifact = tegula.compile(models.dense())
        path = pathlib.Path(artifact.path)
        self.assertTrue(path.exists())
        del artifact
        self.assertFalse(path.parent.exists())


if __name__ == "__main__":
    unittest.main()
