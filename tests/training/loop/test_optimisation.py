import math

import jax.numpy as jnp
import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.optimisation import learning_rates, optimiser
from acoupipe_grain.training.options import TrainingOptions

WEIGHTS = {"bias": np.array([1.0, 2.0], np.float32), "kernel": np.array([[1.0, -2.0]], np.float32)}
GRADIENTS = {"bias": np.array([0.5, -1.0], np.float32), "kernel": np.array([[2.0, 4.0]], np.float32)}


def rates_at(steps, steps_per_epoch=10, **given):
    rates = learning_rates(TrainingOptions(learning_rate=0.5, num_epochs=2, **given), steps_per_epoch)
    return [float(rates(step)) for step in steps]


def updates(**given):
    options = TrainingOptions(**given)
    transformation = optimiser(options, learning_rates(options, None))
    weights = {name: jnp.asarray(value) for name, value in WEIGHTS.items()}
    return transformation.update(GRADIENTS, transformation.init(weights), weights)[0]


def test_a_constant_rate_stays():
    assert rates_at([0, 7, 1000]) == [0.5, 0.5, 0.5]


@pytest.mark.parametrize(
    ("schedule", "at"),
    [
        ("cosine", lambda part: 0.1 + 0.9 * (1 + math.cos(math.pi * part)) / 2),
        ("linear", lambda part: 1 - 0.9 * part),
        ("exponential", lambda part: 0.1**part),
    ],
)
def test_a_schedule_ends_with_the_last_epoch_at_its_fraction(schedule, at):
    steps = [0, 5, 10, 20, 25]
    expected = [0.5 * at(min(step / 20, 1)) for step in steps]
    assert rates_at(steps, schedule=schedule, final_fraction=0.1) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("schedule", ["cosine", "linear", "exponential"])
def test_without_a_fraction_a_schedule_ends_at_a_hundredth(schedule):
    assert rates_at([20], schedule=schedule) == pytest.approx([0.005], rel=1e-5)


def test_the_warm_up_rises_linearly_from_above_zero_and_the_schedule_follows():
    rates = rates_at([0, 1, 2, 3, 4, 12, 20], schedule="linear", warmup_steps=4, final_fraction=0)
    assert rates == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.25, 0.0], rel=1e-5)


def test_a_schedule_needs_to_know_its_end():
    with pytest.raises(ArgumentError, match="schedule='cosine'.*give steps_per_epoch"):
        rates_at([0], steps_per_epoch=None, schedule="cosine")


def test_the_warm_up_is_shorter_than_the_training():
    with pytest.raises(ArgumentError, match="warmup_steps=20: there are only 20 steps, in 2 epochs of 10"):
        rates_at([0], schedule="cosine", warmup_steps=20)


def test_sgd_goes_against_the_gradient():
    np.testing.assert_allclose(updates(optimiser="sgd", learning_rate=0.1)["kernel"], [[-0.2, -0.4]], rtol=1e-6)


def test_a_long_gradient_is_scaled_down_as_a_whole():
    norm = math.sqrt(0.25 + 1 + 4 + 16)
    clipped = updates(optimiser="sgd", learning_rate=1.0, clip_norm=2.0)
    np.testing.assert_allclose(clipped["bias"], [-0.5 * 2 / norm, 1.0 * 2 / norm], rtol=1e-6)
    np.testing.assert_allclose(clipped["kernel"], [[-2 * 2 / norm, -4 * 2 / norm]], rtol=1e-6)


@pytest.mark.parametrize(("name", "default"), [("adamw", 1e-4), ("lion", 1e-3)])
@pytest.mark.parametrize("decay", [None, 0.25])
def test_weights_decay_and_biases_do_not(name, default, decay):
    """The first step of Adam and of Lion is the sign of the gradient."""
    moved = updates(optimiser=name, learning_rate=0.1, weight_decay=decay)
    decay = default if decay is None else decay
    np.testing.assert_allclose(moved["bias"], [-0.1, 0.1], rtol=1e-5)
    np.testing.assert_allclose(moved["kernel"], [[-0.1 * (1 + decay), -0.1 * (1 - 2 * decay)]], rtol=1e-4)


def test_adam_does_not_decay():
    np.testing.assert_allclose(updates(optimiser="adam", learning_rate=0.1)["kernel"], [[-0.1, -0.1]], rtol=1e-5)


def test_momentum_carries_on():
    options = TrainingOptions(optimiser="sgd", learning_rate=1.0, momentum=0.5)
    transformation = optimiser(options, learning_rates(options, None))
    state = transformation.init(WEIGHTS)
    first, state = transformation.update(GRADIENTS, state, WEIGHTS)
    second, _ = transformation.update(GRADIENTS, state, WEIGHTS)
    np.testing.assert_allclose(second["kernel"], 1.5 * np.asarray(first["kernel"]), rtol=1e-6)
