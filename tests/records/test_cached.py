import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.records import cached


class Counting:
    def __init__(self, name="Counting()", size=3, breaks_at=None):
        self.name, self.breaks_at, self.computed = name, breaks_at, []
        self.element_spec = {"value": apg.ArraySpec((size,), "float32", ("sample",))}

    def __len__(self):
        return 32

    def __getitem__(self, index):
        self.computed.append(index)
        if index == self.breaks_at:
            raise ValueError("broken record")
        return {"value": np.full(self.element_spec["value"].shape, index, np.float32)}

    def __repr__(self):
        return self.name


def test_a_source_is_computed_once_and_read_afterwards(tmp_path):
    first, second = Counting(), Counting()
    stored = cached(first, tmp_path)
    assert first.computed == list(range(32))
    again = cached(second, tmp_path)
    assert second.computed == []
    assert repr(again) == repr(stored)
    for index in (0, 17, 31):
        np.testing.assert_array_equal(again[index]["value"], first[index]["value"])


def test_sources_of_other_content_are_cached_beside_it(tmp_path):
    cached(Counting(), tmp_path)
    other = Counting("Counting(2)")
    cached(other, tmp_path)
    assert len(other.computed) == 32
    assert len(list(tmp_path.iterdir())) == 2 + 1  # and the test's working directory


def test_an_interrupted_computation_goes_on(tmp_path):
    with pytest.raises(ValueError, match="broken record"):
        cached(Counting(breaks_at=20), tmp_path)
    source = Counting()
    assert len(cached(source, tmp_path)) == 32
    assert source.computed == list(range(20, 32))


def test_a_source_that_changed_without_its_repr_is_refused(tmp_path):
    cached(Counting(), tmp_path)
    with pytest.raises(ArgumentError, match="give a source that changed another repr"):
        cached(Counting(size=4), tmp_path)


def test_a_cache_loads_in_batches_like_its_source(small_source, tmp_path):
    batches = zip(apg.make_loader(cached(small_source, tmp_path), 5), apg.make_loader(small_source, 5), strict=True)
    for batch, expected in batches:
        for name, array in expected.items():
            np.testing.assert_array_equal(batch[name], array)
