"""The yardstick of the benchmarks computes the same thing as the library: levels agree, noise is drawn otherwise."""

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.bench import plain, plain_spectra


@pytest.fixture(scope="module")
def case():
    source = apg.SyntheticSource(3, features=("time_data", "csm", "sourcemap"), f=4000.0, signal_length=1.0)
    return source, source[1], source.inputs[1]


def test_signals_have_the_same_power(case):
    source, record, scene = case
    signals = plain.time_data(source.setup, scene)
    assert signals.shape == record["time_data"].shape
    # The relative deviation of a variance of 13 720 samples is about 1 %.
    np.testing.assert_allclose(signals.var(axis=0), record["time_data"].var(axis=0), rtol=0.1)


def test_matrices_and_maps_have_the_same_level(case):
    source, record, scene = case
    csm = plain.csm(source.setup, scene)
    assert csm.shape == (65, 64, 64)
    np.testing.assert_allclose(np.trace(csm[37]).real, np.trace(record["csm"][0]).real, rtol=0.4)
    source_map = plain_spectra.SpectralMap(source.setup, [37])(csm[[37]])
    assert source_map.shape == record["sourcemap"].shape
    np.testing.assert_allclose(source_map.max(), record["sourcemap"].max(), rtol=0.6)
    signals = plain.time_data(source.setup, scene)
    spectrogram = plain.spectrogram(source.setup, signals, [37])
    assert spectrogram.shape == (213, 1, 64)
    block = signals[64:192].astype(float) * source.setup.window_values[:, None]
    np.testing.assert_allclose(spectrogram[1, 0], np.fft.rfft(block, axis=0)[37], rtol=1e-3, atol=1e-3)


def test_spectra_are_those_of_the_modes():
    names = ("csm", "sourcemap")
    source = apg.SyntheticSource(3, mode="analytic", features=names, f=[4000.0, 6860.0])
    csm = plain_spectra.analytic_csm(source.setup, source.inputs[1], [37, 64])
    np.testing.assert_allclose(source[1]["csm"], csm, atol=1e-5 * np.abs(csm).max())
    maps = plain_spectra.SpectralMap(source.setup, [37, 64])(csm)
    np.testing.assert_allclose(source[1]["sourcemap"], maps, atol=1e-5 * maps.max())
    rng = np.random.default_rng(1)
    drawn = [plain_spectra.wishart_csm(source.setup, source.inputs[1], [37], 1017.0, rng)[0] for _ in range(20)]
    # A mean of 20 draws of 1017 averages: 0.7 % on the diagonal.
    np.testing.assert_allclose(np.mean([np.diag(each).real for each in drawn], axis=0), np.diag(csm[0]).real, rtol=0.03)
