"""Tasks: what models take and give, losses that vanish where they should, sources that are found."""

import dataclasses
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.experiment import Training, batch_spec, described, rebuilt
from acoupipe_grain.training.models import UNet
from acoupipe_grain.training.tasks import TASKS, ScattererFrames, SourceMaps, SourceSets, register_task


def task_for(task, source):
    return task.for_source(source, dict(source.element_spec))


def logit(probability):
    return np.log(probability) - np.log1p(-probability)


class TestSourceMaps:
    @pytest.fixture
    def task(self, scenes):
        return task_for(SourceMaps(tolerance=0.06, threshold=0.6), scenes[0])

    def perfect(self, task, batch):
        """Return what a model gives that knows where the sources are, and how loud."""
        x, y = task.grid.axes
        outputs = np.full((8, 17, 17, 3), -20.0, dtype=np.float32)
        for row in range(8):
            powers = batch["sourcemap"][row]
            for number in np.flatnonzero(batch["source_mask"][row]):
                ix, iy = (np.argmin(abs(axis - batch["loc"][row, i, number])) for i, axis in enumerate((x, y)))
                outputs[row, ix, iy, 0] = 20.0
                level = 10 * np.log10(batch["source_strength_analytic"][row, :, number] / powers.max())
                outputs[row, ix, iy, 1:] = 1 + level / task.dynamic_range
        return outputs

    def test_inputs_are_levels_below_the_maximum(self, task, scenes):
        source, batch = scenes
        inputs = np.asarray(task.inputs(batch))
        assert inputs.shape[1:] == task.input_shape(source.element_spec).shape == (17, 17, 2)
        powers = batch["sourcemap"][3]
        expected = 1 + np.clip(10 * np.log10(powers / powers.max()), -30, 0) / 30
        np.testing.assert_allclose(inputs[3], np.moveaxis(expected, 0, -1), atol=1e-5)
        assert inputs.max() == 1

    def test_a_model_that_knows_the_sources_finds_all_of_them_at_their_level(self, task, scenes):
        outputs, batch = self.perfect(task, scenes[1]), scenes[1]
        for name in ("localisation_precision", "localisation_recall", "localisation_f1"):
            total, count = task.metrics[name](outputs, batch)
            assert total == count > 0
        total, count = task.metrics["level_error"](outputs, batch)
        assert count == 2 * batch["source_mask"].sum()
        assert total / count < 1e-3

    def test_sources_that_are_nowhere_are_not_found(self, task, scenes):
        total, count = task.metrics["localisation_f1"](np.full((8, 17, 17, 3), -20.0, dtype=np.float32), scenes[1])
        assert total == 0 < count

    def test_the_loss_is_smallest_for_the_target_itself(self, task, scenes):
        batch = scenes[1]
        x, y = np.meshgrid(*task.grid.axes, indexing="ij")
        target = np.zeros((8, 17, 17))
        for row in range(8):
            for number in np.flatnonzero(batch["source_mask"][row]):
                px, py = batch["loc"][row, :2, number]
                width = task.spread * 0.0625
                target[row] = np.maximum(target[row], np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * width**2)))
        weight = 5.0  # of what is present, without an option
        best = weight * target / (weight * target + 1 - target)  # where the weighted cross-entropy has no slope
        outputs = self.perfect(task, batch)
        outputs[..., 0] = logit(np.clip(best, 1e-6, 1 - 1e-6))
        smallest = np.asarray(task.loss(jnp.asarray(outputs), batch))
        rng = np.random.default_rng(0)
        for _ in range(3):
            other = outputs.copy()
            other[..., 0] += rng.normal(0, 0.3, outputs.shape[:-1])
            assert np.all(np.asarray(task.loss(jnp.asarray(other), batch)) > smallest)

    def test_a_map_among_other_outputs_is_as_good(self, task, scenes):
        outputs = self.perfect(task, scenes[1])
        np.testing.assert_array_equal(task.loss(outputs, scenes[1]), task.loss({"map": outputs}, scenes[1]))

    def test_gradients_are_finite(self, task, scenes):
        gradient = jax.grad(lambda outputs: task.loss(outputs, scenes[1]).sum())(jnp.zeros((8, 17, 17, 3)))
        assert np.all(np.isfinite(gradient))
        assert np.any(gradient != 0)

    def test_what_is_lacking_is_named(self, scenes):
        source = apg.SyntheticSource(2, mode="analytic", features=("sourcemap", "loc"), f=4000.0)
        with pytest.raises(ArgumentError, match=r"task SourceMaps: unknown array 'source_strength_analytic'"):
            task_for(SourceMaps(), source)
        with pytest.raises(ArgumentError, match=r"has no grid"):
            task_for(SourceMaps(), apg.ScattererSource(2))
        with pytest.raises(ArgumentError, match=r"tolerance=0"):
            SourceMaps(tolerance=0)


