"""Commands with data_pipeline's ``config.ini``."""

from pathlib import Path

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.cli.main import main
from acoupipe_grain.config import build, load_arguments

EXAMPLE = Path(__file__).parents[2] / "conf" / "scatterers.ini"


@pytest.mark.parametrize(("scope", "split"), [("train", "training"), ("val", "validation"), ("test", "test")])
def test_splits_are_exported_by_scope(tmp_path, scope, split):
    flags = ["--ScattererSource.num_records", "3", "--export.num_workers", "0"]
    assert main(["export", str(tmp_path / "data"), "--args.load", str(EXAMPLE), "--scope", scope, *flags]) == 0
    stored = apg.ArrayRecordSource(tmp_path / "data")
    assert len(stored) == 3
    assert stored.configuration["source"]["arguments"]["split"] == split
    expected = build("ScattererSource", load_arguments(EXAMPLE), scope)[2]
    np.testing.assert_allclose(stored[2]["data"], expected["data"], atol=1e-6)


@pytest.mark.parametrize(("name", "start"), [("frames.png", b"\x89PNG"), ("frames.gif", b"GIF8")])
def test_frames_are_drawn(tmp_path, name, start):
    flags = ["--ScattererSource.num_frames", "4", "--ScattererSource.size", "16", "--records", "0"]
    assert main(["preview", str(tmp_path / name), "--args.load", str(EXAMPLE), "--scope", "train", *flags]) == 0
    assert (tmp_path / name).read_bytes().startswith(start)


@pytest.mark.parametrize("command", ["export", "preview"])
def test_without_a_scope_the_error_says_so(tmp_path, capsys, command):
    assert main([command, str(tmp_path / "frames.png"), "--args.load", str(EXAMPLE)]) == 2
    assert "choose one of these, for instance --scope" in capsys.readouterr().err
    assert not (tmp_path / "frames.png").exists()


def test_it_is_checked_and_written_as_yaml(tmp_path):
    saved = tmp_path / "frames.yml"
    classes = ["ScattererSource", "make_loader"]
    assert main(["config", *classes, "--args.load", str(EXAMPLE), "--args.save", str(saved)]) == 0
    original, written = load_arguments(EXAMPLE), load_arguments(saved)
    for scope in ("train", "val", "test"):
        assert repr(build("ScattererSource", written, scope)) == repr(build("ScattererSource", original, scope))
        assert written[f"{scope}/make_loader.transforms"] == original[f"{scope}/make_loader.transforms"]


def test_wrong_values_are_one_line(tmp_path, capsys):
    path = tmp_path / "config.ini"
    path.write_text("[DATA]\nNumScater = 5\n")
    assert main(["config", "--args.load", str(path)]) == 2
    error = capsys.readouterr().err
    assert "config.ini: [DATA] NumScater='5': unknown key; did you mean 'NumScatter'?" in error
