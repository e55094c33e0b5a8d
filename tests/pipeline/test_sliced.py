import json
import pickle

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain import specs
from acoupipe_grain.errors import ArgumentError, RecordIndexError
from acoupipe_grain.pipeline import sliced


class Numbers:
    """A source of its own index, without any optional attribute."""

    element_spec = {"idx": apg.ArraySpec((), "int32", ())}

    def __init__(self, num_records=10):
        self._num_records = num_records

    def __len__(self):
        return self._num_records

    def __getitem__(self, index):
        assert type(index) is int
        return {"idx": np.array(index, dtype=np.int32)}

    def __repr__(self):
        return f"Numbers({self._num_records})"


class Named(Numbers):
    """One with names, options and a configuration."""

    tables = {"names": ["a", "b"]}
    read_options = {"num_threads": 2, "prefetch_buffer_size": 3}
    configuration = {"class": "Named"}


class Batched:
    """A source whose elements come from a batched computation."""

    def __init__(self, num_records=12):
        self.inputs = apg.SceneSource(num_records, max_nsources=3)
        self.element_spec = {
            "doubled": apg.ArraySpec((3,), "float32", ("source",), "Pa^2"),
            "idx": apg.ArraySpec((), "int32", ()),
        }
        self.compute_batch = jax.tree_util.Partial(_doubled, jnp.full((3,), 2.0))

    def __len__(self):
        return len(self.inputs)

    def __getitem__(self, index):
        scene = self.inputs[index]
        return {"doubled": 2 * scene["strengths"], "idx": scene["idx"]}

    def __repr__(self):
        return f"Batched({len(self)})"


def _doubled(factor, batch):
    return {"doubled": factor * batch["strengths"], "idx": batch["idx"]}


def indices(source):
    return [int(source[index]["idx"]) for index in range(len(source))]


def batches(loader):
    return [batch["idx"].tolist() for batch in loader]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ({"start": 7}, [7, 8, 9]),
        ({"stop": 3}, [0, 1, 2]),
        ({"start": 2, "stop": 9, "step": 3}, [2, 5, 8]),
        ({"start": 1, "step": 4}, [1, 5, 9]),
        ({"start": 9, "step": 5}, [9]),
        ({"start": np.int64(4), "stop": np.int32(6)}, [4, 5]),
    ],
)
def test_the_records_are_those_of_the_same_slice_of_a_list(options, expected):
    assert indices(sliced(Numbers(), **options)) == expected


def test_training_and_validation_records_have_none_in_common_and_leave_none_out():
    stored = Numbers(10)
    assert indices(sliced(stored, stop=8)) + indices(sliced(stored, 8)) == list(range(10))


@pytest.mark.parametrize("index", [-1, 3, 10])
def test_indices_outside_are_refused_though_the_source_has_them(index):
    with pytest.raises(RecordIndexError, match=f"index={index}: expected an integer from 0 to 2"):
        sliced(Numbers(), 0, 6, 2)[index]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": -1}, "start=-1: must be at least 0"),
        ({"start": 1.0}, "start=1.0: expected an integer"),
        ({"start": True}, "start=True"),
        ({"start": None}, "start=None"),
        ({"start": 10}, "start=10: the source has 10 records; expected an integer from 0 to 9"),
        ({"stop": -1}, "stop=-1"),
        ({"stop": "9"}, "stop='9'"),
        ({"stop": 11}, "stop=11: the source has 10 records.*leave it out"),
        ({"stop": 0}, "stop=0: no record is left from start=0 on; expected an integer from 1 to 10"),
        ({"start": 5, "stop": 5}, "stop=5: .*start=5 on; expected an integer from 6 to 10"),
        ({"step": 0}, "step=0: must be at least 1"),
        ({"step": -1}, "step=-1"),
        ({"step": 2.5}, "step=2.5"),
    ],
)
def test_bad_arguments_are_refused_by_name(options, message):
    with pytest.raises(ArgumentError, match=message):
        sliced(Numbers(), **options)


