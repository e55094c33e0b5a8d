"""Commands on recordings, and the configurations in conf/ that are about them."""

import json
import shlex
from pathlib import Path

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.audio.excerpts import SaliencyParams
from acoupipe_grain.audio.segments.activity import ActivityParams
from acoupipe_grain.audio.segments.splits import DataSplit
from acoupipe_grain.cli.main import main
from acoupipe_grain.config import build, load_arguments, package_keys

CONF = Path(__file__).parents[2] / "conf"
SEGMENTS = ["--args.load", "conf/segments.yml"]
EXCERPTS = ["--args.load", "conf/excerpts.yml"]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A folder such as the project's, with its configurations and the recordings that they are about."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / "conf").symlink_to(CONF)
    assert main(["recordings", str(folder / "recordings")]) == 0
    return folder


@pytest.fixture
def _in_checkout(checkout, monkeypatch):
    monkeypatch.chdir(checkout)


@pytest.fixture(scope="module")
def data(checkout, tmp_path_factory):
    """Some segments, exported."""
    folder = tmp_path_factory.mktemp("exported") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(checkout)
        stop = ["--export.stop", "16", "--export.num_workers", "0", "--export.progress", "false"]
        assert main(["export", str(folder), *SEGMENTS, *stop]) == 0
    return folder


def test_recordings_says_what_there_is_and_what_comes_next(tmp_path, capsys):
    folder = tmp_path / "my recordings"
    for _ in range(2):  # what is there already is fine
        assert main(["recordings", str(folder), "--seed", "3"]) == 0
        shown = capsys.readouterr().out
    for expected in ("12 recordings of 6 s at 16000 Hz: chirp, hum, knock", "labels.csv", "chunks/knock/3.seg"):
        assert expected in shown
    assert len(list(folder.rglob("*.flac"))) == 12
    assert main(["recordings", str(folder)]) == 2
    assert "something else" in capsys.readouterr().err


def test_the_commands_that_come_next_run(tmp_path, monkeypatch, capsys):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert main(["recordings", "some recordings"]) == 0
    lines = capsys.readouterr().out.partition("Try next:\n")[2].splitlines()
    commands = [shlex.split(line) for line in lines]
    assert [words[:2] for words in commands] == [["acoupipe-grain", name] for name in ("preview", "split", "export")]
    for words in commands:
        assert main([*words[1:], *(["--export.num_workers", "0"] if words[1] == "export" else [])]) == 0
    assert Path("segments.png").exists()
    assert [len(files) for files in DataSplit.load("split.json").sets.values()] == [6, 3, 3]
    assert len(apg.ArrayRecordSource("data/segments")) == 12 * 23


def test_where_configurations_look_they_are_the_next(checkout, monkeypatch, capsys):
    monkeypatch.chdir(checkout)
    assert main(["recordings", "recordings"]) == 0
    shown = capsys.readouterr().out.partition("Try next:\n")[2]
    assert shown.splitlines()[0] == (
        "  acoupipe-grain preview segments.png --args.load conf/segments.yml --records 5 97 189"
    )


@pytest.mark.usefixtures("_in_checkout")
def test_split_shares_out_the_recordings_of_each_label(tmp_path, capsys):
    saved = str(tmp_path / "split.json")
    ratios = ["--ratios", "train=0.5", "test=0.5"]
    assert main(["split", saved, *SEGMENTS, *ratios, "--seed", "7"]) == 0
    shown = capsys.readouterr().out
    assert "split.json: 12 recordings: 6 train, 6 test" in shown
    assert [line.split()[:3] for line in shown.splitlines()[3:6]] == [
        [name, "2/2", "2/2"] for name in ("chirp", "hum", "knock")
    ]
    split = json.loads(Path(saved).read_text())
    assert (split["seed"], split["ratios"]) == (7, {"train": 0.5, "test": 0.5})
    sizes = []
    for name in ("train", "test"):
        flags = {"SegmentSource.datasplit": saved, "SegmentSource.dataset": name}
        source = build("SegmentSource", load_arguments("conf/segments.yml") | flags)
        assert source.tables["files"] == split["sets"][name]
        sizes.append(len(source))
    assert sizes == [138, 138]


@pytest.mark.usefixtures("_in_checkout")
def test_split_is_of_all_recordings_and_replaces_nothing_unasked(tmp_path, capsys):
    saved, configuration = tmp_path / "split.json", tmp_path / "train.yml"
    configuration.write_text(
        f"$include: [{CONF / 'segments.yml'}]\n"
        f"SegmentSource.datasplit: {saved}\ntrain/SegmentSource.dataset: train\nSegmentSource.features: [energy]\n"
    )
    arguments = ["split", str(saved), "--args.load", str(configuration)]
    for scope in ([], ["--scope", "train"]):
        assert main([*arguments, *scope]) == 0
        assert "12 recordings: 8 train, 2 validation, 2 test" in capsys.readouterr().out
    before = saved.read_text()
    assert main([*arguments, "--seed", "1"]) == 2
    assert "something else is there" in capsys.readouterr().err
    assert saved.read_text() == before
    assert main([*arguments, "--seed", "1", "--overwrite", "--args.save", str(tmp_path / "used.yml")]) == 0
    assert saved.read_text() != before
    assert load_arguments(tmp_path / "used.yml")["SegmentSource.datasplit"] == str(saved)


