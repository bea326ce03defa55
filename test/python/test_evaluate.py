"""The evaluation of the cost model: figures of hand-made tables, splits, baselines, cheaters."""

import dataclasses
import pathlib
import sys
import unittest

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
EVALUATE = ROOT / "cost-model" / "eval" / "evaluate.py"
sys.path[:0] = [str(EVALUATE.parent), str(ROOT / "cost-model" / "train")]

import agents  # noqa: E402
import ansor_features  # noqa: E402
import baselines  # noqa: E402
import choosers  # noqa: E402
import kernels  # noqa: E402
import learned  # noqa: E402
import metrics  # noqa: E402
import nests  # noqa: E402
import networks  # noqa: E402
import problems  # noqa: E402
import report  # noqa: E402
import shapes  # noqa: E402
import spaces  # noqa: E402
import splits  # noqa: E402
import statics  # noqa: E402
import tokens  # noqa: E402

PRODUCT = "contraction m={m} n=64 k=32"
TILE = "contraction mr={mr} nr=16 vl=8 kc=32 mc=64 nc=64"


def table_of(times, threads=1):
    """Shapes by name, each with times of schedules mr = 1, 2, ... : {name: (m, times)}."""
    rows = [(name, task, PRODUCT.format(m=m), TILE.format(mr=index + 1), time)
            for task, (name, (m, seconds)) in enumerate(times.items())
            for index, time in enumerate(seconds)]
    names, tasks, texts, schedules, seconds = map(np.array, zip(*rows, strict=True))
    pairs = [kernels.features_of(*pair, threads) for pair in zip(texts, schedules, strict=True)]
    one = np.ones(len(rows))
    return kernels.Kernels(
        shape=names, task=tasks, family=np.full(len(rows), kernels.families().index("contraction")),
        problem=texts, schedule=schedules, threads=np.full(len(rows), threads), seconds=seconds,
        halves=np.column_stack([seconds, seconds]),
        features=np.array([features for features, _ in pairs]),
        analytic=np.array([analytic for _, analytic in pairs]), chosen=one > 0,
        exhaustive=one > 0, instructions=one, spills=one, registers=one)


def drawn_table(count=40):
    """Shapes of six schedules with drawn times."""
    rng = np.random.default_rng(0)
    return table_of({f"s{index}": (8 + index, rng.uniform(1, 3, 6)) for index in range(count)})