def test_the_limits_of_a_slice_of_a_slice_are_those_of_the_slice():
    with pytest.raises(ArgumentError, match="stop=4: the source has 3 records"):
        sliced(sliced(Numbers(), 7), stop=4)


def test_something_that_is_no_source_is_refused():
    with pytest.raises(ArgumentError, match="source=list: not a data source"):
        sliced([1, 2, 3])


def test_a_slice_of_a_slice_is_one_slice_of_the_innermost_source():
    innermost = Numbers(100)
    once = sliced(innermost, 10, 50, 2)
    twice = sliced(once, 3, None, 3)
    assert twice.source is innermost
    assert indices(twice) == indices(once)[3::3] == [16, 22, 28, 34, 40, 46]
    assert repr(twice) == "sliced(Numbers(100), start=16, stop=47, step=6)"
    assert indices(sliced(twice, 5)) == [46]


def test_slices_of_the_same_records_have_the_same_name():
    # Checkpoints compare it: 9 and 10 are no different ends for every third record.
    assert (
        repr(sliced(Numbers(), 0, 9, 4))
        == repr(sliced(Numbers(), step=4))
        == "sliced(Numbers(10), start=0, stop=9, step=4)"
    )
    assert (
        repr(sliced(Numbers(), 3, 4, 7))
        == repr(sliced(Numbers(), 3, 4))
        == "sliced(Numbers(10), start=3, stop=4, step=1)"
    )
    assert repr(sliced(Numbers(), 3)) != repr(sliced(Numbers(), 4))


OPTIONAL = ("inputs", "compute_batch", "configuration", "read_options", "tables", "batch")


def test_what_the_source_lacks_the_slice_lacks_too():
    part = sliced(Numbers(), 2)
    assert [name for name in OPTIONAL if hasattr(part, name)] == []
    assert specs.compute_batch_of(part) is None
    assert specs.inputs_of(part) is part
    assert specs.batch_of(part) is None
    assert isinstance(part, specs.DataSource)


def test_names_options_and_specification_are_the_sources():
    part = sliced(Named(), 2, step=3)
    assert part.element_spec == Named.element_spec
    assert part.tables == Named.tables
    assert part.read_options == Named.read_options
    assert [name for name in OPTIONAL if hasattr(part, name)] == ["configuration", "read_options", "tables"]


def test_the_configuration_identifies_the_slice_as_json():
    part = sliced(apg.SceneSource(20), 2, 10, 3)
    expected = {"class": "sliced", "source": apg.SceneSource(20).configuration, "start": 2, "stop": 9, "step": 3}
    assert json.loads(json.dumps(part.configuration)) == json.loads(json.dumps(expected))


def test_a_source_that_nothing_identifies_does_not_become_one_by_slicing():
    source = Named()
    source.configuration = {}
    assert not sliced(source).configuration


def test_what_must_not_be_stored_is_refused_in_slices_too(tmp_path):
    source = apg.SceneSource(4, strengths=apg.distribution(lambda rng, size: rng.uniform(1, 2, size)))
    with pytest.raises(ArgumentError, match="strengths"):
        apg.export(sliced(source, 1), tmp_path / "data", num_workers=0, progress=False)


def test_scenes_are_drawn_in_vectorised_batches_with_the_same_bits(monkeypatch):
    scenes = apg.SceneSource(20, max_nsources=3)
    part = sliced(scenes, 3, None, 4)
    expected = scenes.batch([7, 3, 19])
    for name, array in part.batch(np.array([1, 0, 4])).items():
        assert np.array_equal(array, expected[name]), name
    with pytest.raises(RecordIndexError, match="index=5"):
        part.batch([0, 5])
    monkeypatch.setattr(apg.SceneSource, "__getitem__", lambda *args: pytest.fail("read one by one"))
    assert batches(apg.make_loader(part, 2, shuffle=False, drop_remainder=False)) == [[3, 7], [11, 15], [19]]


