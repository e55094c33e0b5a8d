import json

import numpy as np
import pytest

from acoupipe_grain.audio.segments.labels import UNKNOWN, LabelSet
from acoupipe_grain.audio.segments.split_statistics import SetCounts, count_segments
from acoupipe_grain.audio.segments.splits import DataSplit
from acoupipe_grain.errors import ArgumentError

FILES = ["a.wav", "b.wav", "c.wav", "d.wav", "e.wav"]
SPLIT = DataSplit({"train": ["a.wav", "b.wav"], "test": ["d.wav", "x.wav", "y.wav"]})
FILE_INDICES = np.array([0, 0, 0, 1, 1, 2, 3, 3, 4], dtype=np.int32)
LABELS = np.array([5, 5, 2, 5, UNKNOWN, 2, 2, 2, 2], dtype=np.int32)
ACTIVE = np.array([1, 0, 0, 0, 1, 1, 1, 1, 1], dtype=bool)
NAMES = LabelSet({2: "wren", 5: "crow", 7: "owl"})


def rows(statistics):
    return {
        row.name: {
            name: (own.files, own.active_files, own.segments, own.active_segments) for name, own in row.sets.items()
        }
        for row in statistics.rows
    }


def test_recordings_and_segments_are_counted():
    statistics = count_segments(SPLIT, FILES, FILE_INDICES, LABELS, ACTIVE, NAMES)
    assert rows(statistics) == {
        "wren": {"train": (1, 0, 1, 0), "test": (1, 1, 2, 2)},
        "crow": {"train": (2, 1, 3, 1), "test": (0, 0, 0, 0)},
        "owl": {"train": (0, 0, 0, 0), "test": (0, 0, 0, 0)},
        "unknown": {"train": (1, 1, 1, 1), "test": (0, 0, 0, 0)},
        "total": {"train": (2, 2, 5, 2), "test": (1, 1, 2, 2)},
    }
    assert [row.id for row in statistics.rows] == [2, 5, 7, UNKNOWN, None]
    assert (statistics.num_files_in_no_set, statistics.num_files_not_there) == (2, 2)


def test_the_text_is_a_table():
    assert str(count_segments(SPLIT, FILES, FILE_INDICES, LABELS, ACTIVE, NAMES)).splitlines() == [
        "numbers in train/test",
        "label    files  active files  segments  active segments",
        "wren       1/1           0/1       1/2              0/2",
        "crow       2/0           1/0       3/0              1/0",
        "owl        0/0           0/0       0/0              0/0",
        "unknown    1/0           1/0       1/0              1/0",
        "total      2/1           2/1       5/2              2/2",
        "recordings in no set: 2",
        "files in sets that are no recordings: 2",
    ]


def test_where_nobody_asked_for_activity_none_is_counted():
    statistics = count_segments(SPLIT, FILES, FILE_INDICES, LABELS, None, NAMES)
    assert statistics.rows[-1].sets["train"] == SetCounts(files=2, active_files=None, segments=5, active_segments=None)
    assert str(statistics).splitlines()[1] == "label    files  segments"


def test_without_labels_all_segments_are_counted_together():
    statistics = count_segments(DataSplit({"all": FILES}), FILES, FILE_INDICES, None, None, None)
    assert str(statistics) == "numbers in all\nlabel  files  segments\ntotal      5         9"
    assert rows(statistics) == {"total": {"all": (5, None, 9, None)}}


def test_numbers_agree_with_counting_one_by_one():
    rng = np.random.default_rng(0)
    files = [f"{number}.wav" for number in range(50)]
    split = DataSplit({"train": files[::3], "validation": files[1::3], "test": files[2:40:3]})
    file_indices, labels = rng.integers(0, 50, 2000).astype(np.int32), rng.integers(-3, 6, 2000).astype(np.int32)
    active = rng.random(2000) < 0.02
    names = LabelSet.from_names(["a", "b", "c", "d", "e", "f"])
    statistics = count_segments(split, files, file_indices, labels, active, names)
    assert [row.name for row in statistics.rows] == [*"abcdef", "no_activity", "garbage", "unknown", "total"]
    for row in statistics.rows:
        for name, counts in row.sets.items():
            own = [
                (file, is_active)
                for file, label, is_active in zip(file_indices, labels, active, strict=True)
                if row.id in (None, label) and files[file] in split.sets[name]
            ]
            assert counts == SetCounts(
                files=len({file for file, _ in own}),
                active_files=len({file for file, is_active in own if is_active}),
                segments=len(own),
                active_segments=sum(bool(is_active) for _, is_active in own),
            )


def test_statistics_are_json():
    statistics = count_segments(SPLIT, FILES, FILE_INDICES, LABELS, ACTIVE, NAMES)
    mapping = statistics.to_json()
    assert json.loads(json.dumps(mapping, allow_nan=False)) == mapping
    counted = {"files": 2, "active_files": 1, "segments": 3, "active_segments": 1}
    assert mapping["rows"][1]["id"] == 5
    assert mapping["rows"][1]["sets"]["train"] == counted
    assert mapping["num_files_in_no_set"] == 2


@pytest.mark.parametrize(
    ("labels", "active", "message"),
    [
        (LABELS[1:], ACTIVE, "^labels: there are 8 for 9 segments; expected as many"),
        (LABELS, ACTIVE[1:], "^active: there are 8 for 9 segments"),
        (LABELS + 1, ACTIVE, "^label=3: is not in the set of 3 labels"),
    ],
)
def test_what_does_not_fit_is_an_error(labels, active, message):
    with pytest.raises(ArgumentError, match=message):
        count_segments(SPLIT, FILES, FILE_INDICES, labels, active, NAMES)