class TestSourceSets:
    def known(self, batch):
        mask = batch["source_mask"]
        return {
            "positions": np.moveaxis(batch["loc"], 1, 2)[..., :2],
            "strengths": np.moveaxis(batch["source_strength_analytic"], 1, 2),
            "presence": np.where(mask, 20.0, -20.0).astype(np.float32),
        }

    @pytest.mark.parametrize("feature", ["eigmode", "csmtriu", "sourcemap"])
    def test_models_take_what_the_shapes_say(self, scenes, feature):
        task = task_for(SourceSets(feature=feature), scenes[0])
        inputs = task.inputs(scenes[1])
        expected = task.input_shape(scenes[0].element_spec)
        assert (inputs.shape[1:], inputs.dtype) == (expected.shape, expected.dtype)

    def test_a_model_that_knows_the_sources_has_no_loss_in_any_order(self, scenes):
        source, batch = scenes
        task = task_for(SourceSets(), source)
        outputs = self.known(batch)
        shuffled = {name: array[:, ::-1] for name, array in outputs.items()}
        for given in (outputs, shuffled):
            assert np.max(task.loss({name: jnp.asarray(array) for name, array in given.items()}, batch)) < 1e-4
            for name in ("localisation_f1", "localisation_precision"):
                total, count = task.metrics[name](given, batch)
                assert total == count > 0
        total, count = task.metrics["level_error"](outputs, batch)
        assert total / count < 1e-4

    def test_outputs_have_room_for_all_sources(self, scenes):
        shapes = SourceSets(num_coordinates=3).output_shape(scenes[0].element_spec)
        assert {name: item.shape for name, item in shapes.items()} == {
            "positions": (3, 3),
            "strengths": (3, 2),
            "presence": (3,),
        }


class TestExperiment:
    def test_models_and_tasks_are_rebuilt_from_json(self, scenes):
        task = task_for(SourceMaps(dynamic_range=20.0), scenes[0])
        model = UNet(num_filters=8, skip=None)
        again = rebuilt(json.loads(json.dumps(described(model, task, scenes[0].element_spec))))
        assert again == (model, task, dict(scenes[0].element_spec))

    def test_unknown_names_are_refused(self):
        with pytest.raises(ArgumentError, match=r"unknown model 'Unet'; did you mean 'UNet'"):
            Training(model="Unet")
        with pytest.raises(ArgumentError, match=r"unknown task 'maps'"):
            Training(task="maps")
        with pytest.raises(ArgumentError, match=r"num_devices=4096: there are"):
            Training(num_devices=4096).devices()

    def test_batches_say_what_they_hold(self, scenes):
        source, batch = scenes
        spec = batch_spec(batch, source.element_spec)
        assert spec["sourcemap"].axes == ("frequency", "x", "y")
        assert spec["sourcemap"].shape == (2, 17, 17)

    def test_a_task_of_ones_own_is_offered(self):
        @dataclasses.dataclass(frozen=True)
        class Mine(ScattererFrames):
            pass

        try:
            register_task(Mine)
            assert TASKS["Mine"] is Mine
            with pytest.raises(ArgumentError, match=r"task int: lacks for_source"):
                register_task(int)
        finally:
            from acoupipe_grain.training import tasks

            tasks._TASKS.pop("Mine", None)
