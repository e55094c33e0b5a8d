import json

import numpy as np
import pytest
from recorded_birds import NUM_SEGMENTS, SETS, blocks, keys

from acoupipe_grain.audio.segments.source import SegmentSource
from acoupipe_grain.config import load_arguments
from acoupipe_grain.config.yaml import write_yaml
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.minibatches import MiniBatches, MiniBatchGen
from acoupipe_grain.pipeline import MiniBatchOptions

MEL = {"n_mels": 8, "min_freq": 100, "max_freq": 4000}


def in_blocks(folder, **changes):
    return blocks(folder, features=[{"name": "mel_spectrum", "config": MEL}, {"name": "audio"}], **changes)


def in_keys(folder, **changes):
    features = [{"name": "mel_spectrum", "options": MEL}, "audio"]
    return keys(folder, SegmentSource__features=features, **changes)


def written(config, path):
    path.write_text(json.dumps(config) if path.suffix == ".json" else write_yaml(config))
    return path


@pytest.fixture(scope="module")
def expected(recorded):
    """The first mini-batch, read without any configuration."""
    source = SegmentSource(
        str(recorded / "audio"),
        0.25,
        0.5,
        mono=True,
        features=[{"name": "mel_spectrum", "options": MEL}, "audio"],
        file_labels=str(recorded / "files.csv"),
        window_size=128,
        hop_size=64,
    )
    return next(MiniBatches(source, MiniBatchOptions(4)).execute(with_targets=True))


@pytest.mark.parametrize("form", [in_blocks, in_keys])
@pytest.mark.parametrize("file", [None, "config.json", "config.yml", "config.YAML"])
def test_the_documented_lines_run_as_printed(recorded, tmp_path, expected, form, file):
    config = form(recorded)
    if file:
        config = written(config, tmp_path / file)
        config = str(config) if file.endswith("yml") else config
    mb_gen = MiniBatchGen.from_config(config)
    mb_gen.start()
    mb_gen_e = mb_gen.execute(with_targets=True)
    data, targets = next(mb_gen_e)
    assert targets.tolist() == expected[1].tolist() == [0, 0, 0, 0]
    assert list(data) == ["mel_spectrum", "audio"]
    for name, array in data.items():
        assert np.array_equal(array, expected[0][name]), name
    assert data["mel_spectrum"].shape == mb_gen.mb_feature_shape("mel_spectrum", "NCHW") == (4, 1, 8, 31)


def test_the_older_block_of_one_feature_gives_arrays(recorded, expected):
    config = blocks(recorded, features=..., feature={"name": "mel_spectrum", "config": MEL})
    mb_gen = MiniBatchGen.from_config(config)
    mb_gen.start()
    data, targets = next(mb_gen.execute(with_targets=True))
    assert np.array_equal(data, expected[0]["mel_spectrum"])
    assert targets.tolist() == expected[1].tolist()


@pytest.mark.parametrize("form", [blocks, keys])
def test_without_a_split_there_is_one_set(recorded, form):
    mb_gen = MiniBatchGen.from_config(form(recorded))
    assert list(mb_gen) == ["default"]
    assert mb_gen.source is mb_gen["default"].source
    assert len(mb_gen.source) == NUM_SEGMENTS
    assert mb_gen.labels == {0: "owl", 1: "wren"}
    assert mb_gen.num_mini_batches(known_labels_only=True) == len(list(mb_gen.execute(known_labels_only=True))) == 5


@pytest.fixture(params=["blocks", "keys"])
def in_sets(request, recorded, tmp_path):
    """Mini-batches by set, of either form."""
    split = {"sets": {"rest": ["wrens/quiet.wav"], **SETS}}
    path = written(split, tmp_path / "split.json")
    if request.param == "blocks":
        config = blocks(recorded, data_path_config__datasplit_path=str(path), minibatch_config__batch_size=1)
    else:
        config = keys(recorded, SegmentSource__datasplit=str(path), MiniBatchGen__batch_size=1)
    return MiniBatchGen.from_config(config)


def test_there_is_a_set_for_each_of_the_split_that_has_recordings(in_sets):
    assert list(in_sets) == ["rest", "train", "validation", "test"]
    assert len(in_sets) == 4
    for name, mini_batches in in_sets.items():
        found = {str(filenames[0]) for _, filenames in mini_batches.execute(with_filenames=True)}
        assert found == set(SETS.get(name, ["wrens/quiet.wav"]))
    assert in_sets["train"].labels == in_sets["validation"].labels == {0: "owl", 1: "wren"}


def test_several_sets_have_to_be_told_apart(in_sets):
    for call in (in_sets.start, in_sets.reset, in_sets.execute, in_sets.num_mini_batches):
        with pytest.raises(ArgumentError, match=r"\(\): of which set\? There are rest, train, validation, test; write"):
            call()
    with pytest.raises(ArgumentError, match=r"write mb_gen\['rest'\].mb_feature_shape\(\)"):
        in_sets.mb_feature_shape("audio")
    for name in ("source", "labels"):
        with pytest.raises(ArgumentError, match=rf"write mb_gen\['rest'\].{name}\."):
            getattr(in_sets, name)


def test_a_set_that_there_is_not_is_refused(in_sets):
    assert "trian" not in in_sets
    assert in_sets.get("trian") is None
    with pytest.raises(KeyError, match="there is no set 'trian'; did you mean 'train'.* Available: rest, train"):
        in_sets["trian"]


