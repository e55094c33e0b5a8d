"""Sources heard through impulse responses on the command line, as their examples in conf/ have them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import acoupipe_grain as apg
from acoupipe_grain.cli.main import main
from acoupipe_grain.config import source_from_configuration

CONF = Path(__file__).parents[2] / "conf"
FEW = ["--ImpulseResponseSource.num_records=3", "--ImpulseResponseSource.signal_length=0.3"]


@pytest.fixture
def miracle(tmp_path, monkeypatch):
    """A small file in the place of miracle/A1.h5, in the working directory."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    grid = apg.RectGrid(-0.3, 0.3, -0.3, 0.3, 0.7, 0.15)
    responses = apg.ImpulseResponses.from_arrays(
        rng.standard_normal((25, 6, 300)) * np.exp(-np.arange(300) / 60),
        grid.positions,
        np.concatenate([rng.uniform(-0.5, 0.5, (2, 6)), np.zeros((1, 6))]),
        sample_rate=32000.0,
        speed_of_sound=344.7,
    )
    Path("miracle").mkdir()
    apg.write_impulse_responses("miracle/A1.h5", responses)
    return responses


def test_the_example_is_exported_verified_and_rebuilt(miracle):
    assert main(["export", "out", "--args.load", str(CONF / "miracle.yml"), "--export.num_workers=0", *FEW]) == 0
    stored = apg.ArrayRecordSource("out")
    assert stored.element_spec["sourcemap"].shape == (3, 5, 5)
    rebuilt = source_from_configuration(stored.configuration["source"])
    assert rebuilt.setup.speed_of_sound == miracle.speed_of_sound
    assert rebuilt.setup.block_size == 256
    np.testing.assert_allclose(stored[1]["sourcemap"], rebuilt[1]["sourcemap"], rtol=1e-4)
    assert main(["verify", "out", "--deep"]) == 0


def test_other_responses_under_the_same_name_are_noticed(miracle, capsys):
    assert main(["export", "out", "--args.load", str(CONF / "miracle.yml"), "--export.num_workers=0", *FEW]) == 0
    other = apg.ImpulseResponses.from_arrays(
        miracle.read(range(25))[..., ::-1],
        miracle.source_positions,
        miracle.mic_positions,
        sample_rate=32000.0,
        speed_of_sound=344.7,
    )
    Path("miracle/A1.h5").unlink()
    apg.write_impulse_responses("miracle/A1.h5", other)
    assert main(["verify", "out", "--deep"]) == 2
    assert "digest" in capsys.readouterr().err


@pytest.mark.slow
def test_maps_are_drawn_of_what_is_configured_and_of_what_is_stored(miracle):
    assert main(["preview", "a.png", "--args.load", str(CONF / "miracle.yml"), "--records", "1", *FEW]) == 0
    assert main(["export", "out", "--args.load", str(CONF / "miracle.yml"), "--export.num_workers=0", *FEW]) == 0
    assert main(["preview", "b.png", "--data", "out", "--records", "1"]) == 0
    for name in ("a.png", "b.png"):
        with Image.open(name) as picture:
            assert np.ptp(np.asarray(picture.convert("L"))) > 100


def test_rooms_are_rebuilt_from_what_is_stored(tmp_path):
    flags = ["--args.load", str(CONF / "rooms.yml"), "--export.num_workers=0", "--ImpulseResponseSource.num_records=2"]
    light = ["--ImpulseResponseSource.signal_length=0.4", "--ImpulseResponseSource.max_nsources=1"]
    assert main(["export", str(tmp_path / "out"), *flags, *light]) == 0
    stored = apg.ArrayRecordSource(tmp_path / "out")
    rebuilt = source_from_configuration(stored.configuration["source"])
    np.testing.assert_allclose(stored[1]["sourcemap"], rebuilt[1]["sourcemap"], rtol=1e-4)


def test_a_configuration_without_responses_says_so(capsys):
    assert main(["config", "--ImpulseResponseSource.seed=3"]) == 2
    assert "lacks ImpulseResponseSource.responses" in capsys.readouterr().err