def test_a_source_that_computes_batches_gives_the_same_in_slices():
    source = Batched()
    part = sliced(source, 1, None, 2)
    assert specs.compute_batch_of(part) is source.compute_batch
    assert indices(specs.inputs_of(part)) == [1, 3, 5, 7, 9, 11]
    assert specs.batch_of(specs.inputs_of(part)) is not None
    (whole,) = apg.make_loader(source, 12, shuffle=False)
    measured = list(apg.make_loader(part, 3, shuffle=False))
    assert all(isinstance(batch["doubled"], jax.Array) for batch in measured)
    for name in whole:
        assert np.array_equal(np.concatenate([batch[name] for batch in measured]), whole[name][1::2]), name


def test_a_slice_whose_source_simulates_record_by_record_computes_no_batches(small_source):
    part = sliced(small_source, 5)
    assert specs.compute_batch_of(part) is None
    assert specs.inputs_of(part) is part
    for name, array in small_source[5].items():
        assert np.array_equal(part[0][name], array), name


def test_golden_order():
    # A change here changes the order of every training run on a slice with this seed.
    assert batches(apg.make_loader(sliced(Numbers(20), 1, None, 2), 5, seed=0)) == GOLDEN_ORDER


GOLDEN_ORDER = [[11, 17, 19, 15, 9], [5, 3, 1, 7, 13]]


def test_shards_are_disjoint_and_complete():
    part = sliced(Numbers(30), 4, None, 2)
    shards = [batches(apg.make_loader(part, 2, shard=(index, 3), drop_remainder=False)) for index in range(3)]
    assert sorted(index for shard in shards for batch in shard for index in batch) == list(range(4, 30, 2))


def test_restoring_at_every_step_continues_with_the_same_batches():
    loader = apg.make_loader(sliced(Numbers(20), 1, None, 2), 3, seed=3, num_epochs=2)
    iterator, states, expected = iter(loader), [], []
    for _ in range(6):
        states.append(iterator.get_state())
        expected.append(next(iterator)["idx"].tolist())
    again = iter(loader)
    for step in reversed(range(6)):
        again.set_state(json.loads(json.dumps(states[step])))
        assert [batch["idx"].tolist() for batch in again] == expected[step:]


def test_the_state_of_another_slice_is_refused():
    state = iter(apg.make_loader(sliced(Numbers(), 0, 5), 2)).get_state()
    with pytest.raises(ArgumentError, match=r"source was 'sliced\(Numbers\(10\), start=0, stop=5, step=1\)'"):
        iter(apg.make_loader(sliced(Numbers(), 5), 2)).set_state(state)


def test_a_slice_is_picklable():
    part = sliced(apg.SceneSource(20, max_nsources=3), 3, None, 4)
    again = pickle.loads(pickle.dumps(part))
    assert repr(again) == repr(part)
    for name, array in part[2].items():
        assert np.array_equal(again[2][name], array), name


@pytest.mark.slow
def test_a_worker_gives_the_same_batches():
    part = sliced(apg.SceneSource(20, max_nsources=3), 3, None, 4)
    iterator = iter(apg.make_loader(part, 2, shuffle=False, num_workers=1))
    assert [batch["idx"].tolist() for batch in iterator] == [[3, 7], [11, 15]]
    iterator.close()


@pytest.mark.parametrize("source", [Named(), Batched()], ids=repr)
def test_an_exported_slice_reads_back_and_slices_again(source, tmp_path):
    part = sliced(source, 1, None, 2)
    apg.export(part, tmp_path / "data", num_workers=0, progress=False)
    stored = apg.ArrayRecordSource(tmp_path / "data")
    assert len(stored) == len(part)
    assert stored.tables == getattr(source, "tables", {})
    for index in range(len(part)):
        for name, array in part[index].items():
            assert np.array_equal(stored[index][name], array), name
    apg.verify(tmp_path / "data", deep=True, source=part)
    with pytest.raises(ArgumentError, match="pass the source itself"):
        apg.verify(tmp_path / "data", deep=True)
    assert indices(sliced(stored, 2)) == indices(part)[2:]
    assert repr(sliced(stored, 2)) == f"sliced({stored!r}, start=2, stop={len(part)}, step=1)"
