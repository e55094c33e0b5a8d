"""Levels and places of single sources in maps, against E. Sarradj, "Three-dimensional acoustic source mapping with
different beamforming steering vector formulations", Advances in Acoustics and Vibration, 2012, article 292695.

Formulations II and III give the level at the source, I and IV have their maximum there. The levels of all four were
computed from the paper's equations for the default array, at three places.
"""

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.array.steering import FORMULATIONS

LEVELS = {
    (0.0, 0.0): {"I": -1.560, "II": 0.0, "III": 0.0, "IV": -1.515},
    (0.3, 0.2): {"I": -0.785, "II": 0.0, "III": 0.0, "IV": -0.632},
    (0.5, 0.5): {"I": -0.016, "II": 0.0, "III": 0.0, "IV": 0.203},
}
MAPS = [apg.feature("sourcemap", label=number, steering=number) for number in FORMULATIONS]
ONE_SOURCE = {"max_nsources": 1, "mic_pos_noise": False, "mic_sig_noise": False, "mode": "analytic"}


@pytest.mark.parametrize("place", LEVELS)
def test_levels_at_the_source_are_those_of_the_formulations_at_every_frequency(place):
    grid = apg.RectGrid(-0.5, 0.5, -0.5, 0.5, 0.5, 0.1)
    source = apg.SyntheticSource(
        1,
        setup={"grid": grid},
        features=(*MAPS, "source_strength_analytic"),
        locations=lambda rng, size: np.array([place]).T,
        **ONE_SOURCE,
    )
    record = source[0]
    ix, iy = grid.nearest(np.array(place))
    for number, level in LEVELS[place].items():
        measured = record[number][1:, ix, iy] / record["source_strength_analytic"][1:, 0]
        np.testing.assert_allclose(10 * np.log10(measured), level, atol=6e-4)


@pytest.fixture(scope="module")
def snapped():
    setup = apg.MeasurementSetup.default()
    above = [float(frequency) for frequency in setup.bin_frequencies if frequency > 1000]
    features = (*MAPS, "source_strength_analytic", "targetmap_analytic")
    return apg.SyntheticSource(100, seed=5, features=features, f=above, snap_to_grid=True, **ONE_SOURCE)


@pytest.mark.parametrize("index", range(8))
def test_a_source_on_the_grid_has_its_level_and_place_in_every_bin_above_1_khz(snapped, index):
    record = snapped[index]
    assert len(record["I"]) == 55
    cell = np.unravel_index(record["targetmap_analytic"][0].argmax(), (64, 64))
    for number in ("II", "III"):
        level = 10 * np.log10(record[number][:, cell[0], cell[1]] / record["source_strength_analytic"][:, 0])
        assert np.abs(level).max() < 0.01
        assert np.abs(level).max() < 1e-5  # what single precision leaves
    for number in ("I", "IV"):
        places = record[number].reshape(55, -1).argmax(axis=1)
        assert np.all(places == np.ravel_multi_index(cell, (64, 64)))


def test_without_the_diagonal_formulation_II_alone_keeps_the_level():  # noqa: N802
    maps = [apg.feature("sourcemap", label=n, steering=n, remove_diagonal=True) for n in FORMULATIONS]
    source = apg.SyntheticSource(
        20,
        features=(*maps, "source_strength_analytic", "targetmap_analytic"),
        f=3000.0,
        snap_to_grid=True,
        **ONE_SOURCE,
    )
    errors = {number: [] for number in FORMULATIONS}
    for index in range(10):
        record = source[index]
        cell = np.unravel_index(record["targetmap_analytic"][0].argmax(), (64, 64))
        for number in FORMULATIONS:
            ratio = record[number][0][cell] / record["source_strength_analytic"][0, 0]
            errors[number].append(abs(10 * np.log10(ratio)))
    # The amplitude is a sum of 128 products, each rounded to 2⁻²⁴, of which the diagonal is subtracted.
    assert max(errors["II"]) < 20 * np.log10(1 + 128 * 2.0**-24)  # 6.6e-5 dB
    for number in ("I", "III", "IV"):
        assert max(errors[number]) > 1e-3
