import hashlib
import json
import pickle
import struct

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain import specs
from acoupipe_grain.errors import ArgumentError, RecordIndexError
from acoupipe_grain.pipeline import selected, sliced


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
    ("given", "expected"),
    [
        ([3, 1, 4, 1, 5], [3, 1, 4, 1, 5]),
        ((9,), [9]),
        (np.array([2, 0], dtype=np.uint8), [2, 0]),
        (np.array([2, 0], dtype=np.uint64), [2, 0]),
        (jnp.array([2, 0]), [2, 0]),
        (range(8, 0, -3), [8, 5, 2]),
        ([np.int32(7), 2], [7, 2]),
        (np.arange(10) % 4 == 1, [1, 5, 9]),
        ([False] * 9 + [True], [9]),
    ],
)
def test_the_records_are_those_of_the_same_indices_in_their_order(given, expected):
    assert indices(selected(Numbers(), given)) == expected


def test_later_changes_of_the_list_do_not_change_the_selection():
    given = np.array([3, 1])
    part = selected(Numbers(), given)
    given[:] = 0
    assert indices(part) == [3, 1]


@pytest.mark.parametrize("index", [-1, 3, 10])
def test_indices_outside_are_refused_though_the_source_has_them(index):
    with pytest.raises(RecordIndexError, match=f"index={index}: expected an integer from 0 to 2"):
        selected(Numbers(), [4, 5, 6])[index]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([1, -1], r"indices\[1\]=-1: the source has 10 records; expected integers from 0 to 9, negative ones do not"),
        ([10], r"indices\[0\]=10: the source has 10 records"),
        ([2**63], r"indices\[0\]=9223372036854775808: "),
        ([2**70], "expected a list of record numbers, or one true or false for every record"),
        ([], r"indices=\[\]: there is none; expected at least one record"),
        (range(0), "there is none"),
        ([1.0], r"indices=\[1.0\]: expected a list"),
        (["1"], "expected a list"),
        ("12", "indices='12': expected a list"),
        (3, "indices=3: expected a list"),
        (None, "indices=None"),
        ([[1, 2]], "expected a list"),
        ([[1], [2, 3]], "expected a list"),
        ({1, 2}, "expected a list"),
        ([True, 2], r"indices=\[True, 2\]: expected a list"),
        ([True, False], "a mask of 2 records, and the source has 10; give one true or false for each"),
        (np.zeros(10, dtype=bool), "the mask is false for all 10 records; expected at least one"),
    ],
)
def test_bad_indices_are_refused_by_name(given, message):
    with pytest.raises(ArgumentError, match=message):
        selected(Numbers(), given)


def test_something_that_is_no_source_is_refused():
    with pytest.raises(ArgumentError, match="source=list: not a data source"):
        selected([1, 2, 3], [0])


def test_a_selection_of_parts_is_one_selection_of_the_innermost_source():
    innermost = Numbers(100)
    part = selected(sliced(selected(innermost, range(99, 0, -1)), 10, 50, 2), [3, 0, 3])
    assert part.source is innermost
    assert indices(part) == [83, 89, 83]
    assert repr(part) == repr(selected(innermost, [83, 89, 83]))
    with pytest.raises(ArgumentError, match=r"indices\[0\]=20: the source has 20 records"):
        selected(sliced(innermost, 10, 50, 2), [20])


def test_a_slice_of_a_selection_has_its_records():
    assert indices(sliced(selected(Numbers(), [5, 3, 8, 1]), 1, None, 2)) == [3, 1]


def test_selections_of_the_same_records_have_the_same_name_and_no_others():
    # Checkpoints and caches compare it.
    name = "selected(Numbers(10), num_records=2, digest=9b768a7138e147b4)"
    assert hashlib.sha256(struct.pack("<2q", 3, 1)).hexdigest().startswith("9b768a7138e147b4")
    assert repr(selected(Numbers(), [3, 1])) == repr(selected(Numbers(), np.array([3, 1], dtype=np.int16))) == name
    mask = np.isin(np.arange(10), [1, 3])
    assert repr(selected(Numbers(), mask)) == repr(selected(Numbers(), [1, 3])) != name


OPTIONAL = ("inputs", "compute_batch", "configuration", "read_options", "tables", "batch")


