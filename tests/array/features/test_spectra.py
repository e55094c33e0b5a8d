"""Block spectra and Welch averages against plain NumPy in double precision."""

import jax.numpy as jnp
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.array.features import spectra
from acoupipe_grain.array.features.bands import resolve_bands
from acoupipe_grain.array.features.scaling import scaling


def setup_with(overlap, block_size=32, window="hanning"):
    mics = np.array([[0.0, 0.1, 0.0], [0.0, 0.0, 0.1], [0.0, 0.0, 0.0]])
    return apg.MeasurementSetup(
        mic_positions=mics, block_size=block_size, overlap=overlap, window=window, sample_rate=float(block_size)
    )


def blocks_of(signals, setup):
    starts = range(0, signals.shape[-2] - setup.block_size + 1, setup.hop_size)
    blocks = np.stack([signals[..., start : start + setup.block_size, :] for start in starts], axis=-3)
    return np.fft.rfft(blocks.astype(float) * setup.window_values[:, None], axis=-2)


@pytest.mark.parametrize("overlap", [0.0, 0.5, 0.75, 0.875])
@pytest.mark.parametrize("lines", [[3.0], [1.0, 16.0, 0.0], None])
@pytest.mark.parametrize("num_samples", [32, 333])
def test_spectra_are_the_windowed_transforms_of_all_whole_blocks(overlap, lines, num_samples):
    setup = setup_with(overlap)
    bands = resolve_bands(setup, lines, 0)
    signals = np.random.default_rng(0).standard_normal((2, num_samples, 3)).astype(np.float32)
    expected = blocks_of(signals, setup)[..., bands.lines, :]
    measured = np.asarray(spectra.block_spectra(jnp.asarray(signals), setup, bands))
    assert measured.shape == expected.shape == (2, setup.num_blocks(num_samples), bands.lines.size, 3)
    np.testing.assert_allclose(measured, expected, atol=1e-5)


@pytest.mark.parametrize("window", ["hanning", "hamming", "bartlett", "blackman", "rectangular"])
def test_many_lines_by_fft_are_the_same_as_few_by_kernel(window):
    setup = setup_with(0.5, block_size=256, window=window)
    signals = np.random.default_rng(0).standard_normal((2000, 3)).astype(np.float32)
    every = resolve_bands(setup, None, 0)
    assert every.lines.size * 2 > spectra.MAX_KERNELS
    by_fft = np.asarray(spectra.block_spectra(jnp.asarray(signals), setup, every))
    for line in (0, 1, 77, 128):
        by_kernel = spectra.block_spectra(jnp.asarray(signals), setup, resolve_bands(setup, float(line), 0))
        np.testing.assert_allclose(np.asarray(by_kernel)[:, 0], by_fft[:, line], atol=2e-4)


def test_lines_of_a_white_signal_sum_to_its_mean_square():
    setup = setup_with(0.5)
    bands = resolve_bands(setup, None, 0)
    signals = np.random.default_rng(0).standard_normal((200_000, 1)).astype(np.float32)
    blocks = spectra.block_spectra(jnp.asarray(signals), setup, bands)
    weights = spectra.block_weights(blocks.shape[0], jnp.int32(200_000), setup.num_blocks(jnp.int32(200_000)), setup)
    power = np.asarray(spectra.mean_power(blocks, weights, scaling(setup, bands).welch))
    assert power.sum() == pytest.approx(1.0, rel=0.01)
    assert power[0, 0] == pytest.approx(1 / 32, rel=0.05)
    assert power[5, 0] == pytest.approx(2 / 32, rel=0.05)


def test_a_sine_of_one_pascal_rms_has_its_power_in_its_line():
    # Rectangular window and a whole number of periods: no leakage.
    setup = setup_with(0.0, window="rectangular")
    bands = resolve_bands(setup, 5.0, 0)
    sine = np.sqrt(2) * np.sin(2 * np.pi * 5 / 32 * np.arange(3200))
    blocks = spectra.block_spectra(jnp.asarray(sine[:, None].astype(np.float32)), setup, bands)
    weights = spectra.block_weights(blocks.shape[0], jnp.int32(3200), setup.num_blocks(jnp.int32(3200)), setup)
    power = spectra.mean_power(blocks, weights, scaling(setup, bands).welch)
    level = 10 * np.log10(float(power[0, 0]) / 2e-5**2)
    assert level == pytest.approx(93.98, abs=0.005)


def test_cross_powers_average_the_products_of_valid_blocks():
    setup = setup_with(0.5)
    bands = resolve_bands(setup, [3.0, 16.0], 0)
    rng = np.random.default_rng(1)
    blocks = (rng.standard_normal((2, 9, 2, 3)) + 1j * rng.standard_normal((2, 9, 2, 3))).astype(np.complex64)
    num_samples = np.array([32 + 8 * 16, 32 + 3 * 16 + 15], dtype=np.int32)  # 9 and 4 whole blocks
    weights = spectra.block_weights(9, jnp.asarray(num_samples), setup.num_blocks(jnp.asarray(num_samples)), setup)
    scale = scaling(setup, bands).welch
    measured = np.asarray(spectra.cross_power(jnp.asarray(blocks), weights, scale))
    for record, count in enumerate((9, 4)):
        valid = blocks[record, :count].astype(complex)
        expected = np.einsum("bfi,bfj->fij", valid, valid.conj()) / count * scale[:, None, None]
        np.testing.assert_allclose(measured[record], expected, atol=1e-6 * np.abs(expected).max())
    assert np.array_equal(measured, measured.conj().swapaxes(-1, -2))
    power = np.asarray(spectra.mean_power(jnp.asarray(blocks), weights, scale))
    np.testing.assert_allclose(power, np.diagonal(measured, axis1=-2, axis2=-1).real, rtol=1e-5)
