"""Units: 1 Pa root mean square is 93.98 dB re 20 µPa (ISO 1683:2015 gives the reference), in signals, spectra and maps.

Whatever is summed over all bins, or read at the source, is the mean square pressure at the reference position.
"""

import numpy as np
import pytest

import acoupipe_grain as apg

ONE_PASCAL = 93.979
"""20 log10(1 Pa / 20 µPa), dB."""
EVERY = ("csm", "sourcemap", "source_strength_analytic", "targetmap_analytic")
MODES = {"welch": (*EVERY, "source_strength_estimated", "time_data"), "analytic": EVERY,
         "wishart": (*EVERY, "source_strength_estimated")}  # fmt: skip


def decibel(mean_square):
    return 10 * np.log10(mean_square / 2e-5**2)


@pytest.fixture(scope="module", params=MODES)
def record(request):
    """One source of 1 Pa at the reference position, which is microphone 63, on a grid point; no noise."""
    grid = apg.RectGrid(-0.4, 0.4, -0.4, 0.4, 0.5, 0.1)
    source = apg.SyntheticSource(
        1,
        setup={"grid": grid},
        mode=request.param,
        features=MODES[request.param],
        locations=lambda rng, size: np.array([[0.0], [0.0]]),
        strengths=1.0,
        max_nsources=1,
        mic_pos_noise=False,
        mic_sig_noise=False,
        signal_length=10.0,
    )
    assert np.array_equal(source.setup.reference, source.setup.mic_positions[:, 63])
    return request.param, source[0]


def tolerance(mode):
    """Return what chance does to a level, dB: the power of 137 200 samples varies by 0.017 dB; here 4σ."""
    return 1e-3 if mode == "analytic" else 0.07


def test_labels_are_mean_square_pressures(record):
    mode, element = record
    assert decibel(element["source_strength_analytic"].sum()) == pytest.approx(ONE_PASCAL, abs=1e-3)
    assert decibel(element["targetmap_analytic"].sum()) == pytest.approx(ONE_PASCAL, abs=1e-3)
    if mode != "analytic":
        assert decibel(element["source_strength_estimated"].sum()) == pytest.approx(ONE_PASCAL, abs=tolerance(mode))


def test_the_matrix_at_the_reference_microphone_is_a_mean_square_pressure(record):
    mode, element = record
    assert decibel(element["csm"][:, 63, 63].real.sum()) == pytest.approx(ONE_PASCAL, abs=tolerance(mode))


def test_maps_of_true_level_show_the_mean_square_pressure_at_the_source(record):
    """Welch's maps lose up to 0.02 dB by the coherence between windows; the edge bins are left out."""
    mode, element = record
    level = decibel(element["sourcemap"][1:-1, 4, 4].sum() * 64 / 63)
    assert level == pytest.approx(ONE_PASCAL, abs=tolerance(mode) + 0.02)


def test_time_signals_are_in_pascal():
    source = apg.SyntheticSource(
        1, features=("time_data",), strengths=1.0, max_nsources=1, mic_sig_noise=False, mic_pos_noise=False
    )
    at_reference = source[0]["time_data"][:, 63]
    assert decibel(np.mean(at_reference.astype(float) ** 2)) == pytest.approx(ONE_PASCAL, abs=0.1)
