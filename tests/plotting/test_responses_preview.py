"""Pictures of impulse responses, and the commands that describe and download them."""

import numpy as np
import pytest
from PIL import Image

import acoupipe_grain as apg
from acoupipe_grain.cli.main import main
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.plotting import preview_responses
from acoupipe_grain.plotting.responses import energy_decay

DECAY = 60.0  # samples, of the amplitude


@pytest.fixture
def decaying():
    rng = np.random.default_rng(0)
    grid = apg.RectGrid(-0.3, 0.3, -0.3, 0.3, 0.5, 0.3)
    taps = np.arange(400)
    return apg.ImpulseResponses.from_arrays(
        rng.standard_normal((9, 4, taps.size)) * np.exp(-taps / DECAY),
        grid.positions,
        np.array([[0.3, -0.3, 0.0, 0.1], [0.1, 0.2, -0.3, 0.0], [0.0, 0.0, 0.0, 0.0]]),
        sample_rate=16000.0,
        speed_of_sound=343.5,
    )


def test_positions_responses_and_decay_are_drawn(decaying, tmp_path):
    preview_responses(decaying, tmp_path / "a.png")
    preview_responses(decaying, tmp_path / "b.png", source=0)
    with Image.open(tmp_path / "a.png") as picture, Image.open(tmp_path / "b.png") as other:
        assert np.ptp(np.asarray(picture.convert("L"))) > 100
        assert not np.array_equal(np.asarray(picture), np.asarray(other))


def test_a_decay_is_that_of_the_response():
    taps = np.arange(2000)
    levels = 10 * np.log10(energy_decay(np.exp(-taps / DECAY)))
    slope = np.polyfit(taps[:600], levels[:600], 1)[0]
    assert levels[0] == 0
    assert slope == pytest.approx(-20 * np.log10(np.e) / DECAY, rel=1e-6)


def test_silence_is_drawn_too(tmp_path):
    silent = apg.ImpulseResponses.from_arrays(
        np.zeros((1, 2, 8)), np.ones((3, 1)), np.eye(3)[:, :2], sample_rate=8000.0, speed_of_sound=343.0
    )
    preview_responses(silent, tmp_path / "a.png")
    assert (tmp_path / "a.png").exists()


def test_what_cannot_be_drawn_is_refused(decaying, tmp_path):
    with pytest.raises(ArgumentError, match=r"ending in \.png"):
        preview_responses(decaying, tmp_path / "a.jpg")
    with pytest.raises(ArgumentError, match=r"source=9"):
        preview_responses(decaying, tmp_path / "a.png", source=9)


def test_the_command_says_what_a_file_holds_and_draws_it(decaying, tmp_path, capsys):
    apg.write_impulse_responses(tmp_path / "room.h5", decaying)
    assert main(["responses", str(tmp_path / "room.h5"), "--picture", str(tmp_path / "a.png"), "--source", "3"]) == 0
    shown = capsys.readouterr().out
    for text in ("9 sources, 4 microphones", "16000 Hz", "343.5 m/s", "400 samples, 25 ms", "3x3, z=0.5 m"):
        assert text in shown
    assert decaying.fingerprint[:16] in shown
    assert (tmp_path / "a.png").exists()


def test_the_command_refuses_a_file_that_is_another_scenario(decaying, tmp_path, capsys):
    apg.write_impulse_responses(tmp_path / "room.h5", decaying)
    assert main(["responses", str(tmp_path / "room.h5"), "--scenario", "A1"]) == 2
    assert "A1" in capsys.readouterr().err


def test_the_command_downloads_what_is_asked_for(tmp_path, monkeypatch, capsys):
    from acoupipe_grain.cli import download

    asked = []

    def fetched(scenario, folder):
        asked.append((scenario, folder))
        return tmp_path / f"{scenario}.h5"

    monkeypatch.setattr(download, "download_miracle", fetched)
    assert main(["download", "D1", "--folder", str(tmp_path)]) == 0
    assert asked == [("D1", str(tmp_path))]
    assert f"responses {tmp_path / 'D1.h5'} --scenario D1" in capsys.readouterr().out
