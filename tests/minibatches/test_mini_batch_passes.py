import gc

import numpy as np
import pytest
from recorded_birds import LABELS, NUM_SEGMENTS, RATE, SECONDS

from acoupipe_grain.audio.segments.source import SegmentSource
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.minibatches import MiniBatches
from acoupipe_grain.minibatches import mini_batches as module
from acoupipe_grain.pipeline import MiniBatchOptions, epoch_order

IN_PARTS = {"duration": 0.25, "overlap": 0.5, "window_size": 128, "hop_size": 64}


@pytest.fixture(scope="module")
def level(recorded):
    """A feature whose first row is a number of its own in every segment."""
    return {"name": "level", "folder": str(recorded / "level"), "sample_rate": 40}


@pytest.fixture(scope="module")
def source(recorded, level):
    """Segments with two features that are read, labels and activity."""
    return SegmentSource(
        str(recorded / "audio"),
        **IN_PARTS,
        mono=True,
        features=["audio", level],
        file_labels=str(recorded / "files.csv"),
        activity_params={},
    )


@pytest.fixture(scope="module")
def computed(recorded):
    """Segments of two channels with features that are computed."""
    features = ["audio", "energy", {"name": "mel_spectrum", "options": {"n_mels": 8}}]
    return SegmentSource(str(recorded / "audio"), **IN_PARTS, features=features)


def numbers(mini_batches, **options):
    """Return the number of every segment in an epoch, batch by batch."""
    return [data["level"][:, 0, 0].astype(int).tolist() for data, *_ in mini_batches.execute(**options)]


def flat(batches):
    return [number for batch in batches for number in batch]


@pytest.fixture(scope="module")
def everything(source):
    return [int(source[index]["level"][0, 0]) for index in range(len(source))]


