"""Metrics of what models find: each as its own definition says, from one pass over a batch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from acoupipe_grain.training.metrics import level_errors, position_scores
from acoupipe_grain.training.tasks import SourceMaps, SourceSets
from acoupipe_grain.training.tasks.localised import LocalisationMetrics
from acoupipe_grain.training.tasks.one_pass import OnePass

MAP_ERRORS = ("specific_level_error", "overall_level_error", "inverse_level_error")
OF_BOTH = (
    *("localisation_precision", "localisation_recall", "localisation_f1", "localisation_error"),
    *("location_error", "location_recall", "level_error"),
)


@pytest.fixture
def maps(scenes):
    return SourceMaps(threshold=0.6, sector_radius=0.1).for_source(scenes[0], dict(scenes[0].element_spec))


@pytest.fixture
def sets(scenes):
    return SourceSets().for_source(scenes[0], dict(scenes[0].element_spec))


@pytest.fixture
def known_map(scenes, maps, map_of_sources):
    return map_of_sources(maps, scenes[1]["sourcemap"].max(axis=(1, 2, 3)))


def mean(task, name, outputs, batch):
    total, count = task.metrics[name](outputs, batch)
    return total / count if count else np.nan


class TestNames:
    def test_all_have_a_unit_and_a_direction(self, maps, sets):
        scores = [name for name in OF_BOTH if "error" not in name]
        for task, names in ((maps, (*OF_BOTH, *MAP_ERRORS)), (sets, OF_BOTH)):
            assert set(task.metrics) == set(names)
            for name, metric in task.metrics.items():
                assert metric.smaller_is_better == (name not in scores)
                assert metric.unit == ("1" if name in scores else "dB" if "level" in name else "m")


class TestLevelErrorsOfMaps:
    def test_a_model_that_knows_the_sources_has_none(self, maps, known_map, scenes):
        for name in MAP_ERRORS:
            assert mean(maps, name, known_map, scenes[1]) < 1e-3

    def test_only_found_sources_are_on_the_map(self, maps, known_map, scenes):
        known_map[..., 1:] = np.where(known_map[..., :1] > 0, known_map[..., 1:], 1.0)  # loud where nothing is found
        for name in MAP_ERRORS:
            assert mean(maps, name, known_map, scenes[1]) < 1e-3

    def test_they_are_those_of_the_metrics(self, maps, known_map, scenes):
        batch, rng = scenes[1], np.random.default_rng(1)
        outputs = known_map + rng.normal(0, 0.1, known_map.shape).astype(np.float32)
        row, ix, iy = 0, 3, 14
        outputs[row, ix, iy] = [5.0, 1.1, 1.2]  # a source that is not there, away from the others
        is_found = outputs[..., 0] > 0
        levels = (np.moveaxis(outputs[..., 1:], -1, 1) - 1) * maps.dynamic_range
        powers = batch["sourcemap"].max(axis=(1, 2, 3), keepdims=True) * 10 ** (levels / 10)
        shown = np.where(is_found[:, None], powers, 0)
        labels = zip(shown, batch["loc"], batch["source_strength_analytic"], batch["source_mask"], strict=True)
        errors = [
            level_errors(item, maps.grid, loc, strengths, mask, radius=0.1) for item, loc, strengths, mask in labels
        ]
        for name in ("specific", "overall", "inverse"):
            expected = np.abs(np.concatenate([getattr(item, name) for item in errors])).mean()
            assert mean(maps, f"{name}_level_error", outputs, batch) == pytest.approx(expected, rel=1e-4)
            assert expected > 0.1

    def test_nothing_found_misses_everything_and_hides_nothing(self, maps, known_map, scenes):
        nothing = np.full_like(known_map, -20.0)
        assert mean(maps, "specific_level_error", nothing, scenes[1]) == 100
        assert mean(maps, "overall_level_error", nothing, scenes[1]) == 100
        assert maps.metrics["inverse_level_error"](nothing, scenes[1]) == (0, 0)

    def test_scenes_without_sources_do_not_count(self, maps, known_map, scenes):
        empty = scenes[1] | {"source_mask": np.zeros_like(scenes[1]["source_mask"])}
        for name in MAP_ERRORS:
            assert maps.metrics[name](known_map, empty) == (0, 0)


class TestLocationScores:
    def test_errors_and_recall_have_no_tolerance(self, sets, sources_that_are_known, scenes):
        outputs, batch = sources_that_are_known, scenes[1]
        assert mean(sets, "location_error", outputs, batch) < 1e-6
        assert mean(sets, "location_recall", outputs, batch) == 1
        far = outputs | {"positions": outputs["positions"] + np.float32(0.3)}
        far["presence"] = np.where(np.arange(3) == 0, far["presence"], -20.0)  # no more than the first
        scores = [
            position_scores(far["positions"][row, :1][mask[:1]], batch["loc"][row][:2, mask].T)
            for row, mask in enumerate(batch["source_mask"])
        ]
        for name in ("error", "recall"):
            total, count = sets.metrics[f"location_{name}"](far, batch)
            assert total == pytest.approx(sum(getattr(item, name).sum for item in scores), rel=1e-5)
            assert count == sum(getattr(item, name).num_values for item in scores) > 0
        assert mean(sets, "localisation_recall", far, batch) < mean(sets, "location_recall", far, batch) < 1

    def test_maps_have_them_too(self, maps, known_map, scenes):
        assert mean(maps, "location_recall", known_map, scenes[1]) == 1
        assert 0 < mean(maps, "location_error", known_map, scenes[1]) < 0.0625

    def test_without_predictions_the_error_is_of_nothing(self, sets, sources_that_are_known, scenes):
        nothing = sources_that_are_known | {"presence": np.full((8, 3), -20.0, np.float32)}
        assert sets.metrics["location_error"](nothing, scenes[1]) == (0, 0)
        assert sets.metrics["location_recall"](nothing, scenes[1]) == (0, scenes[1]["source_mask"].sum())


class TestOnePass:
    def counted(self, sets, monkeypatch):
        """Return the metrics of a task, and a list that grows with every pass."""
        passes, sums = [], LocalisationMetrics.sums
        monkeypatch.setattr(LocalisationMetrics, "sums", lambda self, *given: (passes.append(1), sums(self, *given))[1])
        return sets.metrics, passes

    def on_host(self, *trees):
        """Return copies as a training makes them of what is on a device."""
        return jax.device_get(jax.tree.map(jnp.asarray, trees))

    def test_a_batch_is_gone_through_once_for_all_metrics(self, sets, sources_that_are_known, scenes, monkeypatch):
        metrics, passes = self.counted(sets, monkeypatch)
        for number in (1, 2):
            given = self.on_host(sources_that_are_known, scenes[1])
            for metric in metrics.values():
                metric(*given)
            assert len(passes) == number

    def test_what_is_kept_is_that_of_the_very_same_arrays(self, sets, sources_that_are_known, scenes, monkeypatch):
        metrics, passes = self.counted(sets, monkeypatch)
        outputs, batch = self.on_host(sources_that_are_known, scenes[1])
        recall = metrics["localisation_recall"]
        assert recall(outputs, batch).mean == 1
        (outputs["presence"],) = self.on_host(-outputs["presence"])  # another array in the same dict
        assert recall(outputs, batch).mean < 1
        assert recall(outputs, batch).mean < 1
        (batch["source_mask"],) = self.on_host(np.zeros_like(batch["source_mask"]))
        assert recall(outputs, batch) == (0, 0)
        assert len(passes) == 3

    def test_arrays_that_change_in_place_are_never_taken_for_what_they_were(self, sets, sources_that_are_known, scenes):
        metrics, outputs = sets.metrics, dict(sources_that_are_known)
        assert metrics["localisation_recall"](outputs, scenes[1]).mean == 1
        outputs["presence"][:] = -20
        assert metrics["localisation_precision"](outputs, scenes[1]) == (0, 0)
        assert metrics["localisation_recall"](outputs, scenes[1]).mean == 0

    def test_outputs_without_names_are_known_too(self):
        passes = []
        one = OnePass(lambda outputs, batch: (passes.append(1), {"sum": (outputs.sum(), 1)})[1])
        (outputs,) = self.on_host(np.ones(3))
        for _ in range(2):
            assert one.function("sum")(outputs, {}) == (3, 1)
        assert len(passes) == 1