class Metrics(unittest.TestCase):
    def setUp(self):
        self.table = table_of({"a": (8, [1.0, 2.0, 4.0]), "b": (16, [3.0, 3.3, 6.0])})
        self.spaces = spaces.spaces_of(self.table)
        self.default = np.ones(2)

    def judge(self, scores, **options):
        found = metrics.measure(self.table, self.spaces, np.array(scores, float), **options)
        return metrics.quality(found, self.default, self.spaces.unit)

    def test_regret(self):
        # Chosen: 2 of 1, 3.3 of 3: sqrt(2 * 1.1). The fastest is among the first two of both.
        found = self.judge([1, 0, 2, 1, 0, 2])
        self.assertAlmostEqual(found.regret[1], 2.2**0.5 - 1)
        self.assertAlmostEqual(found.regret[3], 0)
        self.assertAlmostEqual(found.worst, 1)

    def test_the_oracle_has_none(self):
        found = self.judge(np.log(self.table.seconds), is_time=True)
        self.assertEqual((found.regret[1], found.worst, found.harm), (0, 0, 0))
        self.assertEqual((found.spearman, found.pairwise), (1, 1))
        self.assertAlmostEqual(found.mape, 0)

    def test_harm_is_beyond_five_percent(self):
        self.assertEqual(self.judge([1, 0, 2, 0, 1, 2]).harm, 0.5)
        self.default = np.array([1.95, 1.0])
        self.assertEqual(self.judge([1, 0, 2, 0, 1, 2]).harm, 0)

    def test_ties_do_not_tell_the_order_of_the_table(self):
        table = table_of({f"s{index}": (8 + index, [1.0, 2.0]) for index in range(200)})
        first = metrics.slowdowns(table.seconds, metrics.orders(
            np.zeros(len(table)), spaces.spaces_of(table)))
        self.assertTrue(0.3 < np.mean(first == 1) < 0.7)

    def test_random_is_the_expectation(self):
        rng = np.random.default_rng(0)
        seconds = self.table.seconds
        for top in (1, 2, 3):
            drawn = [[np.log(seconds[rng.permutation(rows)[:top]].min() / seconds[rows].min())
                      for _ in range(4000)] for rows in self.spaces.rows]
            np.testing.assert_allclose(np.log(metrics.random_slowdowns(seconds, self.spaces, top)),
                                       np.mean(drawn, axis=1), atol=0.02)

    def test_pairs_within_noise_do_not_count(self):
        halves = np.array([[1.0, 1.3], [1.1, 1.1], [2.0, 2.0]])
        seconds = np.array([1.1, 1.2, 2.0])
        self.assertEqual(metrics.pairwise(np.array([1, 0, 2]), seconds, halves), (2.0, 2))
        self.assertEqual(metrics.pairwise(np.array([2, 1, 0]), seconds, halves), (0.0, 2))

    def test_coverage(self):
        inside = metrics.is_within(np.array([0.1, -0.3, 0.1]), np.array([0.2, 0.2, 0.0]))
        np.testing.assert_array_equal(inside, [1, 0, np.nan])

    def test_noise_floor(self):
        # The even rounds say the first, which is 20 % slower than the best by the odd ones.
        halves = np.array([[1.0, 1.2], [1.1, 1.0], [2.0, 2.0], [1.0, 1.0], [2.0, 2.0], [2.0, 2.0]])
        np.testing.assert_allclose(metrics.noise_floor(halves, self.spaces), [1.2, 1.0])

    def test_intervals_draw_units(self):
        slow = np.repeat([1.0, 2.0], 50)
        wide = metrics.interval(slow, np.repeat([0, 1], 50))
        narrow = metrics.interval(slow, np.arange(100))
        self.assertGreater(wide[1] - wide[0], 2 * (narrow[1] - narrow[0]))


class Splits(unittest.TestCase):
    def test_no_unit_is_on_both_sides(self):
        table = drawn_table()
        units = spaces.units_of(table)
        parts = splits.all_parts(table)
        self.assertIn("larger-sizes", {part.split for part in parts})
        for part in parts:
            self.assertFalse(set(units[part.train]) & set(units[part.test]), part.name)
            self.assertFalse(set(table.problem[part.train]) & set(table.problem[part.test]))

    def test_folds_test_each_kernel_once(self):
        table = drawn_table()
        tested = [part.test for part in splits.all_parts(table) if part.split == "unseen-shapes"]
        np.testing.assert_array_equal(np.sort(np.concatenate(tested)), np.arange(len(table)))

    def test_shapes_of_one_problem_are_one_unit(self):
        table = table_of({"a": (8, [1.0, 2.0]), "b": (8, [1.0, 2.0]), "c": (9, [1.0, 2.0])})
        units = spaces.units_of(table)
        self.assertEqual(units[0], units[2])
        self.assertNotEqual(units[0], units[4])

    def test_larger_is_larger(self):
        table = drawn_table()
        [part] = [part for part in splits.all_parts(table) if part.split == "larger-sizes"]
        work = np.array([problems.work(text) for text in table.problem])
        self.assertLess(work[part.train].max(), work[part.test].min())
        self.assertEqual(len(part.test), 6 * 12)

    def test_networks(self):
        names = {shape.name for shape in shapes.all_shapes()}
        for network in networks.TABLES:
            self.assertGreater(len(networks.shapes_of(network) & names), 10, network)
        self.assertIn(shapes.matmul(128, 768, 3072).name, networks.shapes_of("bert-base"))
        self.assertIn(shapes.conv(64, 256, 56).name, networks.shapes_of("resnet50"))
        self.assertNotIn(shapes.conv(64, 64, 56, 3, groups=64).name, networks.shapes_of("resnet50"))
        self.assertFalse(networks.shapes_of("resnet50") & networks.shapes_of("bert-base"))