def test_mini_batches_hold_the_segments_with_their_labels_and_recordings(source):
    index = 0
    for data, targets, filenames in MiniBatches(source, MiniBatchOptions(4)).execute(
        with_targets=True, with_filenames=True
    ):
        assert targets.dtype == np.int32
        assert filenames.dtype.kind == "U"
        for row in range(4):
            element = source[index]
            for name, array in data.items():
                assert np.array_equal(array[row], element[name]), name
            assert targets[row] == element["label"]
            assert filenames[row] == source.tables["files"][element["file_index"]]
            assert {0: "owl", 1: "wren", -3: "unknown"}[targets[row]] == LABELS[filenames[row]]
            index += 1
    assert index == 4 * (NUM_SEGMENTS // 4)


@pytest.mark.parametrize("with_targets", [False, True])
@pytest.mark.parametrize("with_filenames", [False, True])
def test_there_is_what_is_asked_for_in_this_order(source, with_targets, with_filenames):
    batch = next(MiniBatches(source, MiniBatchOptions(4)).execute(False, False, with_targets, with_filenames))
    assert isinstance(batch, tuple)
    kinds = [dict] + with_targets * [np.dtype("int32")] + with_filenames * [np.dtype("<U15")]
    assert [getattr(item, "dtype", type(item)) for item in batch] == kinds


SHAPES = {"audio": (2, 2000), "energy": (2, 31), "mel_spectrum": (2, 8, 31)}


@pytest.mark.parametrize("data_format", ["NCHW", "NHWC"])
def test_channels_come_first_or_last(computed, data_format):
    mini_batches = MiniBatches(computed, MiniBatchOptions(5))
    ((first,), *_, (last,)) = mini_batches.execute(data_format=data_format)
    assert len(mini_batches.source) == NUM_SEGMENTS
    for name, (num_channels, *rest) in SHAPES.items():
        shape = (5, num_channels, *rest) if data_format == "NCHW" else (5, *rest, num_channels)
        assert first[name].shape == last[name].shape == shape
        assert mini_batches.mb_feature_shape(name, data_format) == shape
        by_channel = first[name] if data_format == "NCHW" else np.moveaxis(first[name], -1, 1)
        expected = np.stack([computed[index][name] for index in range(5)])
        np.testing.assert_allclose(by_channel, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def test_the_options_say_the_format_unless_a_call_does(source):
    mini_batches = MiniBatches(source, MiniBatchOptions(4, data_format="NHWC"))
    assert next(mini_batches.execute())[0]["audio"].shape == mini_batches.mb_feature_shape("audio") == (4, 2000, 1)
    ((data,), *_) = mini_batches.execute(data_format="NCHW")
    assert data["audio"].shape == mini_batches.mb_feature_shape("audio", "NCHW") == (4, 1, 2000)


@pytest.mark.parametrize("data_format", ["NCHW", "NHWC"])
def test_arrays_are_the_users_own(computed, data_format):
    (data,) = next(MiniBatches(computed, MiniBatchOptions(5)).execute(data_format=data_format))
    for array in data.values():
        assert array.dtype == np.float32
        assert array.flags.c_contiguous
        array *= 2


def test_data_of_a_single_feature_may_be_its_array(recorded, level, source):
    only = SegmentSource(str(recorded / "audio"), 0.25, features=level)
    (data,) = next(MiniBatches(only, MiniBatchOptions(3), single_feature=True).execute())
    assert data.shape == (3, 1, 10)
    with pytest.raises(ArgumentError, match="single_feature=True: there are audio, level; ask for one of them"):
        MiniBatches(source, single_feature=True)


@pytest.mark.parametrize("shuffle_files", [False, True])
@pytest.mark.parametrize("size", [0, 1, 3, 100])
def test_every_segment_comes_once_in_an_epoch(source, everything, shuffle_files, size):
    options = MiniBatchOptions(4, shuffle_files, size, drop_remainder=False)
    batches = numbers(MiniBatches(source, options))
    assert [len(batch) for batch in batches] == [4] * 7 + [1]
    assert sorted(flat(batches)) == sorted(everything)
    assert (flat(batches) == everything) == (not shuffle_files and not size)


@pytest.mark.parametrize("active", [False, True])
def test_the_order_is_that_of_the_epoch(source, everything, active):
    options = MiniBatchOptions(2, True, 3, seed=5, drop_remainder=False)
    mini_batches = MiniBatches(source, options)
    chosen = np.flatnonzero(source.table.active | (not active))
    for epoch in range(2):
        order = chosen[epoch_order(source.table.file_indices[chosen], options, epoch)]
        measured = flat(numbers(mini_batches, active_segments_only=active))
        assert measured == [everything[index] for index in order]


def test_every_execute_is_the_next_epoch_and_start_goes_back(source):
    mini_batches = MiniBatches(source, MiniBatchOptions(4, True, 2))
    epochs = [numbers(mini_batches) for _ in range(4)]
    assert len({str(epoch) for epoch in epochs}) == 4
    mini_batches.start(0)
    again = [data["audio"].tobytes() for data, *_ in mini_batches.execute()]
    mini_batches.start(0)
    assert [data["audio"].tobytes() for data, *_ in mini_batches.execute()] == again
    assert numbers(mini_batches) == epochs[1]
    assert [numbers(MiniBatches(source, MiniBatchOptions(4, True, 2)))] == epochs[:1]
    assert numbers(MiniBatches(source, MiniBatchOptions(4, True, 2, seed=1))) not in epochs


def test_programs_that_start_before_every_epoch_have_other_orders(source):
    mini_batches = MiniBatches(source, MiniBatchOptions(4, True, 2))
    epochs = []
    for _ in range(3):
        mini_batches.start()
        epochs.append(numbers(mini_batches))
    other = MiniBatches(source, MiniBatchOptions(4, True, 2))
    assert epochs == [numbers(other) for _ in range(3)]


def test_a_pass_that_is_not_run_to_its_end_is_an_epoch_too(source):
    mini_batches = MiniBatches(source, MiniBatchOptions(4, True, 2))
    first, second = numbers(mini_batches), numbers(mini_batches)
    mini_batches.start(0)
    (data,) = next(mini_batches.execute())
    assert data["level"][:, 0, 0].tolist() == first[0]
    mini_batches.reset()
    assert mini_batches.epoch == 1
    assert numbers(mini_batches) == second


def test_a_training_goes_on_at_any_epoch(source):
    mini_batches = MiniBatches(source, MiniBatchOptions(4, True, 2))
    epochs = [numbers(mini_batches) for _ in range(3)]
    again = MiniBatches(source, MiniBatchOptions(4, True, 2))
    again.start(2)
    assert numbers(again) == epochs[2]
    assert again.epoch == 3
    with pytest.raises(ArgumentError, match="epoch=-1: must be at least 0"):
        again.start(-1)


def test_two_passes_at_a_time_do_not_disturb_each_other(source):
    mini_batches = MiniBatches(source, MiniBatchOptions(4, True))
    expected = numbers(mini_batches), numbers(mini_batches)
    mini_batches.start(0)
    both = zip(mini_batches.execute(), mini_batches.execute(), strict=True)
    measured = [[data["level"][:, 0, 0].tolist() for (data,) in pair] for pair in both]
    assert tuple(map(list, zip(*measured, strict=True))) == expected


def test_segments_are_selected_by_activity_and_label(source, everything):
    table = source.table
    assert table.active.any()
    assert not table.active.all()
    options = MiniBatchOptions(4, drop_remainder=False)
    for active in (False, True):
        for known in (False, True):
            wanted = (table.active | (not active)) & ((table.labels != -3) | (not known))
            mini_batches = MiniBatches(source, options)
            assert flat(numbers(mini_batches, active_segments_only=active, known_labels_only=known)) == [
                number for number, is_wanted in zip(everything, wanted, strict=True) if is_wanted
            ]
            assert mini_batches.num_mini_batches(active, known) == -(-int(wanted.sum()) // 4)


def test_no_activity_and_garbage_are_known_labels(recorded, level):
    reserved = {"owls/long.wav": "garbage", "owls/short.wav": "no_activity"}
    table = recorded / "reserved.csv"
    table.write_text("".join(f"{name},{reserved.get(name, label)}\n" for name, label in LABELS.items()))
    source = SegmentSource(str(recorded / "audio"), 0.25, features=level, file_labels=str(table))
    options = MiniBatchOptions(1)
    found = [int(targets[0]) for _, targets in MiniBatches(source, options).execute(False, True, True)]
    assert {-2, -1, 0} == set(found)
    assert MiniBatches(source, options).labels == {0: "wren"}


@pytest.mark.parametrize("drop_remainder", [False, True])
@pytest.mark.parametrize("batch_size", [1, 7, 29])
def test_the_number_of_mini_batches_is_known(source, drop_remainder, batch_size):
    mini_batches = MiniBatches(source, MiniBatchOptions(batch_size, drop_remainder=drop_remainder))
    assert mini_batches.num_mini_batches() == len(list(mini_batches.execute()))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"with_targets": True}, r"with_targets=True: there are no labels; configure file_labels \(file2label_"),
        ({"known_labels_only": True}, "known_labels_only=True: there are no labels"),
        ({"active_segments_only": True}, r"active_segments_only=True: .*configure activity_params \(activity_det"),
        ({"with_filenames": 1}, "with_filenames=1: expected true or false"),
        ({"with_targets": "yes"}, "with_targets='yes'"),
        ({"data_format": "NWHC"}, "unknown data_format 'NWHC'; did you mean 'NHWC'"),
    ],
)
def test_what_cannot_be_given_is_refused_at_once(computed, options, message):
    mini_batches = MiniBatches(computed)
    with pytest.raises(ArgumentError, match=message):
        mini_batches.execute(**options)
    assert mini_batches.epoch == 0


