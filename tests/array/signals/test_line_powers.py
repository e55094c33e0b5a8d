import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.array.signals import expected_line_powers

WINDOWS = ("hanning", "hamming", "bartlett", "blackman", "rectangular")


def setup_with(window, size=32):
    return apg.MeasurementSetup(block_size=size, window=window)


@pytest.mark.parametrize("window", WINDOWS)
def test_line_powers_are_the_defining_sum(window):
    setup = setup_with(window)
    size, values = setup.block_size, setup.window_values
    r = np.cos(0.9 * np.arange(size)) * 0.97 ** np.arange(size)
    matrix = r[np.abs(np.subtract.outer(np.arange(size), np.arange(size)))]
    powers = []
    for line in range(setup.num_bins):
        turning = values * np.exp(-2j * np.pi * line / size * np.arange(size))
        doubled = 1 if line in (0, setup.num_bins - 1) else 2
        powers.append(doubled * np.real(turning.conj() @ matrix @ turning) / (size * np.sum(values**2)))
    np.testing.assert_allclose(expected_line_powers(r[None], setup)[:, 0], powers, rtol=1e-12)


@pytest.mark.parametrize("window", WINDOWS)
def test_white_noise_has_equal_powers_in_all_bins_but_the_outermost(window):
    setup = setup_with(window)
    powers = expected_line_powers(np.eye(1, 32).repeat(2, axis=0), setup)
    assert powers.shape == (17, 2)
    assert powers.dtype == np.float64
    assert powers.flags.c_contiguous
    np.testing.assert_allclose(powers[1:-1], 2 / 32, rtol=1e-15)
    np.testing.assert_allclose(powers[[0, -1]], 1 / 32, rtol=1e-15)


@pytest.mark.parametrize("window", WINDOWS)
def test_powers_of_all_bins_sum_to_the_mean_square(window):
    r = np.cos(np.outer([0.1, 0.77, 3.0], np.arange(32)))
    np.testing.assert_allclose(expected_line_powers(r, setup_with(window)).sum(axis=0), 1, rtol=1e-14)


def test_powers_are_never_negative():
    """The window's side lobes are zero at some bins, but for rounding."""
    setup = setup_with("rectangular", 256)
    r = np.cos(2 * np.pi * 17 / 256 * np.arange(256))[None]
    assert expected_line_powers(r, setup).min() >= 0