@pytest.mark.usefixtures("_in_checkout")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["split", "x.json", *SEGMENTS, "--ratios", "train", "0.5"], "--ratios: 'train': expected a set and its part"),
        (["split", "x.json", *SEGMENTS, "--ratios", "a=0.5", "a=0.5"], "'a' is given twice"),
        (["split", "x.json", *SEGMENTS, "--ratios", "a=0.5", "b=0.4"], "add up to 0.9"),
        (["split", "x.json", *SEGMENTS, "--seed", "-1"], "seed=-1"),
        (["split", "x.json"], "lacks SegmentSource.files, SegmentSource.duration"),
        (["split", "x.json", *EXCERPTS], "has keys of AudioDataBalancedSource; only SegmentSource"),
        (["split", "x.json", "--SyntheticSource.seed", "1"], "`split` uses keys of SegmentSource, ActivityParams only"),
        (["recordings", "conf"], "something else"),
        (["recordings", "recordings", "--SegmentSource.mono"], "unknown to `recordings`"),
        (["preview", "x.png", *SEGMENTS, "--map", "sourcemap"], "--map sourcemap: there are no maps"),
        (["preview", "x.png", *SEGMENTS, "--SegmentSource.features", "[mfcc]"], "the elements have mfcc"),
        (["preview", "x.png", *SEGMENTS, "--SyntheticSource.seed", "1"], "keys of SyntheticSource and SegmentSource"),
        (["preview", "x.gif", *SEGMENTS], "ending in .png"),
        (["demo", "x", *SEGMENTS], "has keys of SegmentSource; only SyntheticSource, ImpulseResponseSource"),
    ],
)
def test_errors_are_one_line_and_nothing_is_written(arguments, message, capsys):
    before = sorted(Path().iterdir())
    assert main(arguments) == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert shown.count("\n") == 1
    assert sorted(Path().iterdir()) == before


@pytest.mark.usefixtures("_in_checkout")
@pytest.mark.parametrize("configuration", [SEGMENTS, EXCERPTS], ids=["segments", "excerpts"])
def test_preview_draws_configured_recordings(configuration, tmp_path, capsys):
    picture = tmp_path / "records.png"
    assert main(["preview", str(picture), *configuration, "--records", "0", "5"]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "records 0, 5" in capsys.readouterr().out


def test_stored_recordings_are_inspected_verified_and_drawn_elsewhere(data, checkout, tmp_path, monkeypatch, capsys):
    assert main(["inspect", str(data), "--html", str(tmp_path / "card.html")]) == 0
    assert "label: 2 names, most often" in (tmp_path / "card.html").read_text(encoding="utf-8")
    assert main(["preview", str(tmp_path / "records.png"), "--data", str(data), "--records", "5", "15"]) == 0
    assert (tmp_path / "records.png").exists()
    assert main(["preview", str(tmp_path / "maps.png"), "--data", str(data), "--map", "sourcemap"]) == 2
    assert "there are no maps" in capsys.readouterr().err
    monkeypatch.chdir(checkout)  # where the recordings are
    assert main(["verify", str(data), "--deep"]) == 0
    assert "16 records" in capsys.readouterr().out


@pytest.mark.usefixtures("_in_checkout")
@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("segments.yml", "SegmentSource"),
        ("excerpts.yml", "AudioDataBalancedSource"),
        ("sounds.yml", "SyntheticSource"),
        ("minibatches.yml", "SegmentSource"),
    ],
)
def test_every_configuration_is_checked_and_gives_finite_records(name, owner, tmp_path, capsys):
    assert main(["config", "--args.load", f"conf/{name}"]) == 0
    (tmp_path / "shown.yml").write_text(capsys.readouterr().out)
    source = build(owner, load_arguments(f"conf/{name}"))
    assert build(owner, load_arguments(tmp_path / "shown.yml")) == source
    for index in (0, len(source) - 1):
        assert all(np.isfinite(array).all() for array in source[index].values())


OWN_VALUES = {
    "segments.yml": ("files", "duration", "overlap", "labels", "chunk_labels", "features"),
    "excerpts.yml": ("sources", "num_records", "sample_rate"),
}


@pytest.mark.parametrize(
    ("name", "owner", "elsewhere"),
    [
        ("segments.yml", "SegmentSource", ("activity_params",)),
        ("excerpts.yml", "AudioDataBalancedSource", ("saliency_params", "num_steps")),
    ],
)
def test_the_documented_configurations_have_every_key_at_its_default(name, owner, elsewhere):
    arguments = load_arguments(CONF / name)
    defaults = {
        key.removeprefix(f"{owner}."): item.default
        for key, item in package_keys().by_name.items()
        if key.startswith(f"{owner}.") and key.count(".") == 1
    }
    assert {f"{owner}.{key}" for key in defaults.keys() - set(elsewhere)} <= set(arguments)
    for key in defaults.keys() - {*elsewhere, *OWN_VALUES[name]}:
        given = arguments[f"{owner}.{key}"]
        assert (tuple(given) if isinstance(given, list | tuple) else given) == defaults[key], key


@pytest.mark.usefixtures("_in_checkout")
def test_the_documented_parameters_are_the_defaults():
    segments = build("SegmentSource", load_arguments("conf/segments.yml"))
    assert segments.activity_params == ActivityParams()
    assert [item.key for item in segments.features] == ["mel_spectrum", "energy"]
    assert segments.element_spec["mel_spectrum"].shape == (1, 64, 31)
    excerpts = build("AudioDataBalancedSource", load_arguments("conf/excerpts.yml"))
    assert excerpts.saliency_params == SaliencyParams()
    assert min(excerpts[index]["loudness"] for index in range(20)) > -40