def test_too_few_segments_for_a_mini_batch_are_refused(source):
    with pytest.raises(ArgumentError, match="batch_size=30: 29 of 29 segments are asked for, .*drop_remainder=Fal"):
        MiniBatches(source, MiniBatchOptions(30)).execute()
    num_active = int(source.table.active.sum())
    mini_batches = MiniBatches(source, MiniBatchOptions(num_active + 1))
    with pytest.raises(ArgumentError, match=f"{num_active} of 29 segments are asked for"):
        mini_batches.execute(active_segments_only=True)
    assert mini_batches.num_mini_batches(active_segments_only=True) == 0


def test_no_segment_at_all_is_refused(recorded):
    loud = {"energy_threshold": 1e9}
    source = SegmentSource(str(recorded / "audio"), 0.25, activity_params=loud)
    with pytest.raises(ArgumentError, match="active_segments_only=True: none of 16 segments is left; leave it out"):
        MiniBatches(source, MiniBatchOptions(1, drop_remainder=False)).execute(active_segments_only=True)


def test_what_is_no_source_or_no_options_is_refused(source):
    with pytest.raises(ArgumentError, match="source=list: expected a SegmentSource"):
        MiniBatches([])
    with pytest.raises(ArgumentError, match="options={'batch_size': 3}: expected MiniBatchOptions"):
        MiniBatches(source, {"batch_size": 3})
    with pytest.raises(ArgumentError, match="unknown feature 'audi'; did you mean 'audio'"):
        MiniBatches(source).mb_feature_shape("audi")
    with pytest.raises(ArgumentError, match="variable NOWHERE is not set"):
        MiniBatches(source, MiniBatchOptions(features_root="$NOWHERE/features"))


