import pickle
from concurrent.futures import ThreadPoolExecutor

import flax.serialization
import grain
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError, DataError, RecordIndexError


def assert_same(element, expected):
    assert element.keys() == expected.keys()
    for name in expected:
        assert np.array_equal(element[name], expected[name]), name
        assert element[name].dtype == expected[name].dtype


def test_stored_elements_are_the_sources_bitwise(exported, small_source):
    stored = apg.ArrayRecordSource(exported)
    assert len(stored) == len(small_source)
    assert stored.element_spec == small_source.element_spec
    assert stored.manifest.plan.configuration == small_source.configuration
    for index in range(20):
        assert_same(stored[index], small_source[index])


def test_many_elements_are_read_at_once_as_they_are_one_by_one(exported):
    stored = apg.ArrayRecordSource(exported)
    indices = [19, 0, 7, 7, 3, 11]
    batch = stored.batch(indices)
    for row, index in enumerate(indices):
        assert_same({name: array[row, ...] for name, array in batch.items()}, stored[index])
    assert all(array.flags.writeable and array.flags.c_contiguous for array in batch.values())
    with pytest.raises(RecordIndexError, match="index=20"):
        stored.batch([0, 20])
    with pytest.raises(ArgumentError, match=r"indices=\[\]: expected at least one record"):
        stored.batch([])


def test_a_broken_record_among_many_is_named(damaged):
    path = sorted(damaged.glob("*.array_record"))[1]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    stored = apg.ArrayRecordSource(damaged)
    broken = [index for index in range(20) if not readable(stored, index)]
    assert broken
    with pytest.raises(DataError, match=rf"{path.name}, record \d \(index {broken[0]}\)"):
        stored.batch(range(20))
    assert len(stored.batch([index for index in range(20) if index not in broken])["idx"]) == 20 - len(broken)


def readable(source, index):
    try:
        source[index]
    except DataError:
        return False
    return True


def test_shards_are_read_with_grain_and_flax_alone(exported, small_source):
    paths = [str(path) for path in sorted(exported.glob("*.array_record"))]
    dataset = grain.MapDataset.source(grain.sources.ArrayRecordDataSource(paths)).map(
        flax.serialization.msgpack_restore
    )
    assert len(dataset) == 20
    for index in (0, 3, 19):
        assert_same(dataset[index], small_source[index])


def test_the_representation_identifies_the_content_not_the_place(exported, damaged):
    assert repr(apg.ArrayRecordSource(exported)) == repr(apg.ArrayRecordSource(damaged))
    assert str(exported) not in repr(apg.ArrayRecordSource(exported))


@pytest.mark.slow
def test_stored_data_load_in_shuffled_batches_and_workers(exported, small_source):
    stored = apg.ArrayRecordSource(exported)
    expected = list(apg.make_loader(small_source, 4, seed=9))
    for num_workers in (0, 1):
        iterator = iter(apg.make_loader(stored, 4, seed=9, num_workers=num_workers))
        for batch, other in zip(list(iterator), expected, strict=True):
            assert_same(batch, other)
        iterator.close()


def test_a_moved_data_set_continues_from_a_checkpoint(exported, damaged):
    iterator = iter(apg.make_loader(apg.ArrayRecordSource(exported), 4))
    next(iterator)
    state = iterator.get_state()
    expected = next(iterator)
    iterator.close()
    moved = iter(apg.make_loader(apg.ArrayRecordSource(damaged), 4))
    moved.set_state(state)
    assert_same(next(moved), expected)
    moved.close()


def test_threads_and_pickles_read_the_same(exported, small_source):
    stored = pickle.loads(pickle.dumps(apg.ArrayRecordSource(exported)))
    with ThreadPoolExecutor(8) as pool:
        for index, element in enumerate(pool.map(stored.__getitem__, list(range(20)) * 5)):
            assert_same(element, small_source[index % 20])


def test_indices_outside_are_refused(exported):
    stored = apg.ArrayRecordSource(exported)
    for index in (-1, 20):
        with pytest.raises(RecordIndexError, match="0 to 19"):
            stored[index]
    with pytest.raises(ArgumentError):
        stored["0"]


def test_a_folder_without_manifest_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"no manifest\.json"):
        apg.ArrayRecordSource(tmp_path)
    with pytest.raises(DataError, match=r"no manifest\.json"):
        apg.ArrayRecordSource(tmp_path / "nowhere")


def test_a_missing_or_shortened_shard_is_found_on_opening(damaged):
    shard = damaged / "shard-00001-of-00007.array_record"
    shard.write_bytes(shard.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"shard-00001-of-00007\.array_record: \d+ bytes"):
        apg.ArrayRecordSource(damaged)
    shard.unlink()
    with pytest.raises(DataError, match=r"shard-00001-of-00007\.array_record: missing"):
        apg.ArrayRecordSource(damaged)


def test_a_record_that_cannot_be_read_is_named(damaged):
    shard = damaged / "shard-00001-of-00007.array_record"
    data = bytearray(shard.read_bytes())
    data[64 * 1024 : 64 * 1024 + 600] = bytes(600)
    shard.write_bytes(bytes(data))
    stored = apg.ArrayRecordSource(damaged)
    with pytest.raises(DataError, match=r"shard-00001-of-00007\.array_record, record \d \(index [345]\)"):
        [stored[index] for index in (3, 4, 5)]


def test_many_shards_are_read_with_few_open_files(tmp_path, monkeypatch):
    import psutil

    from acoupipe_grain.records import readers

    monkeypatch.setattr(readers, "MAX_IDLE_READERS", 4)
    scenes = apg.SceneSource(40, max_nsources=2)
    apg.export(scenes, tmp_path / "data", num_workers=0, records_per_shard=1, progress=False)
    stored = apg.ArrayRecordSource(tmp_path / "data")
    before = psutil.Process().num_fds()
    with ThreadPoolExecutor(4) as pool:
        for index, element in enumerate(pool.map(stored.__getitem__, list(range(40)) * 3)):
            assert_same(element, scenes[index % 40])
    assert psutil.Process().num_fds() - before <= 4 + 4