class Choosers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.table = drawn_table()
        cls.context = baselines.Context(cls.table, rounds=5)
        cls.part = splits.all_parts(cls.table)[0]

    def test_a_cheater_is_caught(self):
        for cheat in (lambda context, table, part: np.log(table.seconds[part.test]),
                      lambda context, table, part: table.halves[part.test, 0],
                      lambda context, table, part: np.zeros(len(table))):
            with self.assertRaises(ValueError):
                choosers.scores(choosers.Chooser(cheat), self.context, self.part)
        hidden = self.context.hidden(self.part)
        self.assertFalse(hidden.chosen.any())
        self.assertTrue(np.isfinite(self.table.seconds).all())

    def test_each_gives_scores(self):
        for name, chooser in choosers.ALL.items():
            self.assertEqual(len(choosers.scores(chooser, self.context, self.part)),
                             len(self.part.test), name)

    def test_the_default_is_what_is_best_in_training(self):
        table = table_of({f"s{index}": (8 + index, [3.0, 1.0, 2.0]) for index in range(10)})
        context = baselines.Context(table)
        part = splits.all_parts(table)[0]
        scores = choosers.scores(choosers.ALL["fixed default"], context, part)
        chosen = table.schedule[part.test][scores == scores.min()]
        self.assertEqual(set(chosen), {TILE.format(mr=2)})

    def test_the_nearest_shape_lends_its_schedule(self):
        table = table_of({"s8": (8, [1.0, 2.0, 3.0]), "s9": (9, [9.0, 9.0, 8.0]),
                          "s500": (500, [3.0, 2.0, 1.0])})
        part = splits.Part("", "", np.array([0, 1, 2, 6, 7, 8]), np.array([3, 4, 5]))
        scores = choosers.scores(choosers.ALL["nearest shape"], baselines.Context(table), part)
        self.assertEqual(np.argmin(scores), 0)

    def test_a_shape_only_model_cannot_rank(self):
        scores = choosers.scores(choosers.ALL["shape only"], self.context, self.part)
        for task in np.unique(self.table.task[self.part.test]):
            self.assertEqual(len(set(scores[self.table.task[self.part.test] == task])), 1)

    def test_ablations_cover_all_features(self):
        named = [name for group in learned.groups().values() for name in group]
        self.assertEqual(sorted(named), sorted(kernels.feature_names()))

    def test_static_targets_are_of_one_thread(self):
        table = dataclasses.replace(self.table, threads=np.arange(len(self.table)) % 2 + 1)
        predicted = statics.predict(baselines.Context(table, rounds=2), self.part, "spills",
                                    "features")
        np.testing.assert_array_equal(np.isfinite(predicted), table.threads[self.part.test] == 1)

    def test_static_targets_are_predicted(self):
        table = dataclasses.replace(self.table, spills=10.0 * (np.arange(len(self.table)) % 6))
        context = baselines.Context(table, rounds=100)
        predicted = statics.predict(context, self.part, "spills", "tokens")
        error = statics.errors(table.spills[self.part.test], predicted)
        self.assertGreater(error["r2"], 0.5)


