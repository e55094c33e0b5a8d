import json
import pickle
import shutil
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile
from recordings import noise, write

import acoupipe_grain as apg
from acoupipe_grain.config import source_from_configuration
from acoupipe_grain.errors import ArgumentError, DataError, RecordIndexError
from acoupipe_grain.records import cached
from acoupipe_grain.specs import check_element, require_source

FEATURES = ["audio", {"name": "mel_spectrum", "options": {"n_mels": 20}}, "energy"]


@pytest.fixture(scope="module")
def source(birds, audio):
    return apg.SegmentSource(
        audio, 0.25, 0.5, features=FEATURES, chunk_labels=str(birds / "chunks"), activity_params={}
    )


def same(one, other):
    return one.keys() == other.keys() and all(np.array_equal(one[key], other[key]) for key in one)


def close(one, other):
    for key, array in one.items():
        exact = np.asarray(array, np.float64)
        assert np.abs(exact - other[key]).max(initial=0) <= 1e-5 * np.abs(exact).max(initial=0), key


def test_elements_are_what_the_specification_says(source):
    require_source(source)
    assert source.element_spec["mel_spectrum"].shape == (2, 20, 7)
    assert source.element_spec["mel_spectrum"].axes == ("channel", "mel", "frame")
    assert source.element_spec["energy"].shape == (2, 7)
    assert len(source) == 4 * 15
    for index in (0, 14, 15, 59):
        check_element(source[index], source.element_spec, f"record {index}")
        assert source[index]["idx"] == index


def test_a_segment_is_the_part_of_its_recording_that_it_says(source, audio):
    for index in range(0, 60, 7):
        element = source[index]
        name = source.tables["files"][element["file_index"]]
        whole = soundfile.read(f"{audio}/{name}", dtype="float32")[0].T
        start = 1000 * int(element["segment_index"])
        assert element["offset"] == np.float32(start / 8000)
        np.testing.assert_array_equal(element["audio"], whole[:, start : start + 2000])


def test_all_segments_of_all_recordings_follow_each_other(source):
    assert source.table.file_indices.tolist() == np.repeat(np.arange(4), 15).tolist()
    assert source.table.segment_indices.tolist() == list(range(15)) * 4
    assert source.tables["files"] == ["a/0.wav", "a/1.wav", "b/2.wav", "b/3.wav"]


def test_frames_reach_beyond_the_segment_into_the_recording(audio):
    """Frames of a segment are those of the whole recording that begin in it."""
    whole = apg.SegmentSource(audio, 2.0, features=["power_spectrum"], window_size=400, hop_size=100)
    part = apg.SegmentSource(audio, 0.25, features=["power_spectrum"], window_size=400, hop_size=100)
    assert part.element_spec["power_spectrum"].shape == (2, 201, 20)
    for number in range(8):
        expected = whole[0]["power_spectrum"][..., 20 * number : 20 * number + 20]
        found = part[number]["power_spectrum"]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * expected.max())


def test_short_recordings_have_one_padded_segment(tmp_path):
    write(tmp_path / "short.wav", noise(0.3))
    write(tmp_path / "long.wav", noise(1.2))
    source = apg.SegmentSource(tmp_path, 0.5)
    assert source.table.file_indices.tolist() == [0, 0, 1]
    short = source[2]["audio"]
    assert short[:, :2400].any(axis=1).all()
    assert not short[:, 2400:].any()


def test_labels_of_chunks_and_activity_agree_with_the_sound(source):
    """The tone from 0.5 to 1.0 s: segments of which it covers half are labelled; those it mostly fills are active."""
    covered = np.zeros(15, dtype=bool)
    covered[3:8] = True  # from 0.375 s (ends at 0.625) to 0.875 s
    for file, label in enumerate([1, 1, 0, 0]):  # sorted: high, low
        own = source.table.file_indices == file
        assert source.table.labels[own].tolist() == np.where(covered, label, -3).tolist()
        assert source.table.active[own].tolist() == covered.tolist()
    assert source.tables["labels"] == ["high", "low"]
    assert source[4]["label"] == 1
    assert source[4]["active"]
    assert source[0]["label"] == -3


