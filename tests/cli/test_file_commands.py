"""Sources of files on the command line, as their examples in conf/ have them: exported, verified, their statistics."""

from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

import acoupipe_grain as apg
from acoupipe_grain.cli.main import main
from acoupipe_grain.config import source_from_configuration
from acoupipe_grain.specs import ragged_axes

CONF = Path(__file__).parents[2] / "conf"


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    """What conf/aligned.yml, raw.yml and matlab.yml read, in the working directory."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(4)
    for folder in ("mel", "f0", "speaker", "wav"):
        (tmp_path / "corpus" / folder).mkdir(parents=True)
    for name, num_frames in (("a", 100), ("b", 250), ("c", 60)):
        apg.write_raw(rng.standard_normal((num_frames, 3)), f"corpus/mel/{name}.mel")
        voiced = rng.random(num_frames) < 0.6
        apg.write_raw(np.where(voiced, rng.uniform(80, 200, num_frames), 0.0), f"corpus/f0/{name}.f0")
        apg.write_raw(rng.standard_normal((1, 1)), f"corpus/speaker/{name}.spk")
        apg.write_wav(0.1 * rng.standard_normal(num_frames * 80 + 13), f"corpus/wav/{name}.wav", 16_000)
    Path("simulated").mkdir()
    for number in range(2):
        das = rng.standard_normal((64, 64, 11)) + 1j * rng.standard_normal((64, 64, 11))
        savemat(f"simulated/{number}.mat", {"low_res": {"das": das}, "conf_map": {"gauss": rng.random((128, 128))}})
    return tmp_path


@pytest.mark.parametrize(("name", "num_records"), [("aligned.yml", 5), ("raw.yml", 20), ("matlab.yml", 2)])
def test_examples_are_exported_and_verified_against_the_files(corpus, name, num_records):
    assert main(["export", "out", "--args.load", str(CONF / name), "--export.num_workers=0"]) == 0
    stored = apg.ArrayRecordSource("out")
    assert len(stored) == num_records
    rebuilt = source_from_configuration(stored.configuration["source"])
    assert dict(stored.element_spec) == dict(rebuilt.element_spec)
    for index in range(num_records):
        assert all(np.array_equal(stored[index][key], array) for key, array in rebuilt[index].items())
    assert stored.tables == rebuilt.tables
    for axis in ragged_axes(rebuilt.element_spec):
        assert np.array_equal(stored.lengths[axis], rebuilt.lengths[axis])
    assert main(["verify", "out", "--deep"]) == 0


def test_changed_files_are_noticed(corpus, capsys):
    assert main(["export", "out", "--args.load", str(CONF / "raw.yml"), "--export.num_workers=0"]) == 0
    apg.write_raw(np.ones((100, 3)), "corpus/mel/a.mel")
    assert main(["verify", "out", "--deep"]) == 2
    assert "files of RawMatrixSource are not those" in capsys.readouterr().err


def test_statistics_of_a_configured_source_know_what_is_not_normalised(corpus, capsys):
    assert main(["statistics", "s.json", "--args.load", str(CONF / "aligned.yml")]) == 0
    assert "s.json: 5 records" in capsys.readouterr().out
    statistics = apg.Statistics.load("s.json")
    chunks = [apg.read_raw(f"corpus/f0/{name}.f0")[:length] for name, length in (("a", 90), ("b", 250), ("c", 60))]
    pitch = np.concatenate(chunks)
    assert statistics.mean["input"][3] == pytest.approx(pitch[pitch > 0].astype(np.float64).mean(), rel=1e-12)
    assert (statistics.mean["input"][4], statistics.std["input"][4]) == (0, 1)
    # What is stored says the same of itself.
    assert main(["export", "out", "--args.load", str(CONF / "aligned.yml"), "--export.num_workers=0"]) == 0
    assert main(["statistics", "stored.json", "--data", "out"]) == 0
    stored = apg.Statistics.load("stored.json")
    assert np.array_equal(stored.mean["input"], statistics.mean["input"])
    assert np.array_equal(stored.std["target"], statistics.std["target"])


def test_statistics_of_what_is_stored_are_those_of_the_source(corpus):
    assert main(["export", "out", "--args.load", str(CONF / "raw.yml"), "--export.num_workers=0"]) == 0
    options = ["--arrays", "values", "--separate", "column"]
    assert main(["statistics", "stored.json", "--data", "out", *options]) == 0
    assert main(["statistics", "files.json", "--args.load", str(CONF / "raw.yml"), *options]) == 0
    stored, files = (apg.Statistics.load(name) for name in ("stored.json", "files.json"))
    np.testing.assert_allclose(stored.mean["values"], files.mean["values"], rtol=1e-12)
    assert stored.mean["values"].shape == (3,)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["statistics", "s.json", "--data", "out", "--args.load", "x.yml"], "--data is what is stored"),
        (["statistics", "s.json", "--separate", "column"], "--separate: is of the arrays that --arrays names"),
        (["statistics", "s.json"], "statistics of what? Give --args.load"),
        (["export", "out", "--RawMatrixSource.files", "corpus/mel"], "no file with the extension .raw"),
        (["export", "out", "--RawMatrixSource.num_columns", "3"], "lacks RawMatrixSource.files"),
        (
            ["export", "out", "--RawMatrixSource.files", "corpus/mel", "--RawMatrixSource.extensions", "[.mel]",
             "--RawMatrixSource.num_columns", "7"],
            "1200 bytes are not whole rows of 7 columns",
        ),
    ],
)  # fmt: skip
def test_wrong_commands_say_what_is_wrong(corpus, capsys, command, message):
    assert main(command) == 2
    assert message in capsys.readouterr().err
