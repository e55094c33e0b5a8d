import json
import pickle

import numpy as np
import pytest
from listed_source import FRAME_AXES, ListedSource, random_frames

from acoupipe_grain.errors import ArgumentError, DataError
from acoupipe_grain.statistics import Counted, Statistics, compute_statistics

COUNTED = {"frames": Counted(["feature"], "frame_mask", [None, 0, 1], [True, False, True]), "frame_mask": Counted()}


@pytest.fixture
def statistics():
    return compute_statistics(ListedSource(random_frames(), FRAME_AXES), COUNTED, progress=False)


@pytest.mark.parametrize("again", [True, False])
def test_saved_statistics_have_the_same_bits(tmp_path, statistics, again):
    path = tmp_path / "statistics.json"
    statistics.save(path)
    loaded = Statistics.load(str(path))
    if again:
        loaded.save(path)
        loaded = Statistics.load(path)
    assert loaded == statistics
    assert hash(loaded) == hash(statistics)
    assert repr(loaded) == repr(statistics) == "Statistics(frames, frame_mask of 30 records of ListedSource(listed))"
    for name in statistics.mean:
        for of in ("mean", "std", "count"):
            found, expected = getattr(loaded, of)[name], getattr(statistics, of)[name]
            assert found.dtype == expected.dtype
            assert np.array_equal(found, expected)
    assert loaded.arrays["frames"].axes == ("frame", "feature")
    assert loaded.arrays["frames"].counted == COUNTED["frames"]


def test_the_file_is_canonical(tmp_path, statistics):
    for name in ("a", "b"):
        statistics.save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["a", "b"]
    mapping = json.loads((tmp_path / "a").read_text())
    assert list(mapping) == ["statistics_version", "source", "num_records", "is_complete", "arrays", "digest"]
    assert mapping["source"] == "ListedSource(listed)"


def test_equality_is_of_the_content(statistics):
    other = compute_statistics(ListedSource(random_frames(seed=1), FRAME_AXES), COUNTED, progress=False)
    assert other != statistics
    assert pickle.loads(pickle.dumps(statistics)) == statistics
    assert statistics != "statistics"
    renamed = compute_statistics(ListedSource(random_frames(), FRAME_AXES, "other"), COUNTED, progress=False)
    assert renamed != statistics


def test_the_numbers_cannot_be_changed_by_accident(statistics):
    with pytest.raises(ValueError, match="read-only"):
        statistics.mean["frames"][0] = 3
    with pytest.raises(ValueError, match="read-only"):
        statistics.std["frames"] += 1


def edited(**changes):
    return lambda text: json.dumps(json.loads(text) | changes)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: text[:-20], "not JSON"),
        (lambda text: "[]", "expected a JSON mapping"),
        (lambda text: "{}", "holds no statistics"),
        (edited(statistics_version=2), "statistics_version=2; this version of acoupipe_grain reads 1"),
        (edited(num_records=7), "damaged or changed .* its digest does not fit"),
        (lambda text: text.replace("5.", "6.", 1), ".* its digest does not fit"),
    ],
)
def test_damaged_files_are_named(tmp_path, statistics, damage, message):
    path = tmp_path / "statistics.json"
    statistics.save(path)
    path.write_text(damage(path.read_text()))
    with pytest.raises(DataError, match=f"statistics.json: {message}"):
        Statistics.load(path)


@pytest.mark.parametrize(
    "wrong", [{}, {"frames": {}}, {"frames": 3}, {"frames": {"counted": {"x": 1}, "shape": []}}, 3, None]
)
def test_files_with_other_content_are_named(tmp_path, statistics, wrong):
    from acoupipe_grain.records.format import with_digest, write_json

    path = tmp_path / "statistics.json"
    mapping = with_digest(statistics.to_json() | {"arrays": wrong})
    write_json(path, mapping)
    if wrong == {}:
        assert Statistics.load(path).mean == {}
        return
    with pytest.raises(DataError, match="statistics.json: damaged"):
        Statistics.load(path)


def test_a_missing_file_or_folder_is_named(tmp_path, statistics):
    with pytest.raises(DataError, match="none.json: cannot be read"):
        Statistics.load(tmp_path / "none.json")
    with pytest.raises(ArgumentError, match="path=.*its folder is not there"):
        statistics.save(tmp_path / "none" / "x.json")
    with pytest.raises(ArgumentError, match="path=.*is a folder"):
        statistics.save(tmp_path)
