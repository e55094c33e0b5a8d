"""Records that differ in length are stored and read back as any others."""

import json

import numpy as np
import pytest
from sequences import Sequences

import acoupipe_grain as apg
from acoupipe_grain.errors import DataError
from acoupipe_grain.records.cache import cached
from acoupipe_grain.records.manifest import read_manifest
from acoupipe_grain.records.plan import plan_for

LENGTHS = np.random.default_rng(2).integers(1, 60, 40).tolist()


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ragged") / "data"
    apg.export(Sequences(LENGTHS), folder, records_per_shard=7, num_workers=0)
    return apg.ArrayRecordSource(folder)


def test_records_come_back_as_they_were(stored):
    source = Sequences(LENGTHS)
    assert stored.element_spec == source.element_spec
    for index in range(len(source)):
        for name, array in source[index].items():
            assert np.array_equal(stored[index][name], array)
            assert stored[index][name].dtype == array.dtype


def test_what_is_stored_knows_its_lengths(stored):
    assert stored.lengths["frame"].tolist() == LENGTHS
    assert not hasattr(stored, "batch")
    expected = list(apg.make_loader(Sequences(LENGTHS), 4, group_by_length="frame", pad_to=[16, 64]))
    batches = list(apg.make_loader(stored, 4, group_by_length="frame", pad_to=[16, 64]))
    for batch, other in zip(batches, expected, strict=True):
        assert all(np.array_equal(batch[name], other[name]) for name in other)


def test_parts_of_it_know_theirs(stored):
    assert apg.sliced(stored, 5, 25, 3).lengths["frame"].tolist() == LENGTHS[5:25:3]
    assert apg.selected(stored, [7, 3]).lengths["frame"].tolist() == [LENGTHS[7], LENGTHS[3]]


def test_a_range_of_records_knows_its_lengths(tmp_path):
    apg.export(Sequences(LENGTHS), tmp_path / "part", start=10, stop=15, num_workers=0)
    assert apg.ArrayRecordSource(tmp_path / "part").lengths["frame"].tolist() == LENGTHS[10:15]


def test_shards_are_planned_by_the_lengths():
    long = Sequences([2**20] * 3 + [1] * 400)
    per_shard = plan_for(long).records_per_shard
    assert per_shard == 26  # 3 of 12 MiB among 403: a sixteenth of the records
    large = Sequences([2**22, 2**22 - 1] * 200)  # 48 MiB each: five in 256 MiB
    assert plan_for(large).records_per_shard == 6


def test_a_cache_of_it_is_read_back(tmp_path):
    again = cached(Sequences(LENGTHS), tmp_path)
    assert again.lengths["frame"].tolist() == LENGTHS
    assert np.array_equal(again[3]["features"], Sequences(LENGTHS)[3]["features"])


def test_what_is_stored_is_verified_and_a_damaged_record_is_named(tmp_path):
    apg.export(Sequences(LENGTHS), tmp_path / "data", num_workers=0, compression="uncompressed")
    apg.verify(tmp_path / "data", deep=True, source=Sequences(LENGTHS))
    with pytest.raises(apg.VerificationError, match=r"index 39.*'features' has the shape \(\d+, 2\), recomputed"):
        apg.verify(tmp_path / "data", deep=True, source=Sequences([*LENGTHS[:-1], LENGTHS[-1] + 1]))


def test_lengths_of_other_records_than_there_are_are_damage(stored, tmp_path):
    path = stored.path / "manifest.json"
    mapping = json.loads(path.read_text(encoding="utf-8"))
    assert mapping["lengths"]["frame"] == LENGTHS
    mapping["lengths"]["frame"] = LENGTHS[:-1]
    (tmp_path / "manifest.json").write_text(json.dumps(mapping), encoding="utf-8")
    with pytest.raises(DataError):
        read_manifest(tmp_path)


def test_data_sets_without_lengths_are_read_as_before(tmp_path):
    manifest = apg.export(apg.SceneSource(3), tmp_path / "scenes", num_workers=0)
    assert "lengths" not in json.loads((tmp_path / "scenes" / "manifest.json").read_text(encoding="utf-8"))
    assert apg.ArrayRecordSource(tmp_path / "scenes").lengths == {}
    del manifest
