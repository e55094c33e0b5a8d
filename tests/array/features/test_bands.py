import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.array.features.bands import resolve_bands


@pytest.fixture(scope="module")
def setup():
    return apg.MeasurementSetup.default()


def test_none_is_all_bins(setup):
    bands = resolve_bands(setup, None, 0)
    assert bands.lines.tolist() == list(range(65))
    np.testing.assert_array_equal(bands.frequencies, setup.bin_frequencies)


@pytest.mark.parametrize(("f", "line"), [(4000.0, 37), (0.0, 0), (53.0, 0), (53.7, 1), (6860.0, 64), (107.1875, 1)])
def test_a_frequency_picks_the_nearest_bin(setup, f, line):
    bands = resolve_bands(setup, f, 0)
    assert bands.lines.tolist() == [line]
    assert bands.frequencies.tolist() == [line * 107.1875]


def test_frequencies_keep_their_order_and_may_repeat(setup):
    assert resolve_bands(setup, [4000.0, 1000.0, 4000.0], 0).lines.tolist() == [37, 9, 37]


@pytest.mark.parametrize("num", [1, 3, 12])
def test_a_band_holds_the_bins_from_its_lower_edge_to_below_its_upper_one(setup, num):
    bands = resolve_bands(setup, [2000.0, 4000.0], num)
    for center, membership in zip((2000.0, 4000.0), bands.membership, strict=True):
        expected = [
            line for line in range(65) if center * 2 ** (-0.5 / num) <= line * 107.1875 < center * 2 ** (0.5 / num)
        ]
        assert bands.lines[membership == 1].tolist() == expected


def test_an_edge_on_a_bin_belongs_to_the_upper_band(setup):
    # Lower edge exactly at bin 16, upper edge exactly at bin 32.
    bands = resolve_bands(setup, 107.1875 * np.sqrt(2) * 16, 1)
    assert bands.lines.tolist() == list(range(16, 32))


def test_totals_are_sums_over_each_band(setup):
    bands = resolve_bands(setup, [1000.0, 1300.0], 1)
    values = np.random.default_rng(0).random((3, bands.lines.size, 4)).astype(np.float32)
    total = np.asarray(bands.total(values, axis=-2))
    expected = np.stack([values[:, member == 1].sum(axis=1) for member in bands.membership], axis=1)
    np.testing.assert_allclose(total, expected, rtol=1e-5)
