import pickle
from pathlib import Path

import numpy as np
import pytest
from recorded_birds import NUM_SEGMENTS, blocks

from acoupipe_grain.audio.segments.activity import ActivityParams
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.minibatches import MiniBatchGen
from acoupipe_grain.pipeline import MiniBatchOptions


def options_of(recorded, **changes):
    return MiniBatchGen.from_config(blocks(recorded, **changes))["default"].options


def source_of(recorded, **changes):
    return MiniBatchGen.from_config(blocks(recorded, **changes)).source


def test_every_block_is_read(recorded):
    source = source_of(
        recorded,
        data_path_config__label_file=str(recorded / "labels.txt"),
        audio_frame_config__window="hamming",
        activity_detection={"name": "simple", "config": {"energy_threshold": 0.5, "spectral_flatness_threshold": 0.25}},
    )
    assert len(source) == NUM_SEGMENTS
    assert source.segments.num_channels == 1
    assert source.segments.grid.num_samples == 2000
    assert (source.framing.window_size, source.framing.hop_size, source.framing.window) == (128, 64, "hamming")
    assert source.label_set.table == ["owl", "wren"]
    assert source.activity_params == ActivityParams(0.5, 0.25)
    assert source_of(recorded, activity_detection={"name": "simple"}).activity_params == ActivityParams()
    assert source_of(recorded, activity_detection=None).activity_params is None


def test_options_of_mini_batches_are_read(recorded, tmp_path):
    assert options_of(recorded) == MiniBatchOptions(4)
    changes = {
        "shuffle_files": 1,
        "shuffle_mb_block_size": 6,
        "seed": 3,
        "drop_remainder": 0,
        "data_format": "NHWC",
        "num_workers": 2,
    }
    given = {f"minibatch_config__{name}": value for name, value in changes.items()}
    root = str(tmp_path)
    expected = MiniBatchOptions(4, True, 6, 3, False, "NHWC", 2, root)
    assert options_of(recorded, data_path_config__features_root=root, **given) == expected


@pytest.mark.parametrize("value", [0, 1, False, True])
def test_switches_are_numbers_or_not(recorded, value):
    assert options_of(recorded, minibatch_config__shuffle_files=value).shuffle_files is bool(value)
    older = {"minibatch_config__shuffle_files": ..., "minibatch_config__randomize_batch": value}
    assert options_of(recorded, **older).shuffle_files is bool(value)


@pytest.mark.parametrize(("name", "ours"), [("hanning", "hann"), ("rect", "rectangular"), ("blackman", "blackman")])
def test_windows_have_dynibatchs_names_too(recorded, name, ours):
    assert source_of(recorded, audio_frame_config__window=name).framing.window == ours


def test_labels_are_optional_and_may_be_of_chunks(recorded):
    without = source_of(recorded, data_path_config__file2label_filename=...)
    assert without.label_set is None
    assert MiniBatchGen.from_config(blocks(recorded, data_path_config__file2label_filename="")).labels == {}
    config = {"file2label_filename": None, "seg2label_root": str(recorded / "chunks")}
    chunks = MiniBatchGen.from_config(blocks(recorded, **{f"data_path_config__{key}": config[key] for key in config}))
    assert chunks.labels == {0: "owl", 1: "silence", 2: "wren"}
    targets = [targets.tolist() for _, targets in chunks.execute(with_targets=True)]
    assert targets[0] == [1, 1, 1, 1]


def test_features_have_dynibatchs_names_and_the_keys_of_the_configuration(recorded):
    names = ["audio_chunk", "fft_spectrum", "fft_power_spectrum", "mel_spectrum", "mfcc", "energy", "spectral_flatness"]
    features = [{"name": name} for name in names]
    features[3] |= {"config": {"n_mels": 8, "min_freq": 0, "max_freq": 4000, "log_amp": 0}}
    features[4] |= {"config": {"n_mels": 8, "n_mfcc": 3, "min_freq": 0, "max_freq": 4000}, "scaler": None}
    source = source_of(recorded, features=features)
    ours = {item.key: item.identity for item in source.features}
    assert list(ours) == names
    assert ours["audio_chunk"] == {"name": "audio", "label": "audio_chunk"}
    assert ours["fft_spectrum"] == {"name": "magnitude_spectrum", "label": "fft_spectrum"}
    assert ours["fft_power_spectrum"] == {"name": "power_spectrum", "label": "fft_power_spectrum"}
    # 0 and 4000 Hz are 0.0 and half the rate, which are the defaults.
    assert ours["mel_spectrum"]["options"]["log"] is False
    assert ours["mfcc"]["options"]["n_mfcc"] == 3
    assert ours["energy"] == "energy"
    element = source[0]
    assert element["mel_spectrum"].shape == (1, 8, 31)
    assert element["mfcc"].shape == (1, 3, 31)
    assert element["fft_spectrum"].shape == (1, 65, 31)
    np.testing.assert_allclose(element["fft_spectrum"] ** 2, element["fft_power_spectrum"], rtol=1e-4, atol=1e-9)


