import numpy as np
import pytest

import acoupipe_grain as apg


def test_analytic_labels_of_all_bins_sum_to_the_drawn_powers(small_setup):
    source = apg.SyntheticSource(
        5, setup=small_setup, features=("source_strength_analytic", "noise_strength_analytic"), signal_length=0.1
    )
    record, scene = source[3], source.inputs[3]
    np.testing.assert_allclose(record["source_strength_analytic"].sum(axis=0), scene["strengths"], rtol=1e-5)
    np.testing.assert_allclose(record["noise_strength_analytic"].sum(axis=0), scene["noise_power"], rtol=1e-5)


@pytest.mark.parametrize("kind", ["analytic", "estimated"])
def test_bands_are_the_sums_of_their_lines(small_setup, kind):
    name = f"source_strength_{kind}"
    options = {"setup": small_setup, "features": (name,), "signal_length": 0.5}
    lines = apg.SyntheticSource(5, **options)[2][name]
    band = apg.SyntheticSource(5, f=2000.0, num=3, **options)[2][name]
    inside = [k for k in range(33) if 2000 * 2 ** (-1 / 6) <= k * 125 < 2000 * 2 ** (1 / 6)]
    np.testing.assert_allclose(band[0], lines[inside].sum(axis=0), rtol=1e-5)


def test_frequencies_and_band_number_say_what_was_used(small_setup):
    options = {"setup": small_setup, "features": ("f", "num"), "signal_length": 0.1}
    lines = apg.SyntheticSource(5, f=[1010.0, 2000.0], **options)[0]
    assert lines["f"].tolist() == [1000.0, 2000.0]
    assert lines["num"] == 0
    bands = apg.SyntheticSource(5, f=[1010.0, 2000.0], num=3, **options)[0]
    assert bands["f"].tolist() == [1010.0, 2000.0]
    assert bands["num"] == 3


def test_padding_is_zero_in_every_label(small_setup):
    names = ("loc", "source_strength_analytic", "source_strength_estimated")
    source = apg.SyntheticSource(20, setup=small_setup, features=names, signal_length=0.1, f=2000.0)
    for index in range(5):
        record = source[index]
        for name in names:
            assert not record[name][:, ~record["source_mask"]].any()
            assert record[name][:, record["source_mask"]].any()