def test_what_the_source_lacks_the_selection_lacks_too():
    part = selected(Numbers(), [2])
    assert [name for name in OPTIONAL if hasattr(part, name)] == []
    assert specs.inputs_of(part) is part
    assert isinstance(part, specs.DataSource)


def test_names_options_and_specification_are_the_sources():
    part = selected(Named(), [2, 5])
    assert part.element_spec == Named.element_spec
    assert part.tables == Named.tables
    assert part.read_options == Named.read_options
    assert [name for name in OPTIONAL if hasattr(part, name)] == ["configuration", "read_options", "tables"]


def test_the_configuration_identifies_the_selection_as_json():
    configuration = json.loads(json.dumps(selected(Named(), [2, 5]).configuration))
    digest = configuration.pop("digest")
    assert configuration == {"class": "selected", "source": {"class": "Named"}, "num_records": 2}
    assert digest != selected(Named(), [5, 2]).configuration["digest"]


def test_a_source_that_nothing_identifies_does_not_become_one_by_selecting():
    source = Named()
    source.configuration = {}
    assert not selected(source, [0]).configuration


def test_scenes_are_drawn_in_vectorised_batches_with_the_same_bits(monkeypatch):
    scenes = apg.SceneSource(20, max_nsources=3)
    part = selected(scenes, [19, 3, 7, 3])
    expected = scenes.batch([3, 19])
    for name, array in part.batch(np.array([1, 0])).items():
        assert np.array_equal(array, expected[name]), name
    with pytest.raises(RecordIndexError, match="index=4"):
        part.batch([0, 4])
    monkeypatch.setattr(apg.SceneSource, "__getitem__", lambda *args: pytest.fail("read one by one"))
    assert batches(apg.make_loader(part, 3, shuffle=False, drop_remainder=False)) == [[19, 3, 7], [3]]


def test_a_source_that_computes_batches_gives_the_same_in_selections():
    source = Batched()
    part = selected(source, [7, 2, 11, 2])
    assert specs.compute_batch_of(part) is source.compute_batch
    assert indices(specs.inputs_of(part)) == [7, 2, 11, 2]
    assert specs.batch_of(specs.inputs_of(part)) is not None
    (whole,) = apg.make_loader(source, 12, shuffle=False)
    (measured,) = apg.make_loader(part, 4, shuffle=False)
    assert isinstance(measured["doubled"], jax.Array)
    for name in whole:
        assert np.array_equal(measured[name], np.asarray(whole[name])[[7, 2, 11, 2]]), name


def test_the_state_of_another_selection_is_refused():
    state = iter(apg.make_loader(selected(Numbers(), [0, 1, 2]), 2)).get_state()
    with pytest.raises(ArgumentError, match=r"source was 'selected\(Numbers\(10\), num_records=3"):
        iter(apg.make_loader(selected(Numbers(), [0, 2, 1]), 2)).set_state(state)


def test_a_selection_is_picklable():
    part = selected(apg.SceneSource(20, max_nsources=3), [19, 3])
    again = pickle.loads(pickle.dumps(part))
    assert repr(again) == repr(part)
    for name, array in part[1].items():
        assert np.array_equal(again[1][name], array), name


@pytest.mark.slow
def test_a_worker_gives_the_same_batches():
    part = selected(apg.SceneSource(20, max_nsources=3), [19, 3, 7, 3])
    iterator = iter(apg.make_loader(part, 2, shuffle=False, num_workers=1))
    assert [batch["idx"].tolist() for batch in iterator] == [[19, 3], [7, 3]]
    iterator.close()


@pytest.mark.parametrize("source", [Named(), Batched()], ids=repr)
def test_an_exported_selection_reads_back_and_is_selected_from_again(source, tmp_path):
    part = selected(source, [8, 1, 8, 0])
    apg.export(part, tmp_path / "data", num_workers=0, progress=False)
    stored = apg.ArrayRecordSource(tmp_path / "data")
    assert stored.tables == getattr(source, "tables", {})
    assert indices(stored) == [8, 1, 8, 0]
    for index in range(len(part)):
        for name, array in part[index].items():
            assert np.array_equal(stored[index][name], array), name
    apg.verify(tmp_path / "data", deep=True, source=part)
    with pytest.raises(ArgumentError, match="pass the source itself"):
        apg.verify(tmp_path / "data", deep=True)
    assert indices(selected(stored, [3, 0])) == [0, 8]