def test_labels_of_files_and_numbers_of_a_label_file(birds, audio):
    source = apg.SegmentSource(audio, 0.5, file_labels=str(birds / "files.csv"), labels=str(birds / "labels.csv"))
    assert source.table.labels.tolist() == [0] * 8 + [1] * 8
    assert source.tables["labels"] == ["low", "high"]
    only_low = apg.SegmentSource(audio, 0.5, file_labels=str(birds / "files.csv"), labels=["low"])
    assert only_low.table.labels.tolist() == [0] * 8 + [-3] * 8


def test_without_labels_and_activity_elements_have_none(audio):
    source = apg.SegmentSource(audio, 0.5)
    assert not {"label", "active"} & set(source.element_spec)
    assert source.tables == {"files": ["a/0.wav", "a/1.wav", "b/2.wav", "b/3.wav"]}


def test_active_and_known_segments_are_subsets(birds, audio, source):
    chunks = {"chunk_labels": str(birds / "chunks")}
    known = apg.SegmentSource(audio, 0.25, 0.5, features=FEATURES, **chunks, known_labels_only=True)
    active = apg.SegmentSource(audio, 0.25, 0.5, features=FEATURES, activity_params={}, active_segments_only=True)
    numbers = np.flatnonzero(source.table.labels != -3)
    assert len(known) == len(active) == numbers.size == 20
    for subset in (known, active):
        assert np.array_equal(subset.table.starts, source.table.starts[numbers])
        assert np.array_equal(subset[7]["audio"], source[int(numbers[7])]["audio"])
        assert subset[7]["idx"] == 7


def test_channels_are_kept_or_averaged(audio):
    kept, averaged = (apg.SegmentSource(audio, 0.25, mono=mono)[9]["audio"] for mono in (False, True))
    assert kept.shape == (2, 2000)
    np.testing.assert_allclose(averaged[0], kept.mean(axis=0), atol=1e-7)


def test_segments_of_other_sample_rates_have_one_length(tmp_path):
    write(tmp_path / "a.wav", noise(1.0))
    write(tmp_path / "b.wav", noise(1.0, sample_rate=11_025), 11_025)
    with pytest.raises(ArgumentError, match=r"sample_rate=None: .*a.wav has 8000 Hz, .*b.wav 11025 Hz; give the"):
        apg.SegmentSource(tmp_path, 0.5)
    source = apg.SegmentSource(tmp_path, 0.5, sample_rate=16_000)
    assert {source[i]["audio"].shape for i in range(4)} == {(2, 8000)}


def test_batches_of_a_loader_are_the_segments(source):
    seen = []
    for batch in apg.make_loader(source, 16, seed=1, drop_remainder=False):
        for row, index in enumerate(np.asarray(batch["idx"]).tolist()):
            close(source[index], {key: np.asarray(array)[row] for key, array in batch.items()})
            seen.append(index)
    assert sorted(seen) == list(range(60))


def test_any_number_of_workers_delivers_the_same_batches(source):
    batches = [list(apg.make_loader(source, 20, seed=3, num_workers=number)) for number in (0, 1)]
    assert len(batches[0]) == 3
    assert all(map(same, *batches))


def test_shards_of_a_loader_have_all_segments(source):
    shards = [apg.make_loader(source, 5, seed=2, shard=(number, 4)) for number in range(4)]
    indices = [int(i) for shard in shards for batch in shard for i in batch["idx"]]
    assert sorted(indices) == list(range(60))


def test_large_batches_are_computed_in_chunks_with_the_same_result(source, monkeypatch):
    from acoupipe_grain.audio.segments import computation

    inputs = source.inputs.batch(range(60))
    whole = source.compute_batch(inputs)
    monkeypatch.setattr(computation, "CHUNK_BYTES", 2**19)
    chunked = source.compute_batch(inputs)
    for key, array in whole.items():
        close({key: np.asarray(array)}, {key: np.asarray(chunked[key])})


def test_records_are_the_same_in_any_order_and_thread(source):
    indices = list(range(0, 60, 4))
    alone = [source[i] for i in indices]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(source.__getitem__, reversed(indices)))[::-1]
    assert all(map(same, alone, together))


