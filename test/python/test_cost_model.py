"""The learned cost model: its features, its trees against XGBoost's, its file as untrusted
input, and what `tegula explain` says."""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

import numpy as np
import onnx
import xgboost
from onnx import TensorProto, helper, numpy_helper

import tegula

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "cost-model" / "train"))

import kernels  # noqa: E402
import model_file  # noqa: E402
import train  # noqa: E402

NAMES = kernels.feature_names()
TEGULA = ROOT / "build" / "release" / "bin" / "tegula"


def booster(rows=800, rounds=40, seed=3):
    """A booster on random rows, some with missing numbers."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((rows, len(NAMES)), dtype="f4")
    target = features[:, 0] * features[:, 1] + np.sin(features[:, 2])
    features[::3, ::4] = np.nan
    parameters = dict(train.PARAMETERS, max_depth=5)
    return xgboost.train(parameters, xgboost.DMatrix(features, target, nthread=1), rounds)


def file_of(trained, *spreads):
    """A model file with these trees, for contractions."""
    low, high = np.full((2, len(NAMES)), [[-1e30], [1e30]])
    packed = [model_file.NOTHING] * len(kernels.families())
    packed[kernels.families().index("contraction")] = model_file.pack_family(
        trained, spreads or (0.1, 0.2), low, high)
    return model_file.pack(packed)


def predict(data, rows):
    return kernels.predict(data, "contraction", rows)


class Trees(unittest.TestCase):
    def test_sums_are_those_of_xgboost_to_the_bit(self):
        trained = booster()
        rng = np.random.default_rng(8)
        rows = rng.standard_normal((20000, len(NAMES)), dtype="f4") * 2
        rows[::7, ::3] = np.nan
        rows[:4] = [[0], [3e38], [-3e38], [1e-42]]
        expected = trained.predict(xgboost.DMatrix(rows, missing=np.nan, nthread=1))
        got = predict(file_of(trained), rows)
        np.testing.assert_array_equal(got.view("u4"), expected.view("u4"))

    def test_thresholds_themselves_go_right(self):
        trained = booster()
        trees = json.loads(trained.save_raw("json"))["learner"]["gradient_booster"]["model"]["trees"]
        splits = [(feature, value) for tree in trees for left, feature, value in zip(
            tree["left_children"], tree["split_indices"], tree["split_conditions"], strict=True)
            if left != -1]
        rows = np.zeros((len(splits), len(NAMES)), "f4")
        for row, (feature, value) in zip(rows, splits, strict=True):
            row[feature] = value
        expected = trained.predict(xgboost.DMatrix(rows, nthread=1))
        got = predict(file_of(trained), rows)
        np.testing.assert_array_equal(got.view("u4"), expected.view("u4"))

    def test_effects_are_those_of_xgboost(self):
        trained = booster()
        rng = np.random.default_rng(5)
        rows = rng.standard_normal((500, len(NAMES)), dtype="f4") * 2
        rows[::7, ::3] = np.nan
        expected = trained.predict(xgboost.DMatrix(rows, nthread=1), pred_contribs=True)
        data = file_of(trained)
        got = kernels.effects(data, "contraction", rows)
        np.testing.assert_allclose(got, expected, rtol=0, atol=2e-6)
        self.assertGreater(np.abs(expected[:, :-1]).max(), 0.1)
        np.testing.assert_allclose(got.sum(axis=1), predict(data, rows), rtol=0, atol=2e-6)

    def test_a_family_without_trees_adds_nothing(self):
        rows = np.ones((3, len(NAMES)), "f4")
        data = file_of(booster(rounds=3))
        self.assertFalse(kernels.predict(data, "rows", rows).any())
        self.assertFalse(kernels.effects(data, "rows", rows).any())


class ModelFiles(unittest.TestCase):
    """Whatever the bytes are: refused with a reason, or finite numbers."""

    HEADER = 8 + 4 + 4 + 8 + 8  # magic, format, features, schema, checksum
    FAMILY = HEADER + 12  # vector bits, registers, families
    ROOTS = FAMILY + 20 + 8 * len(NAMES)  # spreads, base, trees, nodes; smallest, largest

    @classmethod
    def setUpClass(cls):
        cls.good = file_of(booster(rounds=3), 0.1, 0.2)
        cls.row = np.zeros((1, len(NAMES)), "f4")

    def refused(self, data, reason):
        with self.assertRaisesRegex(ValueError, reason):
            predict(data, self.row)

    def sealed(self, payload):
        """The good file's identity with another payload and its right checksum."""
        return self.good[:24] + struct.pack("<Q", model_file.checksum(payload)) + payload

    def test_the_good_file_is_read(self):
        self.assertTrue(np.isfinite(predict(self.good, self.row)).all())

    def test_other_files(self):
        self.refused(b"", "not a cost model")
        self.refused(b"\x7fELF" + self.good[4:], "not a cost model")
        self.refused(self.good[:8] + struct.pack("<I", 9) + self.good[12:], "format is 9")

    def test_another_schema(self):
        self.refused(self.good[:16] + bytes(8) + self.good[24:], "trained on other features")
        self.refused(self.good[:12] + struct.pack("<I", 3) + self.good[16:],
                     "trained on other features")

    def test_every_truncation(self):
        for size in range(0, len(self.good), 13):
            self.refused(self.good[:size], "not a cost model|damaged|format|features")

    def test_flipped_bits(self):
        rng = np.random.default_rng(1)
        for at in rng.integers(0, len(self.good), 300):
            data = bytearray(self.good)
            data[at] ^= 1 << rng.integers(8)
            self.refused(bytes(data), "not a cost model|damaged|format|features")

    def test_a_wrong_length_under_a_right_checksum(self):
        payload = self.good[self.HEADER:]
        self.refused(self.sealed(payload + b"\0"), "length is wrong")
        self.refused(self.sealed(payload[:-8]), "length is wrong")
        huge = bytearray(payload)
        struct.pack_into("<II", huge, self.FAMILY + 12 - self.HEADER, 2**31, 2**31)
        self.refused(self.sealed(bytes(huge)), "length is wrong")

    def test_spreads_that_are_none(self):
        for value in (-1, 11, np.nan, np.inf):
            data = bytearray(self.good)
            struct.pack_into("<f", data, self.FAMILY + 4, value)
            self.refused(self.sealed(bytes(data[self.HEADER:])), "spreads are not between")

    def test_other_families(self):
        data = bytearray(self.good)
        struct.pack_into("<I", data, self.HEADER + 8, 3)
        self.refused(self.sealed(bytes(data[self.HEADER:])), "not of the families")

    def test_random_payloads_under_a_right_checksum(self):
        rng = np.random.default_rng(2)
        payload, read = self.good[self.HEADER:], 0
        for _ in range(400):
            data = bytearray(payload)
            for at in rng.integers(self.FAMILY - self.HEADER, len(data), 3):
                data[at] = rng.integers(256)
            try:
                sums = predict(self.sealed(bytes(data)), self.row)
                read += 1
            except ValueError:
                continue
            self.assertEqual(sums.shape, (1,))
        self.assertGreater(read, 0)  # some only change a threshold

    def test_a_tree_that_never_ends(self):
        count, = struct.unpack_from("<I", self.good, self.FAMILY + 12)
        first = self.ROOTS + 4 * count
        roots = np.frombuffer(self.good, "<u4", count, self.ROOTS)
        for node in (
                (0.5, 0, 0),  # the root is its own child
                (0.5, len(NAMES), 1),  # no such feature
                (0.5, 0, 2),  # a node below two parents, one below none
                (np.nan, 0, 1)):
            data = bytearray(self.good)
            struct.pack_into("<fHH", data, first, *node)
            self.refused(self.sealed(bytes(data[self.HEADER:])), "tree 0 is malformed")
        self.assertGreater(roots[1], 3)

    def test_covers_that_are_none(self):
        count, nodes = struct.unpack_from("<II", self.good, self.FAMILY + 12)
        first = self.ROOTS + 4 * count + 8 * nodes
        for value in (0, -1, np.nan, np.inf, 1e-30):
            data = bytearray(self.good)
            struct.pack_into("<f", data, first, value)
            self.refused(self.sealed(bytes(data[self.HEADER:])), "tree 0 is malformed")


