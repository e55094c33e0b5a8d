"""Losses of presence in maps, as they are chosen."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.losses import binary_cross_entropy, dice_loss, tversky_loss
from acoupipe_grain.training.tasks import SourceMaps


def task_for(scenes, **options):
    return SourceMaps(level_weight=0.0, **options).for_source(scenes[0], dict(scenes[0].element_spec))


@pytest.fixture(scope="module")
def outputs():
    return jnp.asarray(np.random.default_rng(3).normal(size=(8, 17, 17, 3)), jnp.float32)


def targets(task, batch):
    """Return max_j exp(−d²/(2 s²)) at every point."""
    x, y = np.meshgrid(*task.grid.axes, indexing="ij")
    squared = (x[..., None] - batch["loc"][:, 0, None, None, :]) ** 2 + (
        y[..., None] - batch["loc"][:, 1, None, None, :]
    ) ** 2
    squared = np.where(batch["source_mask"][:, None, None, :], squared, np.inf)
    return np.exp(-squared / (2 * (task.spread * 0.0625) ** 2)).max(axis=-1)


class TestChoice:
    def test_cross_entropy_counts_what_is_present_five_times_without_an_option(self, scenes, outputs):
        for options, weight in (({}, 5.0), ({"positive_weight": 2.0}, 2.0)):
            task = task_for(scenes, **options)
            expected = binary_cross_entropy(outputs[..., 0], targets(task, scenes[1]), positive_weight=weight)
            np.testing.assert_allclose(task.loss(outputs, scenes[1]), expected, rtol=1e-4)

    def test_dice_is_the_overlap_of_probabilities(self, scenes, outputs):
        task = task_for(scenes, presence_loss="dice")
        expected = dice_loss(jax.nn.sigmoid(outputs[..., 0]), targets(task, scenes[1]))
        np.testing.assert_allclose(task.loss(outputs, scenes[1]), expected, rtol=1e-4)

    def test_tversky_has_weights_and_without_them_is_dice(self, scenes, outputs):
        weights = {"false_positive_weight": 0.3, "false_negative_weight": 0.9}
        task = task_for(scenes, presence_loss="tversky", **weights)
        expected = tversky_loss(jax.nn.sigmoid(outputs[..., 0]), targets(task, scenes[1]), **weights)
        np.testing.assert_allclose(task.loss(outputs, scenes[1]), expected, rtol=1e-4)
        equal, dice = (task_for(scenes, presence_loss=name).loss(outputs, scenes[1]) for name in ("tversky", "dice"))
        np.testing.assert_allclose(equal, dice, rtol=1e-6)

    @pytest.mark.parametrize("loss", ["binary_cross_entropy", "dice", "tversky"])
    def test_a_model_that_knows_where_sources_are_has_a_smaller_loss_and_slopes_are_finite(self, scenes, outputs, loss):
        task, batch = task_for(scenes, presence_loss=loss), scenes[1]
        known = outputs.at[..., 0].set(jax.scipy.special.logit(np.clip(targets(task, batch), 1e-4, 1 - 1e-4)))
        assert np.all(np.asarray(task.loss(known, batch)) < np.asarray(task.loss(outputs, batch)))
        slopes = jax.grad(lambda values: task.loss(values, batch).sum())(outputs)
        assert np.all(np.isfinite(slopes))
        assert np.any(slopes[..., 0] != 0)


class TestOptionsWithoutEffect:
    @pytest.mark.parametrize(
        ("name", "loss", "remedy"),
        [
            ("positive_weight", "dice", "binary_cross_entropy"),
            ("positive_weight", "tversky", "binary_cross_entropy"),
            ("false_positive_weight", "dice", "tversky"),
            ("false_negative_weight", "binary_cross_entropy", "tversky"),
        ],
    )
    def test_weights_of_another_loss_are_refused(self, name, loss, remedy):
        with pytest.raises(ArgumentError, match=rf"{name}=2\.0: presence_loss='{loss}' has none; .*'{remedy}'"):
            SourceMaps(presence_loss=loss, **{name: 2.0})

    def test_values_are_checked(self):
        with pytest.raises(ArgumentError, match=r"false_negative_weight=0"):
            SourceMaps(presence_loss="tversky", false_negative_weight=0)
        with pytest.raises(ArgumentError, match=r"unknown presence_loss 'dise'; did you mean 'dice'"):
            SourceMaps(presence_loss="dise")
