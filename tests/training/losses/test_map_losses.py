import jax
import jax.numpy as jnp
import numpy as np
import pytest

from acoupipe_grain.training.losses import mean_absolute_level_error, mean_squared_error

MASK = jnp.array([[True, False], [False, False]])


def test_squared_error_is_the_mean_of_each_item():
    predicted = jnp.array([[[1.0, 2.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 1.0]]])
    np.testing.assert_allclose(mean_squared_error(predicted, jnp.zeros((2, 2, 2))), [5 / 4, 1.0])
    np.testing.assert_allclose(mean_squared_error(predicted, predicted), 0)


def test_only_what_the_mask_keeps_counts():
    predicted = jnp.array([[3.0, 100.0], [7.0, 7.0]])
    np.testing.assert_allclose(mean_squared_error(predicted, jnp.zeros((2, 2)), MASK), [9.0, 0.0])
    maps = jnp.stack([jnp.full((2, 5), 1.0), jnp.full((2, 5), 2.0)])
    valid = jnp.array([[[True], [False]], [[True], [True]]])  # broadcast along the last axis
    np.testing.assert_allclose(mean_squared_error(maps, jnp.zeros(maps.shape), valid), [1.0, 4.0])


def test_what_the_mask_leaves_out_has_no_gradient():
    gradient = jax.grad(lambda values: mean_squared_error(values, jnp.zeros((2, 2)), MASK).sum())(jnp.ones((2, 2)))
    np.testing.assert_allclose(gradient, [[2.0, 0.0], [0.0, 0.0]])


def test_level_error_in_decibels():
    predicted, true = jnp.array([[1.0, 10.0], [4.0, 4.0]]), jnp.array([[10.0, 10.0], [4.0, 2.0]])
    losses = mean_absolute_level_error(predicted, true, 1e-9)
    np.testing.assert_allclose(losses, [5.0, 10 * np.log10(2) / 2], rtol=1e-6)
    np.testing.assert_allclose(mean_absolute_level_error(predicted, true, 1e-9, MASK), [10.0, 0.0], rtol=1e-6)


def test_levels_end_at_the_floor():
    nothing, tenth, one = jnp.zeros((1, 1)), jnp.full((1, 1), 0.1), jnp.ones((1, 1))
    assert mean_absolute_level_error(nothing, one, 0.001)[0] == pytest.approx(10 * np.log10(1001), rel=1e-6)
    assert mean_absolute_level_error(nothing, tenth, 0.1)[0] == pytest.approx(10 * np.log10(2), rel=1e-6)
    assert mean_absolute_level_error(nothing, nothing, 0.001)[0] == 0
    assert mean_absolute_level_error(-one, nothing, 0.001)[0] == 0


def test_powers_below_the_floor_learn_too():
    slope = jax.grad(lambda power: mean_absolute_level_error(power, jnp.ones((1, 1)), 0.01).sum())
    expected = -10 / np.log(10) / (1e-5 + 0.01)
    np.testing.assert_allclose(slope(jnp.full((1, 1), 1e-5)), [[expected]], rtol=1e-5)
    assert np.isfinite(slope(jnp.zeros((1, 1)))).all()


def test_losses_are_jitted_to_one_value_for_each_item():
    maps = jnp.ones((3, 4, 5, 2))
    assert jax.jit(mean_squared_error)(maps, maps).shape == (3,)
    assert jax.jit(mean_absolute_level_error, static_argnums=2)(maps, maps, 0.1).dtype == jnp.float32