class DefaultModel(unittest.TestCase):
    def test_it_is_of_the_features_of_this_tree(self):
        data = kernels.DATA.with_name("default.tgcm").read_bytes()
        self.assertTrue(np.isfinite(predict(data, np.zeros((1, len(NAMES)), "f4"))))


class Features(unittest.TestCase):
    def extract(self, problem, schedule):
        row, seconds = kernels.features_of(problem, schedule)
        return dict(zip(NAMES, row.tolist(), strict=True)) | {"seconds": seconds}

    def test_refused_texts(self):
        for problem, schedule, reason in (
                ("product m=1", "contraction mr=1", "no family 'product'"),
                ("contraction rows=1", "contraction mr=1", "'rows=1' is not a field"),
                ("contraction m=x", "contraction mr=1", "'m=x' is not a field"),
                ("contraction m", "contraction mr=1", "'m' is not a field"),
                ("contraction is_float=2", "contraction mr=1", "is_float=2"),
                ("contraction m=1", "convolution mr=1", "not for the problem"),
                ("", "", "no family ''")):
            with self.subTest(problem), self.assertRaisesRegex(ValueError, reason):
                kernels.features_of(problem, schedule)

    def test_every_family_on_any_number_of_threads(self):
        for problem, schedule in (
                ("contraction m=30 n=40 k=50", "contraction mr=6 nr=16 vl=8 kc=50 mc=6 nc=16"),
                ("convolution filters=9 channels=8 window=9 pixels=49 width=7",
                 "convolution mr=4 nr=16 vl=8 kc=72 nb=1 fc=4"),
                ("convolution filters=9 channels=8 window=9 pixels=49 width=7",
                 "filter_lanes mr=4 nr=16 vl=8 kc=72 np=8 fc=16"),
                ("convolution filters=9 channels=8 window=9 pixels=49 width=7",
                 "winograd results=4 mr=4 nr=16 vl=8 rows=1 fc=4 tasks=4"),
                ("attention batch=4 queries=9 keys=9 depth=8 columns=8",
                 "attention mr=4 nr=8 vl=8 mq=8 kc=64 tasks=4"),
                ("depthwise planes=8 height=9 width=9 input_height=11 input_width=11"
                 " window_height=3 window_width=3", "depthwise vl=8 rows=2 columns=1 block=4"),
                ("elementwise rows=9000 columns=9 bytes=72", "elementwise vl=8 grain=16384"),
                ("rows rows=9000 columns=9 bytes=72 passes=2", "rows vl=8 grain=16384")):
            with self.subTest(schedule):
                (one, seconds), (two, halved) = (
                    kernels.features_of(problem, schedule, threads) for threads in (1, 2))
                self.assertEqual(dict(zip(NAMES, two - one, strict=True))["threads"], 1)
                self.assertLess(halved, seconds + 3e-6)
                self.assertGreater(halved, seconds / 2)

    def test_analytic_time_is_a_feature(self):
        row, seconds = kernels.features_of("contraction m=30 n=40 k=50",
                                           "contraction mr=6 nr=16 vl=8 kc=50 mc=30 nc=40")
        self.assertAlmostEqual(row[NAMES.index("logAnalytic")], np.log2(seconds), 4)


