"""Delays and spreading against the same in NumPy, and against how Acoular rounds."""

import jax.numpy as jnp
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.array.simulate.arrivals import FINE_LINES, arrivals, phase_factors


@pytest.fixture(scope="module")
def scene():
    setup = apg.MeasurementSetup.default()
    position = np.array([0.31, -0.22, 0.5], dtype=np.float32)
    distances = np.linalg.norm(setup.mic_positions.astype(np.float32).astype(float) - position[:, None], axis=0)
    return setup, position, setup.mic_positions.astype(np.float32), distances


@pytest.mark.parametrize("upsampling", [None, 1, 16, 1024])
def test_delays_are_those_of_the_distances(scene, upsampling):
    setup, position, mics, distances = scene
    delays = distances / setup.speed_of_sound * setup.sample_rate
    if upsampling:
        delays = -np.floor(0.5 - delays * upsampling) / upsampling  # sample n hears floor(1/2 + u (n − τ))
    arriving = arrivals(jnp.asarray(position), jnp.asarray(mics), setup, upsampling)
    assert int(np.min(arriving.whole)) == 0
    whole = np.asarray(arriving.whole) + int(arriving.shift)
    assert np.array_equal(whole, np.floor(delays))
    np.testing.assert_allclose(arriving.fraction, delays - whole, atol=1e-7)
    to_reference = np.linalg.norm(position - setup.reference)
    np.testing.assert_allclose(arriving.gains, to_reference / distances, rtol=1e-6)


@pytest.mark.parametrize("num_samples", [68_600, 1001])
def test_phase_factors_are_two_tables_of_the_transfer(scene, num_samples):
    setup, position, mics, distances = scene
    factors = phase_factors(jnp.asarray(position), jnp.asarray(mics), setup, None, num_samples)
    lines = np.arange(num_samples // 2 + 1)
    delays = distances / setup.speed_of_sound * setup.sample_rate
    gains = np.linalg.norm(position - setup.reference) / distances
    expected = gains[:, None] * np.exp(-2j * np.pi * lines * delays[:, None] / num_samples)
    product = np.asarray(factors.coarse)[:, :, None] * np.asarray(factors.fine)[:, None, :]
    assert product.shape[2] == FINE_LINES
    np.testing.assert_allclose(product.reshape(64, -1)[:, : lines.size], expected, atol=2e-6)
