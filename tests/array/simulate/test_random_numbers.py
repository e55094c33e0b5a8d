"""Random numbers of simulations in JAX: pinned, independent of each other and of what is drawn beside them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from acoupipe_grain.array.simulate.random_numbers import complex_normal, descendant, noise_waveform, source_waveform

KEY = jnp.array([123, 456], dtype=jnp.uint32)


def test_golden_waveforms():
    # A change here changes every data set that JAX simulates: raise GENERATOR_VERSION with it.
    expected = [[-1.789414, 0.4894824, 1.257444, 1.258617], [-0.4169315, -0.1671601, -0.7014924, -1.381371]]
    measured = [source_waveform(KEY, jnp.int32(1), 4), noise_waveform(KEY, jnp.int32(5), 4)]
    np.testing.assert_allclose(measured, expected, rtol=2e-6)


@pytest.mark.parametrize("draw", [source_waveform, noise_waveform])
def test_a_waveform_does_not_depend_on_what_is_drawn_beside_it(draw):
    alone = np.array(draw(KEY, jnp.int32(3), 500))
    keys = jnp.stack([KEY + 1, KEY, KEY + 2])
    together = jax.jit(jax.vmap(lambda key: jax.vmap(lambda number: draw(key, number, 500))(jnp.arange(5))))(keys)
    np.testing.assert_allclose(together[1, 3], alone, rtol=1e-6, atol=1e-7)
    with jax.threefry_partitionable(False):
        assert np.array_equal(draw(KEY, jnp.int32(3), 500), alone)


def test_waveforms_are_independent_and_normal():
    waveforms = np.array(
        [draw(KEY + other, jnp.int32(number), 4000) for draw in (source_waveform, noise_waveform) for number in range(3)
         for other in (0, 1)]
    )  # fmt: skip
    correlation = np.corrcoef(waveforms) - np.eye(12)
    # 66 pairs, together at 99.9 %.
    assert np.abs(correlation).max() < stats.norm.isf(1e-3 / 66 / 2) / np.sqrt(4000)
    assert stats.kstest(waveforms.ravel(), "norm").pvalue > 1e-3


def test_complex_numbers_have_unit_variance_and_are_circular():
    drawn = np.array(complex_normal(descendant(KEY, 7), (20_000,)))
    limit = stats.norm.isf(1e-3 / 3 / 2) / np.sqrt(20_000)
    assert abs(np.mean(np.abs(drawn) ** 2) - 1) < limit
    assert np.abs([np.mean(drawn**2).real, np.mean(drawn**2).imag]).max() < limit