class Estimates(unittest.TestCase):
    """What a file says of a kernel."""

    KERNEL = "contraction m=30 n=40 k=50", "contraction mr=6 nr=16 vl=8 kc=50 mc=30 nc=40"

    def file_with_box(self, shrink=()):
        """Trees for one kernel, and a box around its features, but for those to `shrink`."""
        row, _ = kernels.features_of(*self.KERNEL)
        low, high = row - 1, row + 1
        for name in shrink:
            high[NAMES.index(name)] = low[NAMES.index(name)]
        packed = [model_file.NOTHING] * len(kernels.families())
        packed[kernels.families().index("contraction")] = model_file.pack_family(
            booster(rounds=3), (0.1, 0.2), low, high)
        return model_file.pack(packed)

    def test_inside_of_the_box(self):
        row, analytic = kernels.features_of(*self.KERNEL)
        data = self.file_with_box()
        seconds, spread = kernels.estimate(data, *self.KERNEL)
        self.assertAlmostEqual(seconds / analytic, np.exp(predict(data, [row])[0]), 6)
        self.assertAlmostEqual(spread, np.exp(0.1), 6)

    def test_several_threads_have_a_spread_of_their_own(self):
        self.assertAlmostEqual(
            kernels.estimate(self.file_with_box(), *self.KERNEL, threads=2)[1], np.exp(0.2), 6)

    def test_a_size_outside_of_the_box_is_corrected_but_not_sure(self):
        inside = kernels.estimate(self.file_with_box(), *self.KERNEL)
        self.assertEqual(kernels.estimate(self.file_with_box(["logRows"]), *self.KERNEL),
                         (inside[0], 0))

    def test_a_kind_outside_of_the_box_has_the_formula_alone(self):
        _, analytic = kernels.features_of(*self.KERNEL)
        self.assertEqual(kernels.estimate(self.file_with_box(["isFloat"]), *self.KERNEL),
                         (analytic, 0))

    def test_an_unknown_extent_has_the_formula_alone(self):
        problem = self.KERNEL[0].replace("m=30", "m=-1")
        _, analytic = kernels.features_of(problem, self.KERNEL[1])
        self.assertEqual(kernels.estimate(self.file_with_box(), problem, self.KERNEL[1]),
                         (analytic, 0))