class Ansor(unittest.TestCase):
    KERNELS = {
        "contraction m=100 n=96 k=64":
            "contraction mr=4 nr=16 vl=8 kc=32 mc=24 nc=48 pack_columns=1",
        "convolution filters=64 channels=32 window=9 pixels=196 width=14": [
            "convolution mr=6 nr=16 vl=8 kc=288 nb=2 fc=32",
            "filter_lanes mr=5 nr=16 vl=8 kc=96 np=49 fc=64",
            "winograd results=4 mr=6 nr=16 vl=8 rows=2 fc=64 tasks=2"],
        "attention batch=4 queries=64 keys=64 depth=32 columns=32":
            "attention mr=6 nr=16 vl=8 mq=48 kc=64 tasks=4",
        "depthwise planes=8 height=14 width=14 input_height=14 input_width=14 window_height=3 "
        "window_width=3 weighted=1": "depthwise vl=8 rows=2 columns=16 block=1",
        "elementwise rows=4 columns=1000 instructions=3 bytes=32000":
            "elementwise vl=8 unroll=4 tile=16 grain=1024",
        "rows rows=16 columns=1000 reductions=2 passes=3 instructions=12 bytes=128000":
            "rows vl=8 accumulators=4 unroll=2 grain=4",
    }

    def test_164_numbers_of_every_family(self):
        seen = set()
        for problem, schedules in self.KERNELS.items():
            for schedule in [schedules] if isinstance(schedules, str) else schedules:
                found = ansor_features.features_of(problem, schedule)
                self.assertEqual(len(found), 164)
                self.assertTrue(np.isfinite(found).all())
                seen.add(problems.kind(schedule))
        self.assertEqual(seen, set(kernels.families()))

    def test_computation_and_outer_scope(self):
        found = ansor_features.features_of("contraction m=8 n=16 k=4",
                                           "contraction mr=4 nr=16 vl=8 kc=4 mc=8 nc=16")
        self.assertAlmostEqual(found[2], np.log2(1 + 8 * 16 * 4))  # multiplications
        self.assertEqual(found[0], 0)  # TVM never counts fused ones
        vectorize = 16
        self.assertAlmostEqual(found[vectorize + 1], np.log2(9))  # lanes
        self.assertEqual(found[vectorize + 3:vectorize + 11], [0] * 7 + [1])  # Mixed
        # Loops of more than one iteration: ii, k, rows, vectors, lanes.
        self.assertAlmostEqual(found[-2], np.log2(6))
        self.assertAlmostEqual(found[-3], found[2])

    def test_buffers(self):
        nest = nests.nest_of("contraction m=8 n=16 k=4",
                             "contraction mr=4 nr=16 vl=8 kc=4 mc=8 nc=16")
        elements = ansor_features.touched(nest)
        self.assertEqual(elements[-1], [8 * 16, 8 * 4, 4 * 16])  # result, rows, columns
        self.assertEqual(elements[0], [8, 1, 8])  # a vector
        # Rows do not move along the lanes: reused eight times, at once.
        kind, distance, _, count = ansor_features.reuse(nest.accesses[1], nest, [0] * 5)
        self.assertEqual((kind, distance, count), (0, 1, 8))

    def test_schedules_differ(self):
        problem = "contraction m=100 n=96 k=64"
        first, second = (ansor_features.features_of(
            problem, f"contraction mr={mr} nr=16 vl=8 kc=64 mc=96 nc=96") for mr in (4, 6))
        self.assertNotEqual(first, second)


class Texts(unittest.TestCase):
    def test_tokens(self):
        text = tokens.text_of("contraction m=8 n=16 k=32", "contraction mr=4 nr=16", 2)
        self.assertIn("#sched.contraction< mr = 4, nr = 16 >", text)
        counts = tokens.counts(table_of({"a": (8, [1.0, 2.0])}))
        self.assertEqual(counts.shape, (2, tokens.COLUMNS))
        self.assertNotEqual((counts[0] != counts[1]).nnz, 0)

    def test_missing_fields_have_defaults(self):
        self.assertEqual(problems.work("contraction m=8 n=16 k=32"), 8 * 16 * 32)
        self.assertEqual(problems.parse("contraction m=8")["element_bytes"], 4)
        self.assertEqual(problems.work("attention batch=2 queries=3 keys=4 depth=5 columns=6"), 264)

    def test_odd(self):
        self.assertTrue(problems.is_odd("contraction m=8 n=17 k=32"))
        self.assertFalse(problems.is_odd("contraction m=1 n=16 k=32"))