def test_sets_of_one_configuration_share_a_program(birds, audio):
    sets = {"one": ["a/0.wav", "b/2.wav"], "two": ["a/1.wav", "b/3.wav"]}
    sources = [
        apg.SegmentSource(
            audio, 0.25, features=FEATURES, datasplit=sets, dataset=name, chunk_labels=str(birds / "chunks")
        )
        for name in sets
    ]
    one, two = (source.compute_batch.func for source in sources)
    assert one == two
    assert hash(one) == hash(two)
    for change in ({"features": ["energy"]}, {"window_size": 256}, {"duration": 0.5}, {"mono": True}):
        other = apg.SegmentSource(**({"files": audio, "duration": 0.25, "features": FEATURES} | change))
        assert other.compute_batch.func != one


def test_copies_are_the_same(source):
    copy = pickle.loads(pickle.dumps(source))
    assert copy == source
    assert repr(copy) == repr(source)
    assert same(copy[7], source[7])


def test_a_configuration_rebuilds_its_source(birds, audio, source):
    again = source_from_configuration(json.loads(json.dumps(source.configuration)))
    assert again == source
    assert same(again[3], source[3])
    changed = source.configuration | {"segments_digest": "0" * 64}
    with pytest.raises(ArgumentError, match=r"are not those that the records come of \(labels, sets or activity"):
        source_from_configuration(changed)
    with pytest.raises(ArgumentError, match="features_version is 0, this version has 1"):
        source_from_configuration(source.configuration | {"features_version": 0})


@pytest.mark.parametrize(
    "given",
    [
        {"sample_rate": np.int64(8000)},
        {"duration": np.float32(0.25)},
        {"datasplit": {"train": {"a/0.wav", "a/1.wav", "b/2.wav", "b/3.wav"}}, "dataset": "train"},
        {"datasplit": {"train": ("a/0.wav",), "test": ("a/1.wav", "b/2.wav", "b/3.wav")}, "dataset": "test"},
        {
            "datasplit": apg.DataSplit({"train": ["a/0.wav"], "test": ["a/1.wav", "b/2.wav", "b/3.wav"]}),
            "dataset": "test",
        },
        {"features": [{"name": "mel_spectrum", "options": {"n_mels": np.int64(20)}}]},
    ],
    ids=lambda given: next(iter(given)),
)
def test_every_argument_survives_the_way_through_json(audio, given):
    source = apg.SegmentSource(**({"files": audio, "duration": 0.25} | given))
    assert source_from_configuration(json.loads(json.dumps(source.configuration))) == source


def test_a_split_is_found_by_its_path(audio, tmp_path, monkeypatch):
    split = apg.DataSplit({"train": ["a/0.wav"], "test": ["a/1.wav", "b/2.wav", "b/3.wav"]})
    split.save(tmp_path / "split.json")
    monkeypatch.setenv("SPLITS", str(tmp_path))
    for path in (tmp_path / "split.json", str(tmp_path / "split.json"), "$SPLITS/split.json"):
        source = apg.SegmentSource(audio, 0.25, datasplit=path, dataset="train")
        assert source.tables["files"] == ["a/0.wav"]
        assert source_from_configuration(json.loads(json.dumps(source.configuration))) == source


def test_what_changes_no_record_changes_no_representation(audio):
    source = apg.SegmentSource(audio, 0.25)
    assert repr(apg.SegmentSource(audio, 0.25, window_size=256)) == repr(source)
    assert repr(apg.SegmentSource(audio, 0.25, sample_rate=8000)) == repr(source)


def test_the_representation_is_of_the_content_and_not_of_the_place(birds, tmp_path, source):
    shutil.copytree(birds, tmp_path / "copy")
    folder = tmp_path / "copy"

    def copied():
        return apg.SegmentSource(
            folder / "audio", 0.25, 0.5, features=FEATURES, chunk_labels=str(folder / "chunks"), activity_params={}
        )

    copy = copied()
    assert repr(copy) == repr(source)
    assert repr(copy.inputs) == repr(source.inputs)
    path = folder / "audio" / "b" / "2.wav"
    audio, _ = soundfile.read(path, dtype="float32")
    audio[8000] += 1e-4  # what partial digests would not see
    write(path, audio.T)
    assert repr(copied()) != repr(source)