class Explain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        weight = numpy_helper.from_array(np.ones((48, 200), "f4"), "w")
        nodes = [helper.make_node("MatMul", ["x", "w"], ["h"], "proj"),
                 helper.make_node("Softmax", ["h"], ["s"], "soft"),
                 helper.make_node("ReduceMax", ["s", "axis"], ["y"], "top")]
        axis = numpy_helper.from_array(np.array([0], "i8"), "axis")
        infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
                 for name, shape in (("x", (96, 48)), ("y", (1, 200)))]
        graph = helper.make_graph(nodes, "g", infos[:1], infos[1:], [weight, axis])
        cls.model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])
        onnx.checker.check_model(cls.model)

    def explain(self, *options, model=None):
        with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
            file.write((model or self.model).SerializeToString())
            file.flush()
            return subprocess.run([TEGULA, "explain", file.name, "--target=x86-64-v3", *options],
                                  capture_output=True, text=True)

    def kernels(self, *options):
        return json.loads(self.explain("--json", *options).stdout)

    def test_predicted_kernel(self):
        found = next(k for k in self.kernels() if k["node"] == "proj")
        self.assertLess(found["low"], found["seconds"])
        self.assertLess(found["seconds"], found["high"])
        self.assertLessEqual(found["seconds"], found["runner_up_seconds"])
        self.assertNotEqual(found["schedule"], found["runner_up"])
        self.assertIn(found["bound"], ("compute", "tile entry", "packing", "L2", "memory"))
        self.assertGreater(found["points"], 10)

    def test_every_family_has_an_interval(self):
        found = next(k for k in self.kernels() if k["node"] == "soft")
        self.assertLess(found["low"], found["seconds"])
        self.assertLess(found["seconds"], found["high"])
        self.assertLessEqual(found["seconds"], found["runner_up_seconds"])
        self.assertEqual(found["points"], 3)

    def test_kernel_without_a_space(self):
        self.assertTrue(any("seconds" not in kernel for kernel in self.kernels()))

    def test_the_analytic_model_has_no_interval(self):
        found = next(k for k in self.kernels("--cost-model=analytic") if k["node"] == "proj")
        self.assertIn("seconds", found)
        self.assertNotIn("low", found)

    def test_a_given_schedule_is_explained(self):
        found = next(k for k in self.kernels("--schedule-point=0") if k["node"] == "proj")
        self.assertGreater(found["seconds"], found["runner_up_seconds"])

    def test_text(self):
        text = self.explain().stdout
        self.assertRegex(text, r"proj\n +#sched\.contraction<.*\n +predicted .* us \(.* us to ")
        self.assertIn("one schedule, not predicted", text)

    def test_measured(self):
        found = next(k for k in self.kernels("--measure") if k["node"] == "proj")
        self.assertGreater(found["measured_seconds"], 0)
        self.assertGreaterEqual(found["measured_mad"], 0)
        self.assertGreater(found["operations"], 0)
        self.assertGreater(found["share_of_peak"], 0)
        self.assertRegex(self.explain("--measure").stdout,
                         r"proj\n(?:    .*\n)+    measured .* us \+- .* GFLOP/s, .* % of the peak\n")

    def test_nothing_is_measured_unasked(self):
        self.assertNotIn("measured_seconds", self.explain("--json").stdout)

    def test_a_kernel_that_cannot_be_measured(self):
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "rows"
        self.assertIn("not measured: its sizes or operands are known at run time only",
                      self.explain("--measure", model=model).stdout)

    def test_a_bad_model_file(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"no model")
            file.flush()
            result = self.explain(f"--cost-model={file.name}")
        self.assertEqual(result.returncode, 1)
        self.assertIn("is refused: it is not a cost model of Tegula", result.stderr)


class NamedModels(unittest.TestCase):
    def test_a_file_is_taken_and_changes_no_bit(self):
        rng = np.random.default_rng(0)
        weight = numpy_helper.from_array(rng.standard_normal((300, 70), dtype="f4"), "w")
        infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
                 for name, shape in (("x", (33, 300)), ("y", (33, 70)))]
        graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "g",
                                  infos[:1], infos[1:], [weight])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])
        feeds = {"x": rng.standard_normal((33, 300), dtype="f4")}
        with tempfile.NamedTemporaryFile() as file:
            file.write(file_of(booster()))
            file.flush()
            results = [tegula.InferenceSession(model.SerializeToString(), cost_model=name)
                       .run(None, feeds)[0] for name in (file.name, "analytic")]
        np.testing.assert_array_equal(results[0].view("u4"), results[1].view("u4"))


if __name__ == "__main__":
    unittest.main()
