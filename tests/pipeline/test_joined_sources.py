"""Several sources as one: concatenated, mixed, or merged batch by batch, knowing where records came from."""

import pickle

import numpy as np
import pytest
from sequences import Sequences

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError

ONE, OTHER = Sequences([3, 1, 2], "one"), Sequences([5, 4], "other")


def test_concatenated_sources_follow_each_other():
    both = apg.concatenated([ONE, OTHER])
    assert len(both) == 5
    assert [int(both[index]["idx"]) for index in range(5)] == [0, 1, 2, 0, 1]
    assert both.lengths["frame"].tolist() == [3, 1, 2, 5, 4]
    assert repr(both) == f"concatenated([{ONE!r}, {OTHER!r}])"
    assert both.configuration == {"class": "concatenated", "sources": [ONE.configuration, OTHER.configuration]}


@pytest.mark.parametrize("join", [apg.concatenated, apg.mixed])
def test_elements_can_say_which_source_they_are_of(join):
    both = join([ONE, OTHER], provenance=True)
    assert both.element_spec["source_index"] == apg.ArraySpec((), "int32", ())
    for index in range(len(both)):
        element = both[index]
        part = (ONE, OTHER)[int(element["source_index"])]
        assert len(element["samples"]) == part.lengths["frame"][int(element["idx"])] == both.lengths["frame"][index]
    assert "provenance=True" in repr(both)
    assert both.configuration["provenance"] is True


def test_tables_that_differ_are_kept_apart_where_elements_say_which_they_are_of():
    tables = {"files": ["a"], "labels": ["x", "y"]}
    one, other = Sequences([3], "one", tables), Sequences([3], "other", tables | {"files": ["b"]})
    with pytest.raises(ArgumentError, match=r"sources\[1\]: its tables differ.*: files.*provenance=True"):
        apg.concatenated([one, other])
    both = apg.concatenated([one, other], provenance=True)
    assert both.tables == {"0/files": ["a"], "1/files": ["b"], "labels": ["x", "y"]}


def test_sizes_may_differ_along_axes_that_follow_from_data():
    both = apg.concatenated([Sequences([3, 3], "threes"), Sequences([5], "five")])
    assert both.element_spec["features"].shape == (None, 2)
    batch = next(iter(apg.make_loader(both, 3, shuffle=False)))
    assert batch["frame_length"].tolist() == [3, 3, 5]


def test_sizes_that_do_not_follow_from_data_must_agree():
    one, other = Sequences([3], "threes"), Sequences([5], "five")
    other.__class__ = type("Other", (Sequences,), {"__len__": lambda self: 1})
    other.lengths = {}
    with pytest.raises(ArgumentError, match=r"'features' has the shape \(5, 2\), not \(3, 2\)"):
        apg.concatenated([one, other])


def test_joined_sources_can_be_pickled():
    both = apg.concatenated([ONE, OTHER], provenance=True)
    again = pickle.loads(pickle.dumps(both))
    assert repr(again) == repr(both)
    assert np.array_equal(again[4]["samples"], both[4]["samples"])


def test_merged_batches_have_a_batch_of_each_source():
    one, other = Sequences(range(1, 9), "one"), Sequences(range(11, 15), "other")
    loader = apg.make_loader(apg.batch_merged([one, other]), 2, shuffle=False)
    batches = list(loader)
    assert len(batches) == 2  # the shorter has two
    assert [batch["source_index"].tolist() for batch in batches] == [[0, 0, 1, 1]] * 2
    assert batches[1]["idx"].tolist() == [2, 3, 2, 3]
    assert batches[1]["frame_length"].tolist() == [3, 4, 13, 14]
    assert batches[1]["features"].shape == (4, 14, 2)


def test_epochs_end_with_the_shortest_and_go_on_in_the_others():
    one, other = Sequences(range(1, 9), "one"), Sequences(range(11, 15), "other")
    loader = apg.make_loader(apg.batch_merged([one, other]), 2, num_epochs=200, seed=1)
    batches = list(loader)
    assert len(batches) == 400
    of_one = np.array([batch["idx"][:2] for batch in batches]).reshape(100, 8)
    of_other = np.array([batch["idx"][2:] for batch in batches]).reshape(200, 4)
    # All of one in every two epochs of the other.
    assert all(sorted(epoch) == list(range(8)) for epoch in of_one.tolist())
    assert all(sorted(epoch) == [0, 1, 2, 3] for epoch in of_other.tolist())


def test_the_shorter_sources_repeat_until_the_longest_ends():
    one, other = Sequences(range(1, 9), "one"), Sequences(range(11, 15), "other")
    loader = apg.make_loader(apg.batch_merged([one, other], until="longest"), 2, num_epochs=2, seed=1)
    batches = list(loader)
    assert len(batches) == 8
    for start in (0, 4):
        epoch = batches[start : start + 4]
        assert sorted(index for batch in epoch for index in batch["idx"][:2].tolist()) == list(range(8))
        for half in (epoch[:2], epoch[2:]):
            assert sorted(index for batch in half for index in batch["idx"][2:].tolist()) == list(range(4))


@pytest.mark.slow
def test_merged_batches_are_the_same_with_workers_and_continue_at_checkpoints():
    merged = apg.batch_merged([ONE, Sequences(range(4, 11), "other")], until="longest")
    options = {"batch_size": 2, "num_epochs": 2, "drop_remainder": False, "group_by_length": "frame"}
    expected = [batch["samples"] for batch in apg.make_loader(merged, **options)]
    with_workers = iter(apg.make_loader(merged, **options, num_workers=1))
    first = next(with_workers)
    state = with_workers.get_state()
    rest = [batch["samples"] for batch in with_workers]
    assert all(map(np.array_equal, expected, [first["samples"], *rest]))
    again = iter(apg.make_loader(merged, **options, num_workers=1))
    again.set_state(state)
    assert np.array_equal(next(again)["samples"], expected[1])
    again.close()


def test_what_cannot_be_merged_is_refused():
    with pytest.raises(ArgumentError, match="expected a list of data sources"):
        apg.batch_merged([])
    with pytest.raises(ArgumentError, match="until='never'|unknown until"):
        apg.batch_merged([ONE, OTHER], until="never")
    simulated = apg.SyntheticSource(3, mode="analytic", f=1000.0, features="csm")
    with pytest.raises(ArgumentError, match=r"sources\[0\]: computes its elements in batches of its own; export it"):
        apg.batch_merged([simulated, simulated])
    with pytest.raises(ArgumentError, match=r"elements of sources\[0\] have 'source_index' already"):
        apg.concatenated([apg.concatenated([ONE], provenance=True)], provenance=True)


def test_what_sources_say_of_normalisation_holds_for_parts_and_for_several():
    def said(name, flags):
        source = Sequences([3, 1, 2], name)
        source.normalised, source.unvoiced = {"features": np.array(flags)}, {"features": np.array([-np.inf, 0.0])}
        return source

    one, other = said("one", [True, False]), said("other", [True, False])
    for source in (apg.sliced(one, 1), apg.selected(one, [2, 0]), apg.concatenated([one, other])):
        assert source.normalised["features"].tolist() == [True, False]
        assert source.unvoiced["features"].tolist() == [-np.inf, 0.0]
        assert apg.compute_statistics(source, progress=False).std["features"][1] == 1
    with pytest.raises(ArgumentError, match="do not agree on 'normalised'; say yourself what counts"):
        apg.compute_statistics(apg.concatenated([one, said("third", [True, True])]), progress=False)
    assert not hasattr(apg.concatenated([ONE, OTHER]), "normalised")