@pytest.mark.parametrize(
    "change",
    [
        {"duration": 0.3},
        {"overlap": 0.25},
        {"sample_rate": 16_000},
        {"mono": True},
        {"features": ["audio", "energy"]},
        {"features": [*FEATURES[:1], {"name": "mel_spectrum", "options": {"n_mels": 21}}, "energy"]},
        {"window_size": 256},
        {"hop_size": 128},
        {"window": "hamming"},
        {"labels": ["low", "high", "other"]},
        {"min_coverage": 0.9},
        {"activity_params": None},
        {"known_labels_only": True},
        {"datasplit": {"one": ["a/0.wav"], "rest": ["a/1.wav", "b/2.wav", "b/3.wav"]}, "dataset": "rest"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_everything_that_changes_records_changes_the_representation(birds, audio, source, change):
    given = {"duration": 0.25, "overlap": 0.5, "features": FEATURES, "activity_params": {}}
    other = apg.SegmentSource(audio, chunk_labels=str(birds / "chunks"), **(given | change))
    assert repr(other) != repr(source)


def test_features_are_cached_by_content(source, tmp_path):
    stored = cached(source, tmp_path / "cache")
    assert stored.tables == source.tables
    for index in (0, 31, 59):
        close(source[index], stored[index])
    again = cached(pickle.loads(pickle.dumps(source)), tmp_path / "cache")
    assert same(again[5], stored[5])
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_exports_are_verified_against_the_recordings(source, tmp_path):
    apg.export(source, tmp_path / "data", num_workers=0, progress=False)
    apg.verify(tmp_path / "data", deep=True)
    assert apg.ArrayRecordSource(tmp_path / "data").tables == source.tables


def test_sets_of_a_split_have_their_recordings_and_the_same_labels(birds, audio, tmp_path):
    everything = apg.SegmentSource(audio, 0.25, 0.5, file_labels=str(birds / "files.csv"))
    split = apg.split_recordings(everything, {"train": 0.5, "test": 0.5}, seed=1)
    split.save(tmp_path / "split.json")
    sets = {
        name: apg.SegmentSource(
            audio, 0.25, 0.5, file_labels=str(birds / "files.csv"), datasplit=str(tmp_path / "split.json"), dataset=name
        )
        for name in ("train", "test")
    }
    names = [sorted(source.tables["files"]) for source in sets.values()]
    assert sorted(names[0] + names[1]) == everything.tables["files"]
    for source in sets.values():
        assert source.tables["labels"] == ["high", "low"]
        assert sorted(name[0] for name in source.tables["files"]) == ["a", "b"]
    only_low = apg.SegmentSource(
        audio,
        0.25,
        file_labels=str(birds / "files.csv"),
        datasplit={"low": ["a/0.wav", "a/1.wav"], "high": ["b/2.wav", "b/3.wav"]},
        dataset="low",
    )
    assert set(only_low.table.labels) == {1}  # also where no other label is left
    statistics = apg.split_statistics(everything, split)
    assert [row.name for row in statistics.rows] == ["high", "low", "total"]
    assert statistics.rows[-1].sets["train"].segments == 30


def test_files_that_a_split_leaves_out_are_told(audio):
    datasplit = {"train": ["a/0.wav"], "test": ["b/2.wav"]}
    with pytest.warns(UserWarning, match=r"datasplit: 'a/1.wav', 'b/3.wav' of 4 files are in none of its sets"):
        source = apg.SegmentSource(audio, 0.5, datasplit=datasplit, dataset="train")
    assert source.tables["files"] == ["a/0.wav"]


def test_features_of_ones_own_work_in_batches(audio):
    source = apg.SegmentSource(audio, 0.25, features=["test_peak", "audio"])
    batch = next(iter(apg.make_loader(source, 8, shuffle=False)))
    np.testing.assert_array_equal(batch["test_peak"], np.abs(batch["audio"]).max(axis=-1))


def test_a_feature_whose_code_changes_has_another_cache(audio, monkeypatch):
    from acoupipe_grain.audio.features import registry

    monkeypatch.setattr(registry, "_REGISTERED", dict(registry._REGISTERED))
    apg.register_frame_feature("test_level", lambda audio: audio.mean(axis=-1), axes=())
    before = repr(apg.SegmentSource(audio, 0.25, features=["test_level"]))
    assert repr(apg.SegmentSource(audio, 0.25, features=["test_level"])) == before
    factor, seen = 2, {before}
    for function in (
        lambda audio: 2 * audio.mean(axis=-1),
        lambda audio: factor * audio.mean(axis=-1),
        lambda audio, *, factor=3: factor * audio.mean(axis=-1),
    ):
        del registry._REGISTERED["test_level"]
        apg.register_frame_feature("test_level", function, axes=())
        seen.add(repr(apg.SegmentSource(audio, 0.25, features=["test_level"])))
    factor = 4
    seen.add(repr(apg.SegmentSource(audio, 0.25, features=["test_level"])))
    assert len(seen) == 4
    del registry._REGISTERED["test_level"]
    apg.register_frame_feature("test_level", lambda audio: factor * audio.mean(axis=-1), axes=())
    seen.add(repr(apg.SegmentSource(audio, 0.25, features=["test_level"])))
    assert len(seen) == 5  # what is captured counts


@pytest.mark.parametrize(
    ("function", "axes", "message"),
    [
        (lambda audio: np.abs(audio).max(axis=-1), (), "features: 'test_wrong': .* use jax.numpy in it"),
        (
            lambda magnitudes: magnitudes,
            ("bin", "frame"),
            "in which the axis 'frame' of .* has not 7 frames; transpose",
        ),
        (lambda magnitudes: magnitudes, ("frame",), r"but its axes are \('frame',\); name all but the first 1"),
    ],
)
def test_features_of_ones_own_that_are_wrong_are_refused(audio, monkeypatch, function, axes, message):
    from acoupipe_grain.audio.features import registry

    monkeypatch.setattr(registry, "_REGISTERED", dict(registry._REGISTERED))
    apg.register_frame_feature("test_wrong", function, axes=axes)
    with pytest.raises(ArgumentError, match=message):
        apg.SegmentSource(audio, 0.25, features=["test_wrong"])


@apg.register_frame_feature("test_complex", axes=("frame",))
def complex_feature(powers):
    return powers.mean(axis=-1) * 1j


@apg.register_frame_feature("test_peak", axes=())
def peak(audio):
    return abs(audio).max(axis=-1)


def test_indices_have_a_range(source):
    for index in (-1, 60):
        with pytest.raises(RecordIndexError, match=f"index={index}"):
            source[index]
        with pytest.raises(RecordIndexError, match=f"index={index}"):
            source.inputs.batch([0, index])


def test_an_empty_folder_is_named(tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    with pytest.raises(ArgumentError, match=r"files: .*empty': there is no file"):
        apg.SegmentSource(folder, 0.5)


def test_broken_recordings_are_named(tmp_path):
    write(tmp_path / "a.wav", noise(1.0))
    (tmp_path / "b.wav").write_bytes(b"")
    with pytest.raises(DataError, match=r"files: .*b.wav: cannot be read as audio.*Restore or remove it"):
        apg.SegmentSource(tmp_path, 0.5)
    write(tmp_path / "b.wav", np.zeros((1, 0)))
    with pytest.raises(DataError, match=r"files: .*b.wav: holds no sample"):
        apg.SegmentSource(tmp_path, 0.5)
    write(tmp_path / "b.wav", noise(1.0))
    source = apg.SegmentSource(tmp_path, 0.5)
    write(tmp_path / "b.wav", noise(0.5))
    with pytest.raises(DataError, match=r"record 3: .*b.wav: has 4000 frames"):
        source[3]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"files": []}, r"files=\[\]: expected a folder"),
        ({"files": "nowhere"}, "files: 'nowhere'.*there is no such file or folder"),
        ({"duration": 0}, "duration=0: expected a finite number in s, greater than 0"),
        ({"duration": 500}, "duration=500.0: the longest of 4 recordings has 2 s; expected seconds, is it in ms"),
        ({"overlap": 1}, "overlap=1: expected a finite number, at least 0, less than 1"),
        ({"mono": 1}, "mono=1: expected true or false"),
        ({"sample_rate": 0}, "sample_rate=0: must be at least 1"),
        ({"features": []}, r"features=\[\]: expected a list of names"),
        ({"features": ["mel_spectra"]}, "unknown feature 'mel_spectra'; did you mean 'mel_spectrum'"),
        (
            {"features": [{"name": "mel_spectrum", "n_mels": 20}]},
            "features: 'n_mels' is an option of 'mel_spectrum'; write .*options: {n_mels: 20}",
        ),
        (
            {"features": [{"name": "mfcc", "options": {"max_freq": 5000}}]},
            "features: 'mfcc': max_freq=5000: .* at most 4000",
        ),
        ({"features": ["audio", "audio"]}, "features: 'audio' is asked for twice"),
        ({"features": [{"name": "energy", "label": "idx"}]}, "features: 'idx' is what elements say of the segment"),
        ({"features": ["energy"], "hop_size": 10_000}, "hop_size"),
        ({"window": "square"}, "window"),
        ({"labels": ["a"]}, r"labels=\['a'\]: nothing says what is labelled so"),
        ({"file_labels": "x.csv", "chunk_labels": "y"}, "chunk_labels='y': labels come from file_labels='x.csv'"),
        ({"file_labels": "x.csv"}, "file_labels: .*x.csv: cannot be read"),
        ({"min_coverage": 0}, "min_coverage=0: expected"),
        ({"min_coverage": 0.7}, "min_coverage=0.7: is of chunk_labels, which are not given"),
        ({"label_extension": ".txt"}, "label_extension='.txt': is of chunk_labels, which are not given"),
        ({"label_separator": ";"}, "label_separator=';': there are no label files"),
        ({"label_separator": "."}, "label_separator='.': expected a character that stands in no number"),
        ({"dataset": ["train"], "datasplit": {"train": ["a/0.wav"]}}, r"unknown dataset \['train'\]"),
        ({"features": [{"name": "pitch", "sample_rate": 100}]}, "lacks folder"),
        (
            {"features": [{"name": "test_complex", "scaler": {"mean": [0], "scale": [1]}}]},
            "scaler or pca of feature 'test_complex': its numbers are complex",
        ),
        ({"label_extension": "seg"}, "label_extension='seg': expected one with its dot"),
        ({"label_separator": ""}, "label_separator='': expected one character"),
        ({"activity_params": {"energy": 1}}, "unknown argument of activity_params 'energy'"),
        ({"activity_params": 0.2}, "activity_params=0.2: expected ActivityParams"),
        ({"active_segments_only": True}, "active_segments_only=True: nothing says what is active"),
        ({"known_labels_only": True}, "known_labels_only=True: there are no labels"),
        (
            {"activity_params": {"energy_threshold": 1e9}, "active_segments_only": True},
            "active_segments_only=True: leaves none of 16 segments",
        ),
        ({"dataset": "train"}, "dataset='train': is a set of no split"),
        ({"datasplit": {"train": ["a/0.wav"]}}, "dataset=None: which set of the datasplit is meant"),
        ({"datasplit": {"train": ["a/0.wav"]}, "dataset": "test"}, "unknown dataset 'test'"),
        ({"datasplit": {"train": ["a/9.wav"]}, "dataset": "train"}, "datasplit: 'a/9.wav' of it cannot be found"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_bad_arguments_are_refused(audio, arguments, message):
    with pytest.raises(ArgumentError, match=message):
        apg.SegmentSource(**({"files": audio, "duration": 0.5} | arguments))


def test_recordings_do_not_share_a_label_file(tmp_path):
    for extension in ("wav", "flac"):
        write(tmp_path / f"a.{extension}", noise(1.0))
    (tmp_path / "a.seg").write_text("0,1,x\n")
    with pytest.raises(ArgumentError, match=r"'a.flac' and 'a.wav' would have the same file, 'a.seg'; rename one"):
        apg.SegmentSource(tmp_path, 0.5, chunk_labels=str(tmp_path))


def test_files_of_one_name_are_refused(tmp_path):
    for folder in ("x", "y"):
        write(tmp_path / folder / "0.wav", noise(1.0))
    with pytest.raises(ArgumentError, match=r"are both called '0.wav' in their folders; give a folder that has both"):
        apg.SegmentSource([tmp_path / "x", tmp_path / "y"], 0.5)
    with warnings.catch_warnings():
        assert len(apg.SegmentSource(tmp_path, 0.5)) == 4