def test_features_are_standardised_and_projected(recorded, tmp_path):
    np.savez(tmp_path / "scaler.npz", mean=np.array([1.0]), scale=np.array([2.0]))
    features = [{"name": "energy"}]
    plain = source_of(recorded, features=features)[0]["energy"]
    scaled = source_of(recorded, features=[features[0] | {"scaler": str(tmp_path / "scaler.npz")}])[0]["energy"]
    np.testing.assert_allclose(scaled, (plain - 1) / 2, rtol=1e-6)
    pca = {"mean": [0.0, 0.0, 0.0], "components": [[1.0, 0.0, -1.0]]}
    pitch = {"name": "pitch", "sample_rate": 40, "size": 3, "folder": str(recorded / "pitch"), "pca": pca}
    assert source_of(recorded, features=[pitch])[0]["pitch"].tolist() == [[[-2.0] * 10]]


def test_precomputed_features_are_read_from_features_root_or_a_folder(recorded, monkeypatch):
    monkeypatch.setenv("BIRDS", str(recorded))
    level = {"name": "level", "sample_rate": 40, "size": 1}
    pitch = {"name": "pitch", "sample_rate": 40, "folder": "$BIRDS/pitch"}
    config = blocks(recorded, features=[level, pitch], data_path_config__features_root=str(recorded / "level"))
    mb_gen = MiniBatchGen.from_config(config)
    assert mb_gen.mb_feature_shape("level", "NCHW") == (4, 1, 10)
    assert mb_gen.mb_feature_shape("pitch", "NHWC") == (4, 3, 10, 1)
    element = mb_gen.source[1]
    assert element["level"].tolist() == [list(range(5, 15))]
    assert element["pitch"][0, :, 0].tolist() == [15, 16, 17]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"segmentconfig": {}}, "config: unknown block 'segmentconfig'; did you mean 'segment_config'"),
        ({"audio_root": "audio"}, "unknown block 'audio_root'; it belongs in data_path_config"),
        ({"segment_config__seg_duratoin": 1}, "unknown key of segment_config 'seg_duratoin'; did you mean 'seg_durat"),
        ({"segment_config__hop_size": 1}, "unknown key of segment_config 'hop_size'; it belongs in audio_frame_conf"),
        ({"segment_config": 3}, "segment_config=3: expected a mapping"),
        (
            {"segment_config": ..., "features": ...},
            "lacks segment_config.seg_duration, segment_config.seg_overlap, fea",
        ),
        ({"segment_config__seg_overlap": None}, "lacks segment_config.seg_overlap; there is no default for it"),
        ({"data_path_config__audio_root": ""}, "lacks data_path_config.audio_root"),
        (
            {"data_path_config__audio_root": "nowhere"},
            "data_path_config.audio_root: files: 'nowhere'.* there is no suc",
        ),
        (
            {"data_path_config__file2label_filename": "no.csv"},
            "data_path_config.file2label_filename: file_labels: .*no",
        ),
        ({"data_path_config__seg2label_root": "x"}, "file2label_filename and data_path_config.seg2label_root are both"),
        ({"data_path_config__datasplit_path": "no.json"}, "data_path_config.datasplit_path: datasplit: .*cannot be re"),
        ({"minibatch_config__batch_size": 0}, "minibatch_config.batch_size: batch_size=0: must be at least 1"),
        ({"minibatch_config__batch_size": "4"}, "minibatch_config.batch_size: batch_size='4': expected an integer"),
        ({"minibatch_config__shuffle_files": 2}, "minibatch_config.shuffle_files: shuffle_files=2: expected true or f"),
        ({"minibatch_config__randomize_batch": 0}, "shuffle_files and minibatch_config.randomize_batch are both there"),
        ({"minibatch_config__data_format": "NWHC"}, "minibatch_config.data_format: unknown data_format 'NWHC'"),
        ({"segment_config__seg_duration": -1}, "segment_config.seg_duration: duration=-1: expected a finite number in"),
        ({"segment_config__seg_overlap": 1}, "segment_config.seg_overlap: overlap=1: .*less than 1"),
        ({"audio_frame_config__win_size": 1}, "audio_frame_config.win_size: window_size=1: must be at least 2"),
        ({"audio_frame_config__hop_size": 0.5}, "audio_frame_config.hop_size: hop_size=0.5: expected an integer"),
        ({"audio_frame_config__window": "han"}, "audio_frame_config.window: unknown window 'han'; did you mean 'hann'"),
        ({"activity_detection": {"name": "simpel"}}, "activity_detection.name: unknown detector 'simpel'; did you mea"),
        ({"activity_detection": []}, r"activity_detection=\[\]: expected a mapping"),
        (
            {"activity_detection": {"config": {"energy_treshold": 1}}},
            "unknown key of activity_detection.config 'energy_treshold'; did you mean 'energy_threshold'",
        ),
        (
            {"activity_detection": {"config": {"energy_threshold": -1}}},
            "activity_detection.config.energy_threshold: energy_threshold=-1: expected a finite number, at least 0",
        ),
        ({"feature": {"name": "energy"}}, "features and feature are both there; keep one of them"),
        ({"features": ..., "feature": [{"name": "energy"}]}, r"config: feature=\[{'name': 'energy'}\]: expected a map"),
        ({"features": {"name": "energy"}}, "features={'name': 'energy'}: expected a list of mappings"),
        ({"features": []}, "lacks features"),
        ({"features": ["energy"]}, r"features\[0\]='energy': expected a mapping such as {name: mfcc}"),
        ({"features": [{"name": "mfc"}]}, r"features\[0\] 'mfc': unknown feature 'mfc'; did you mean 'mfcc'"),
        ({"features": [{"name": "mfcc", "configs": {}}]}, r"features\[0\] 'mfcc': unknown key 'configs'; did you mean"),
        ({"features": [{"name": "mfcc", "config": 3}]}, r"features\[0\] 'mfcc': config=3: expected a mapping"),
        (
            {"features": [{"name": "mfcc", "config": {"n_mel": 3}}]},
            r"'mfcc': unknown option .*'n_mel'; did you mean 'n",
        ),
        ({"features": [{"name": "mfcc", "sample_rate": 3}]}, r"features\[0\] 'mfcc': unknown key 'sample_rate'"),
        ({"features": [{"name": "energy"}] * 2}, "'energy' is asked for twice"),
        ({"features": [{"name": "x", "sample_rate": 3}]}, r"features\[0\] 'x': is computed elsewhere; give the folder"),
        (
            {"features": [{"name": "x", "sample_rate": 3, "folder": "FOLDER/level", "sise": 3}]},
            "'x': unknown key 'sise'; did you mean 'size'",
        ),
        (
            {"features": [{"name": "x", "sample_rate": 40, "folder": "FOLDER/pitch", "size": 4}]},
            "features: size=4 of 'x': rows of its files have the size 3; correct it, or leave it out",
        ),
        (
            {"features": [{"name": name, "sample_rate": 40, "folder": "FOLDER/pitch"} for name in "xy"]},
            "'x' and 'y' are in the same files, in '.*pitch'; give each of them a folder of its own",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_block(recorded, changes, message):
    for feature in changes.get("features", []) if isinstance(changes.get("features"), list) else []:
        if "folder" in feature:
            feature["folder"] = feature["folder"].replace("FOLDER", str(recorded))
    with pytest.raises(ArgumentError, match=message) as error:
        MiniBatchGen.from_config(blocks(recorded, **changes))
    assert str(error.value).startswith("config: ")


class Touching:
    """What leaves a file behind when it is unpickled."""

    def __init__(self, path):
        self._path = str(path)

    def __reduce__(self):
        return Path.touch, (Path(self._path),)


def test_pickles_are_refused_by_name_with_the_way_to_convert_them(recorded, tmp_path):
    for name in ("split.jl", "scaler.jl", "pitch.pkl"):
        (tmp_path / name).write_bytes(pickle.dumps(Touching(tmp_path / "touched")))
    with pytest.raises(ArgumentError, match=r"datasplit_path: datasplit: '.*split.jl': a pickle may run .*json.dump"):
        source_of(recorded, data_path_config__datasplit_path=str(tmp_path / "split.jl"))
    features = [{"name": "energy"}, {"name": "mfcc", "scaler": str(tmp_path / "scaler.jl")}]
    with pytest.raises(ArgumentError, match=r"features\[1\] 'mfcc': scaler='.*scaler.jl': a pickle can .*numpy.savez"):
        source_of(recorded, features=features)
    pitch = {
        "name": "pitch",
        "sample_rate": 40,
        "folder": str(recorded / "pitch"),
        "scaler": str(tmp_path / "pitch.pkl"),
    }
    with pytest.raises(ArgumentError, match=r"features\[0\] 'pitch': scaler='.*pitch.pkl': a pickle"):
        source_of(recorded, features=[pitch])
    assert not (tmp_path / "touched").exists()


def test_a_split_without_recordings_is_refused(recorded):
    with pytest.raises(ArgumentError, match="datasplit_path: datasplit: its sets a, b have no recording"):
        source_of(recorded, data_path_config__datasplit_path={"a": [], "b": []})
