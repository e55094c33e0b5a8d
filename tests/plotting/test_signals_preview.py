"""Pictures of signals: spectrograms at the reference position, and maps in three bands."""

import numpy as np
import pytest
from matplotlib.image import imread

import acoupipe_grain as apg
from acoupipe_grain.cli.main import main
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.plotting import preview_signals
from acoupipe_grain.plotting.signals import band_centers


def sources(setup, **options):
    defaults = {"num_records": 3, "setup": setup, "signal_length": 0.3, "signals": {"kind": "colored_noise"}} | options
    maps = apg.SyntheticSource(**defaults, features=("sourcemap", "loc", "f"), f=band_centers(setup), num=3)
    return maps, apg.SyntheticSource(**defaults, features="reference_spectrogram")


def test_bands_are_the_highest_that_have_lines_below_nyquist(small_setup):
    assert band_centers(apg.MeasurementSetup.default()) == [1000.0, 2000.0, 4000.0]
    centers = band_centers(small_setup)
    assert centers[-1] * 2 ** (1 / 6) <= small_setup.sample_rate / 2
    coarse = apg.MeasurementSetup(mic_positions=small_setup.mic_positions, block_size=4, sample_rate=1200.0)
    with pytest.raises(ArgumentError, match="longer blocks"):
        band_centers(coarse)


def test_each_record_is_a_row(small_setup, tmp_path):
    heights = []
    for indices in ((0,), (0, 2)):
        preview_signals(*sources(small_setup), small_setup, tmp_path / f"{len(indices)}.png", indices)
        picture = imread(tmp_path / f"{len(indices)}.png")
        assert np.ptp(picture) > 0.5
        heights.append(picture.shape[0])
    assert heights[1] > 1.8 * heights[0]
    with pytest.raises(ArgumentError, match=r"\.png"):
        preview_signals(*sources(small_setup), small_setup, tmp_path / "one.jpg", (0,))


def test_the_command_draws_signals_where_they_are_configured(tmp_path):
    configuration = tmp_path / "colored.yml"
    configuration.write_text("SyntheticSource.signals: {kind: colored_noise, exponent: 1}\n", encoding="utf-8")
    flags = ["--SyntheticSource.signal_length=0.3", "--SyntheticSource.setup.mic_positions=minidsp_uma-16"]
    shapes = []
    for name, more in (("signals", []), ("maps", ["--map", "sourcemap"])):
        path = tmp_path / f"{name}.png"
        assert main(["preview", str(path), "--args.load", str(configuration), "--records", "1", *flags, *more]) == 0
        shapes.append(imread(path).shape)
    assert shapes[0][1] > 1.5 * shapes[1][1]
