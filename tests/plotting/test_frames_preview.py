"""Pictures of frames and their animations."""

import numpy as np
import pytest
from PIL import Image

import acoupipe_grain as apg
from acoupipe_grain.cli.main import main
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.plotting import animate_frames, preview_frames

MOVING = {"num_records": 4, "num_frames": 5, "velocity": 4.0, "angle": [0, 360], "size": 32}


@pytest.mark.parametrize("options", [{"num_records": 4, "size": 32}, MOVING, MOVING | {"label": "track"}])
def test_records_are_drawn(options, tmp_path):
    preview_frames(apg.ScattererSource(**options), tmp_path / "a.png", [0, 2])
    with Image.open(tmp_path / "a.png") as picture:
        assert np.ptp(np.asarray(picture.convert("L"))) > 100


def test_every_frame_is_animated(tmp_path):
    animate_frames(apg.ScattererSource(**MOVING), tmp_path / "a.gif", 1)
    with Image.open(tmp_path / "a.gif") as picture:
        assert picture.n_frames == 5


def test_the_command_draws_what_is_configured_and_what_is_stored(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flags = [f"--ScattererSource.{name}={value}" for name, value in MOVING.items()]
    assert main(["preview", "a.png", "--records", "1", *flags]) == 0
    assert main(["preview", "a.gif", *flags]) == 0
    apg.export(apg.ScattererSource(**MOVING), "frames", num_workers=0)
    assert main(["preview", "b.png", "--records", "1", "--data", "frames"]) == 0
    with Image.open("a.png") as one, Image.open("b.png") as other:
        assert np.array_equal(np.asarray(one), np.asarray(other))


def test_what_cannot_be_drawn_is_refused(tmp_path, small_setup):
    still = apg.ScattererSource(2, size=16)
    with pytest.raises(ArgumentError, match="expected a name ending in .png"):
        preview_frames(still, tmp_path / "a.jpg")
    with pytest.raises(ArgumentError, match="an animation needs frames"):
        animate_frames(still, tmp_path / "a.gif", 0)
    with pytest.raises(ArgumentError, match="expected at least one record"):
        preview_frames(still, tmp_path / "a.png", [])
    with pytest.raises(ArgumentError, match="needs data and label"):
        preview_frames(apg.SceneSource(2, setup=small_setup), tmp_path / "a.png")
