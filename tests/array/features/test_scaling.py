import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.array.features.bands import resolve_bands
from acoupipe_grain.array.features.scaling import scaling


@pytest.fixture(scope="module")
def whole():
    setup = apg.MeasurementSetup.default()
    return scaling(setup, resolve_bands(setup, None, 0))


def test_white_noise_has_its_whole_power_in_all_bins(whole):
    weights = whole.line_powers
    assert weights.sum() == pytest.approx(1.0)
    assert weights[0] == weights[-1] == pytest.approx(1 / 128)
    assert weights[1] == pytest.approx(2 / 128)


def test_windowed_white_noise_has_the_power_of_its_line(whole):
    """E|X|² of white noise of power 1 is Σw²."""
    energy = np.sum(np.hanning(128) ** 2)
    np.testing.assert_allclose(whole.welch * energy, whole.line_powers)
    np.testing.assert_allclose(whole.spectrogram**2, whole.welch)