class Agents(unittest.TestCase):
    def setUp(self):
        rng = np.random.default_rng(0)
        self.space = agents.Space(rng.integers(1, 64, (40, 3)), np.ones(40), np.full(40, 2.0),
                                  rng.uniform(1, 5, 40))

    def test_each_finds_the_fastest_when_it_may_measure_all(self):
        for name in agents.names():
            curve = agents.replay(name, self.space, seed=0)
            self.assertEqual(len(curve), agents.BUDGET)
            self.assertEqual(curve[-1], 1, name)
            self.assertTrue((np.diff(curve) <= 0).all(), name)

    def test_a_right_prediction_is_measured_first(self):
        known = dataclasses.replace(self.space, predicted=self.space.seconds)
        self.assertEqual(agents.replay("exhaustive", known, 0)[0], 1)
        self.assertGreater(agents.replay("exhaustive", known.blind(), 0)[0], 1)

    def test_spaces_are_whole_and_large(self):
        table = table_of({"large": (8, np.ones(40)), "small": (9, np.ones(8)),
                          "sampled": (10, np.ones(40)), "other": (11, np.ones(40))})
        table.exhaustive[table.shape == "sampled"] = False
        found = agents.searched(table, most=1)
        self.assertEqual([set(table.shape[rows]) for rows in found.rows], [{"large"}])
        self.assertEqual(len(agents.searched(table)), 2)

    def test_settings_matter_and_are_as_many(self):
        for name, settings in agents.SETTINGS.items():
            curves = {tuple(agents.replay(name, self.space, 0, setting)) for setting in settings}
            self.assertGreater(len(curves), 1, name)
        self.assertEqual({len(settings) for settings in agents.SETTINGS.values()}, {6})

    def test_a_half_is_judged_by_what_the_other_half_likes(self):
        # Setting 2 of beam is the best of unit 0, setting 5 of unit 1.
        logs = np.ones((2, len(agents.trials()), agents.BUDGET))
        logs[0, agents.trials().index(("beam", 2, True))] = 0
        logs[1, agents.trials().index(("beam", 5, True))] = 0
        curve, settings = agents.tuned(logs, np.array([0, 1]))["beam", True]
        self.assertEqual(settings, [agents.SETTINGS["beam"][number] for number in (5, 2)])
        np.testing.assert_allclose(curve, np.e)

    def test_an_unknown_name_is_refused(self):
        with self.assertRaises(ValueError):
            agents.replay("magic", self.space, 0)


class Lines(unittest.TestCase):
    def test_a_line_per_split(self):
        """Each choice is the second of [1, 2, 4], the default the fastest; intervals hold half."""
        table = table_of({f"s{index}": (8 + index, [1.0, 2.0, 4.0]) for index in range(20)})
        parts = splits.all_parts(table)
        scores = {name: np.tile([1.0, 0.0, 2.0], 20) for name in choosers.ALL}
        scores["fixed default"] = np.tile([0.0, 1.0, 2.0], 20)
        found = {(part.split, "score", name): values for part in parts
                 for name, values in scores.items()}
        for part in parts:
            # Errors of log seconds: -1, log 2, log 4 - 2.
            found[part.split, "limits", ""] = np.full(60, 0.65)
        results = report.of(table, parts, found)
        lines = list(results.lines())
        self.assertEqual(lines[0], "split=unseen-shapes top1_regret=1.0000 p95_regret=1.0000 "
                         "harm=1.0000 top5_regret=0.0000 coverage90=0.3333 spearman=0.5000")
        self.assertEqual({line.split()[0] for line in lines},
                         {"split=unseen-shapes", "split=unseen-shapes-1-thread",
                          "split=unseen-shapes-odd-sizes", "split=larger-sizes"})
        # The fastest take a second each.
        self.assertEqual([(bounds, quality.spaces) for (bounds, name), quality in
                          results.durations.items() if name == "learned"], [((1000, np.inf), 20)])


if __name__ == "__main__":
    unittest.main()