def test_stored_features_are_computed_once_and_are_the_same(computed, recorded, tmp_path, monkeypatch):
    monkeypatch.setenv("FEATURES", str(tmp_path))
    options = MiniBatchOptions(4, True, 2, features_root="$FEATURES/features")
    stored, fresh = MiniBatches(computed, options), MiniBatches(computed, MiniBatchOptions(4, True, 2))
    assert not (tmp_path / "features").exists()
    for (data, names), (expected, expected_names) in zip(
        stored.execute(with_filenames=True), fresh.execute(with_filenames=True), strict=True
    ):
        assert np.array_equal(names, expected_names)
        assert np.array_equal(data["audio"], expected["audio"])
        for name in ("energy", "mel_spectrum"):
            np.testing.assert_allclose(data[name], expected[name], rtol=1e-5, atol=1e-4)
    second = [data["energy"].tolist() for (data,) in stored.execute()]
    monkeypatch.setattr("acoupipe_grain.audio.segments.inputs.read_excerpt", lambda *_, **__: pytest.fail("read again"))
    again = MiniBatches(computed, options)
    again.start(1)
    assert [data["energy"].tolist() for (data,) in again.execute()] == second


@pytest.mark.slow
def test_workers_give_the_same_mini_batches(source):
    expected = numbers(MiniBatches(source, MiniBatchOptions(4, True, 2)))
    assert numbers(MiniBatches(source, MiniBatchOptions(4, True, 2, num_workers=1))) == expected


class Watched:
    """A loader that remembers whether its iterators were closed."""

    def __init__(self, loader, closed):
        self._iterator, self._closed = iter(loader), closed

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._iterator)

    def close(self):
        self._iterator.close()
        self._closed.append(True)


@pytest.mark.parametrize("end", ["run out", "closed", "abandoned"])
def test_loaders_are_closed_however_a_pass_ends(source, monkeypatch, end):
    closed = []
    make_loader = module.make_loader
    monkeypatch.setattr(module, "make_loader", lambda *args, **options: Watched(make_loader(*args, **options), closed))
    passing = MiniBatches(source, MiniBatchOptions(4)).execute()
    next(passing)
    assert not closed
    if end == "run out":
        list(passing)
    elif end == "closed":
        passing.close()
    del passing
    gc.collect()
    assert closed == [True]


def test_the_recordings_are_those_that_were_written(source):
    assert source.tables["files"] == list(SECONDS)
    assert (len(source), source.segments.sample_rate) == (NUM_SEGMENTS, RATE)
    assert repr(MiniBatches(source)).startswith("MiniBatches(29 segments of 5 files, audio, level, MiniBatchOptions(")
