"""Block spectra of noise without its time signal: the moving average, its covariance, and where it holds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

import acoupipe_grain as apg
from acoupipe_grain.array.simulate.noise_spectra import are_circular, moving_average, noise_block_spectra

KEY = jnp.array([5, 6], dtype=jnp.uint32)
MICS = np.random.default_rng(0).uniform(-0.3, 0.3, (3, 40))


def setup_with(**options):
    return apg.MeasurementSetup(**({"mic_positions": MICS} | options))


@pytest.mark.parametrize(
    ("overlap", "expected"),
    [(0.0, [1]), (0.5, [0.986514, 0.163676]), (0.75, [0.531546, 0.797597, 0.284850, 0.012610])],
)
def test_the_weights_of_a_hann_window(overlap, expected):
    np.testing.assert_allclose(moving_average(setup_with(overlap=overlap)), expected, atol=1e-6)


@pytest.mark.parametrize("window", ["hanning", "hamming", "blackman", "bartlett", "rectangular"])
@pytest.mark.parametrize("overlap", [0.5, 0.75, 0.875])
def test_the_weights_have_the_correlation_of_the_window(window, overlap):
    setup = setup_with(window=window, overlap=overlap)
    weights = moving_average(setup)
    kept = np.correlate(weights, weights, mode="full")[weights.size - 1 :]
    np.testing.assert_allclose(kept, setup.window_correlation[:: setup.hop_size], atol=1e-6)


def test_lines_near_the_edges_need_the_time_signal():
    setup = setup_with()
    assert [line for line in range(65) if not are_circular(setup, line)] == [0, 1, 63, 64]
    assert are_circular(setup_with(window="rectangular"), 1)  # whole periods: orthogonal to their conjugates


@pytest.mark.parametrize("overlap", [0.5, 0.75])
@pytest.mark.parametrize("line", [2, 37])
def test_their_covariance_is_that_of_spectra_of_time_signals(overlap, line):
    """E[X_b X*_{b−l}] = σ² Σ w(n) w(n + lH) e^{jωlH}; four lags, two parts, family-wise 99.9 %."""
    setup = setup_with(overlap=overlap)
    drawn = np.asarray(noise_block_spectra(KEY, jnp.float32(2.5), setup, line, 5000)).astype(complex)
    power = 2.5 * np.sum(setup.window_values**2)
    for lag in range(4):
        shift = lag * setup.hop_size
        rho = setup.window_correlation[shift] if shift < setup.block_size else 0.0
        expected = rho * np.exp(2j * np.pi * line * shift / setup.block_size)
        samples = (drawn[lag:] * drawn[: len(drawn) - lag].conj() / power).mean(axis=0)
        parts = [(samples.real, expected.real), (samples.imag, expected.imag)]
        for part, target in parts if lag else parts[:1]:
            z = (part.mean() - target) / (part.std(ddof=1) / np.sqrt(part.size))
            assert abs(z) < stats.t.isf(1e-3 / 32 / 2, part.size - 1)


def test_a_draw_is_the_same_in_any_batch():
    setup = setup_with()
    alone = noise_block_spectra(KEY, jnp.float32(1), setup, 20, 50)
    keys = jnp.stack([KEY + 3, KEY])
    together = jax.vmap(lambda key: noise_block_spectra(key, jnp.float32(1), setup, 20, 50))(keys)
    np.testing.assert_allclose(together[1], alone, atol=2e-6 * np.abs(alone).max())
