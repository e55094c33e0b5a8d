"""Neighbouring bins: correlated in Welch's estimate by the window's side lobes, independent in mode "wishart".

For white noise, E X_k X*_{k+d} = Σ w² e^{−j2πdn/N} (P. D. Welch, IEEE Trans. Audio Electroacoust. 15(2), 1967): 0.671
and 0.172 of the power for d = 1, 2 with numpy.hanning(128). Powers of bins then correlate with its square.
"""

import numpy as np
import pytest

import acoupipe_grain as apg

NOISE_ALONE = {"strengths": 1e-6, "noise": 1e6, "max_nsources": 1, "signal_length": 1.0}
WINDOW_CORRELATION = {1: 0.671, 2: 0.172, 3: 0.0}


def test_the_window_says_how_bins_correlate():
    squared = np.hanning(128) ** 2
    for distance, expected in WINDOW_CORRELATION.items():
        phases = np.exp(-2j * np.pi * distance * np.arange(128) / 128)
        assert abs(np.sum(squared * phases)) / squared.sum() == pytest.approx(expected, abs=0.007)


def test_bins_of_block_spectra_correlate_as_the_window_says():
    spectra = apg.SyntheticSource(1, features=("spectrogram",), **NOISE_ALONE)[0]["spectrogram"][:, 2:63]
    power = np.mean(np.abs(spectra) ** 2)
    for distance, expected in WINDOW_CORRELATION.items():
        products = spectra[:, distance:] * spectra[:, :-distance].conj()
        # The mean of 64 microphones, 213 blocks and some 60 bins: chance is well below 0.01.
        assert abs(products.mean()) / power == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(("mode", "expected"), [("welch", 0.671**2), ("wishart", 0.0)])
def test_powers_of_neighbouring_bins_correlate_in_welch_estimates_only(mode, expected):
    source = apg.SyntheticSource(20, mode=mode, features=("noise_strength_estimated",), **NOISE_ALONE)
    ratios = np.array(
        [source[index]["noise_strength_estimated"] / float(source.inputs[index]["noise_power"]) for index in range(20)]
    )[:, 2:63]
    ratios = ratios - ratios.mean()
    products = np.mean(ratios[:, 1:] * ratios[:, :-1]) / np.mean(ratios**2)
    # 77 000 pairs: 0.004 is one standard deviation of their correlation, with some for neighbours of neighbours.
    assert products == pytest.approx(expected, abs=0.03)
