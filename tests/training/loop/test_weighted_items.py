"""Items count as much as the task says: in steps, in reported losses, and not at all with the weight 0."""

import math
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import pytest
from tiny_training import (
    Interrupting,
    Lines,
    Regression,
    assert_same_bits,
    linear,
    log_of,
    options,
    tiny,
    train,
)

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.evaluation import evaluate

pytestmark = pytest.mark.usefixtures("quick")


@dataclass(frozen=True)
class Weighted(Regression):
    """Items weigh 1.5 or `light`, as their first number is positive or not."""

    light: float = 0.0

    def weights(self, batch):
        return jnp.where(batch["x"][:, 0] > 0, 1.5, self.light)


@dataclass(frozen=True)
class Alike(Regression):
    def weights(self, batch):
        return jnp.ones(batch["x"].shape[0])


def ordered(num_records=10, seed=0):
    """Return a loader of batches of four; the last may be smaller."""
    return apg.make_loader(Lines(num_records, seed), 4, shuffle=False, drop_remainder=False)


def columns(num_records, seed=0):
    source = Lines(num_records, seed)
    elements = [source[index] for index in range(num_records)]
    return (np.stack([element[name] for element in elements]).astype(np.float64) for name in ("x", "y"))


def squared_errors(module, x, y):
    return ((x @ np.float64(module.kernel[...]) + np.float64(module.bias[...]) - y) ** 2).ravel()


def weighted_mean(module, light, seed=0):
    x, y = columns(10, seed)
    return np.average(squared_errors(module, x, y), weights=np.where(x[:, 0] > 0, 1.5, light))


@pytest.mark.parametrize("light", [0.0, 0.25])
def test_losses_are_means_over_the_weights_of_all_batches(tmp_path, light):
    """Parameters hardly move, and batches weigh differently."""
    chosen = options(num_epochs=1, steps_per_epoch=None, learning_rate=1e-12)
    result = train(
        tmp_path / "run",
        ordered(),
        chosen,
        task=Weighted(light=light),
        validation=ordered(seed=9),
        module=linear(chosen),
    )
    (record,) = result.history
    assert record.training["loss"] == pytest.approx(weighted_mean(result.module, light), rel=1e-5)
    assert record.validation["loss"] == pytest.approx(weighted_mean(result.module, light, seed=9), rel=1e-5)
    seen = evaluate(result.module, Weighted(light=light), ordered())["loss"]
    assert seen == pytest.approx(record.training["loss"], rel=1e-6)


def test_a_step_goes_against_the_gradient_of_the_items_that_count(tmp_path):
    chosen = options(num_epochs=1, steps_per_epoch=1, optimiser="sgd", learning_rate=0.1)
    module = linear(chosen)
    kernel = np.float64(module.kernel[...])
    x, y = columns(4)
    counted = x[:, 0] > 0
    assert 0 < counted.sum() < 4
    residuals = x @ kernel + np.float64(module.bias[...]) - y
    gradient = 2 * x[counted].T @ residuals[counted] / counted.sum()
    loader = apg.make_loader(Lines(4), 4, shuffle=False, num_epochs=None)
    train(tmp_path / "run", loader, chosen, task=Weighted(), module=module)
    np.testing.assert_allclose(module.kernel[...], kernel - 0.1 * gradient, rtol=1e-5)


class Negative(Lines):
    """Lines whose first number is negative."""

    def __getitem__(self, index):
        element = super().__getitem__(index)
        return element | {"x": element["x"] - np.float32([100, 0, 0])}


def test_batches_without_weight_change_nothing_and_have_no_loss(tmp_path):
    chosen = options(num_epochs=1, optimiser="sgd", log_every=1)
    module = linear(chosen)
    before = np.array(module.kernel[...])
    loader = apg.make_loader(Negative(16), 4, num_epochs=None)
    result = train(tmp_path / "run", loader, chosen, task=Weighted(), module=module)
    np.testing.assert_array_equal(module.kernel[...], before)
    assert math.isnan(result.history[0].training["loss"])
    assert [line["loss"] for line in log_of(tmp_path / "run")[:-1]] == [None] * 4


def test_weights_that_are_alike_are_as_none(tmp_path):
    alike, plain = (train(tmp_path / task.__name__, task=task()) for task in (Alike, Regression))
    for one, other in zip(alike.history, plain.history, strict=True):
        assert one.training["loss"] == pytest.approx(other.training["loss"], rel=1e-5)
        assert one.validation["loss"] == pytest.approx(other.validation["loss"], rel=1e-5)


def test_a_training_with_weights_goes_on_with_the_same_bits(tmp_path):
    def loader():
        return apg.make_loader(Lines(16), 4, seed=3, num_epochs=None)

    chosen = options(checkpoint_every=1)
    whole = train(tmp_path / "whole", loader(), chosen, task=Weighted(light=0.3))
    with pytest.raises(RuntimeError):
        train(tmp_path / "run", Interrupting(loader(), 3, RuntimeError()), chosen, task=Weighted(light=0.3))
    resumed = train(tmp_path / "run", loader(), chosen, task=Weighted(light=0.3), module=tiny(chosen))
    assert_same_bits(resumed.module, whole.module)
    assert resumed.history == whole.history


class OneWeight(Regression):
    def weights(self, batch):
        return jnp.ones(1)


def test_weights_are_of_each_item(tmp_path):
    with pytest.raises(
        ArgumentError, match=r"OneWeight: its weights have shape \(1,\); expected one for each of the 4"
    ):
        train(tmp_path / "run", task=OneWeight())
