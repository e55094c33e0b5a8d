"""Animations of maps, segment after segment."""

import numpy as np
import pytest
from PIL import Image

import acoupipe_grain as apg
from acoupipe_grain.cli.main import main
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.plotting import animate

FEATURES = (apg.feature("segment_sourcemap", blocks_per_segment=10), apg.feature("segment_loc", blocks_per_segment=10))
SECONDS = 10 * 32 / 8000.0


@pytest.fixture(scope="module")
def moving(small_setup):
    trajectories = {"kind": "circle", "radius": 0.1, "rate": 2.0}
    return apg.SyntheticSource(
        4, setup=small_setup, features=(*FEATURES, "f"), f=2000.0, signal_length=0.5, trajectories=trajectories
    )


@pytest.mark.slow
def test_every_segment_is_a_frame(moving, tmp_path):
    path = tmp_path / "map.gif"
    animate(moving, moving.setup, path, 1, seconds_per_segment=SECONDS)
    with Image.open(path) as picture:
        assert picture.n_frames == moving.element_spec["segment_sourcemap"].shape[0] == 12
        frames = []
        for number in (0, 6):
            picture.seek(number)
            frames.append(np.asarray(picture.convert("RGB")))
    assert np.ptp(frames[0]) > 100
    assert np.any(frames[0] != frames[1])


def test_sources_at_rest_stay_where_they_are(small_setup, tmp_path):
    source = apg.SyntheticSource(2, setup=small_setup, features=(FEATURES[0], "loc"), f=2000.0, signal_length=0.2)
    animate(source, small_setup, tmp_path / "map.gif", 0, seconds_per_segment=SECONDS)
    with Image.open(tmp_path / "map.gif") as picture:
        assert picture.n_frames == source.element_spec["segment_sourcemap"].shape[0]


@pytest.mark.slow
def test_long_recordings_have_at_most_a_hundred_frames(small_setup, tmp_path):
    one = apg.feature("segment_sourcemap", blocks_per_segment=1)
    source = apg.SyntheticSource(2, setup=small_setup, features=(one, "loc"), f=2000.0, signal_length=1.0)
    assert source.element_spec["segment_sourcemap"].shape[0] > 200
    animate(source, small_setup, tmp_path / "map.gif", 0, seconds_per_segment=0.004)
    with Image.open(tmp_path / "map.gif") as picture:
        assert 80 < picture.n_frames <= 100


def test_other_files_and_sources_are_refused(moving, small_setup, tmp_path):
    with pytest.raises(ArgumentError, match=r"map.png.*\.gif"):
        animate(moving, small_setup, tmp_path / "map.png", 0, seconds_per_segment=SECONDS)
    maps = apg.SyntheticSource(2, setup=small_setup, features=("sourcemap", "loc"), f=2000.0, signal_length=0.2)
    with pytest.raises(ArgumentError, match="segment_sourcemap, and segment_loc or loc"):
        animate(maps, small_setup, tmp_path / "map.gif", 0, seconds_per_segment=SECONDS)


def test_the_command_draws_an_animation_where_a_gif_is_asked_for(tmp_path, capsys):
    configuration = tmp_path / "moving.yml"
    configuration.write_text("SyntheticSource.trajectories: {kind: line, velocity: [0.2, 0.1]}\n", encoding="utf-8")
    flags = ["--SyntheticSource.signal_length=0.5", "--SyntheticSource.setup.mic_positions=minidsp_uma-16"]
    path = tmp_path / "moving.gif"
    assert main(["preview", str(path), "--args.load", str(configuration), "--records", "2", *flags]) == 0
    assert "records 2" in capsys.readouterr().out
    with Image.open(path) as picture:
        assert picture.n_frames > 2