def test_the_only_set_is_meant_whatever_its_name_is(recorded, tmp_path):
    recordings = [name for names in SETS.values() for name in names] + ["wrens/quiet.wav"]
    path = written({"sets": {"train": recordings, "test": []}}, tmp_path / "split.json")
    mb_gen = MiniBatchGen.from_config(blocks(recorded, data_path_config__datasplit_path=path))
    assert list(mb_gen) == ["train"]
    mb_gen.start(3)
    mb_gen.reset()
    assert mb_gen["train"].epoch == 3
    assert len(list(mb_gen.execute())) == mb_gen.num_mini_batches() == NUM_SEGMENTS // 4


def test_the_set_called_default_is_meant(in_sets):
    both = MiniBatchGen({"other": in_sets["test"], "default": in_sets["train"]})
    assert both.source is in_sets["train"].source


def test_epochs_differ_and_start_goes_back(recorded):
    mb_gen = MiniBatchGen.from_config(blocks(recorded, minibatch_config__shuffle_files=1))
    orders = []
    for _ in range(3):
        mb_gen.reset()
        orders.append([name for _, names in mb_gen.execute(with_filenames=True) for name in names])
    assert orders[1] != orders[0] != orders[2]
    mb_gen.start(0)
    assert [name for _, names in mb_gen.execute(with_filenames=True) for name in names] == orders[0]


def test_features_are_stored_below_features_root(recorded, tmp_path):
    root = tmp_path / "features"
    config = in_blocks(recorded, data_path_config__features_root=str(root), data_path_config__datasplit_path="")
    fresh, stored = MiniBatchGen.from_config(in_blocks(recorded)), MiniBatchGen.from_config(config)
    assert not root.exists()
    for (data, targets), (expected, expected_targets) in zip(
        stored.execute(with_targets=True), fresh.execute(with_targets=True), strict=True
    ):
        assert np.array_equal(targets, expected_targets)
        for name, array in data.items():
            np.testing.assert_allclose(array, expected[name], rtol=1e-5, atol=1e-5)
    (place,) = root.iterdir()
    changed = {path: path.stat().st_mtime_ns for path in place.iterdir()}
    list(MiniBatchGen.from_config(config).execute())
    assert {path: path.stat().st_mtime_ns for path in place.iterdir()} == changed


def test_files_may_include_others_and_settings_are_taken_as_they_are(recorded, tmp_path):
    written(keys(recorded), tmp_path / "base.yml")
    path = tmp_path / "config.yml"
    path.write_text("$include: base.yml\nMiniBatchGen.batch_size: 7\n")
    for config in (path, load_arguments(path)):
        assert next(MiniBatchGen.from_config(config).execute())[0]["audio"].shape == (7, 1, 2000)


def test_paths_may_have_variables_and_begin_in_the_working_directory(recorded, monkeypatch, tmp_path):
    monkeypatch.setenv("BIRDS", str(recorded))
    written(blocks(recorded, data_path_config__audio_root="$BIRDS/audio"), tmp_path / "config.json")
    monkeypatch.setenv("CONFIGS", str(tmp_path))
    assert len(MiniBatchGen.from_config("$CONFIGS/config.json").source) == NUM_SEGMENTS
    monkeypatch.chdir(recorded)
    config = blocks(recorded, data_path_config__audio_root="audio", data_path_config__file2label_filename="files.csv")
    assert len(MiniBatchGen.from_config(config).source) == NUM_SEGMENTS
    monkeypatch.chdir(tmp_path / "working-directory")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.json", "{", "a.json: not valid JSON; correct it: Expecting"),
        ("a.json", '{"features": [], "features": []}', "not valid JSON; correct it: 'features' is there twice"),
        ("a.json", "[1]", "expected a mapping, of blocks such as data_path_config, or of keys"),
        ("a.yml", "a: [", "a.yml: not valid YAML"),
        ("a.yml", "", "expected a mapping"),
        ("a.yml", "MiniBatchGen.batch_sise: 3", "a.yml: MiniBatchGen.batch_sise: 3: unknown key; did you mean"),
        ("a.json", '{"MiniBatchGen.batch_size": "3"}', "a.json: MiniBatchGen.batch_size: '3': expected integer"),
        ("a.json", '{"features": [], "MiniBatchGen.seed": 3}', "has the block 'features' and the key 'MiniBatchGen.se"),
        ("a.yml", "SegmentSource: {duration: 1}", "nested keys are not read; write SegmentSource.duration: ..."),
    ],
)
def test_files_that_hold_no_configuration_are_refused(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(ArgumentError, match=message):
        MiniBatchGen.from_config(tmp_path / name)


def test_what_is_no_configuration_is_refused():
    with pytest.raises(ArgumentError, match="config=3: expected a mapping, or the path of a JSON or YAML file"):
        MiniBatchGen.from_config(3)
    with pytest.raises(ArgumentError, match=r"config='nothing.json': cannot be read \(No such file"):
        MiniBatchGen.from_config("nothing.json")
    for sets in ({}, {"train": 3}, []):
        with pytest.raises(ArgumentError, match="expected a mapping from names to MiniBatches"):
            MiniBatchGen(sets)
