import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain import specs
from acoupipe_grain.errors import ArgumentError, RecordIndexError
from acoupipe_grain.pipeline import mixed, sliced

INDEX_SPEC = {"idx": apg.ArraySpec((), "int32", ())}


class Numbers:
    """A source of a first number and its successors."""

    def __init__(self, num_records, first=0, spec=INDEX_SPEC, **optional):
        self._num_records, self._first = num_records, first
        self.element_spec = spec
        self.__dict__.update(optional)

    def __len__(self):
        return self._num_records

    def __getitem__(self, index):
        assert type(index) is int
        assert 0 <= index < self._num_records
        return {"idx": np.array(self._first + index, dtype=np.int32)}

    def __repr__(self):
        return f"Numbers({self._num_records}, {self._first})"


def sources_of(*lengths):
    """Return sources whose records tell where they come from: 1000 times the source's number plus their index."""
    return [Numbers(length, 1000 * number) for number, length in enumerate(lengths)]


def values(source):
    return [int(source[index]["idx"]) for index in range(len(source))]


def origins(source):
    return [value // 1000 for value in values(source)]


def batches(loader):
    return [batch["idx"].tolist() for batch in loader]


@pytest.mark.parametrize(
    ("lengths", "weights", "expected"),
    [
        ((6, 2), [3, 1], [0, 1, 1000, 2, 3, 4, 1001, 5]),
        ((3, 3), [1, 1], [0, 1000, 1, 1001, 2, 1002]),
        ((2, 4), [1, 2], [1000, 0, 1001, 1002, 1, 1003]),
        ((5, 3, 2), [5, 3, 2], [0, 1000, 2000, 1, 2, 1001, 3, 2001, 1002, 4]),
        ((3,), [7], [0, 1, 2]),
        ((4, 2), None, [0, 1000, 1, 2, 1001, 3]),
    ],
)
def test_golden_order(lengths, weights, expected):
    # A change here changes every mixture: training runs on one, and exports of one, are not what they were.
    assert values(mixed(sources_of(*lengths), weights)) == expected


@pytest.mark.parametrize("weights", [[3, 1], [7, 3], [1, 99], [5, 3, 2], [1, 1, 1, 1], [1, 2, 30, 4, 50]])
def test_proportions_hold_at_any_point_and_exactly_in_every_period(weights):
    period, num_sources = sum(weights), len(weights)
    given = np.array(origins(mixed(sources_of(*[400] * num_sources), weights, num_records=3 * period)))
    so_far = np.arange(1, given.size + 1)
    for number, weight in enumerate(weights):
        counts = np.cumsum(given == number)
        # In whole numbers, twice the difference from the share and times the period.
        assert np.all(np.abs(2 * (counts * period - so_far * weight)) <= (num_sources - 1) * period)
        in_windows = np.convolve(given == number, np.ones(period, dtype=int), "valid")
        assert np.all(in_windows == weight)


@pytest.mark.parametrize("weights", [[3, 1], [2, 5], [1, 1]])
def test_each_of_two_sources_is_within_one_record_of_its_share_of_any_window(weights):
    given = np.array(origins(mixed(sources_of(100, 100), weights, num_records=5 * sum(weights))))
    for size in range(1, given.size + 1):
        counts = np.convolve(given == 0, np.ones(size, dtype=int), "valid")
        assert np.all(np.abs(counts - size * weights[0] / sum(weights)) <= 1)


@pytest.mark.parametrize("weights", [[3, 1], [5, 3, 2], [1, 7, 7]])
def test_each_source_is_read_in_its_own_order_and_nothing_twice(weights):
    given = values(mixed(sources_of(*[100] * len(weights)), weights))
    for number in range(len(weights)):
        of_source = [value - 1000 * number for value in given if value // 1000 == number]
        assert of_source == list(range(len(of_source)))


@pytest.mark.parametrize("weights", [[1, 1], [3, 1], [2, 5], [1, 2, 3], [4, 1, 1]])
def test_the_length_is_the_largest_for_which_the_sources_suffice(weights):
    pattern = origins(mixed(sources_of(*[100 * weight for weight in weights]), weights))
    for lengths in np.random.default_rng(0).integers(1, 12, (20, len(weights))).tolist():
        expected = next(
            index
            for index in range(len(pattern))
            if any(pattern[: index + 1].count(number) > length for number, length in enumerate(lengths))
        )
        mixture = mixed(sources_of(*lengths), weights)
        assert len(mixture) == expected
        assert origins(mixture) == pattern[:expected]


def test_without_weights_all_sources_are_read_to_their_ends():
    sources = sources_of(60, 21, 9)
    mixture = mixed(sources)
    assert mixture.weights == (20, 7, 3)
    assert sorted(values(mixture)) == sorted(value for source in sources for value in values(source))


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([0.7, 0.3], (7, 3)),
        ([6, 2], (3, 1)),
        ([0.5, 2], (1, 4)),
        ([1 / 3, 2 / 3], (1, 2)),
        ((0.001, 0.999), (1, 999)),
        ([Fraction(1, 7), Fraction(1, 3)], (3, 7)),
        (np.array([3, 1]), (3, 1)),
        (np.array([0.75, 0.25]), (3, 1)),
        ([np.int32(2), np.float32(0.5)], (4, 1)),
        ([2.0e20, 1.0e20], (2, 1)),
        ([2**70, 2**71], (1, 2)),
    ],
)
def test_weights_are_reduced_to_the_whole_numbers_that_are_meant(weights, expected):
    mixture = mixed(sources_of(2000, 2000), weights)
    assert mixture.weights == expected
    assert all(type(weight) is int for weight in mixture.weights)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1], "expected 2 positive numbers, one for each source"),
        ([1, 2, 3], "expected 2 positive numbers"),
        (2, "weights=2: expected 2"),
        (np.array(2), "expected 2"),
        ({0: 1, 1: 2}, "expected 2"),
        ("31", "weights='31'"),
        ([1, 0], r"weights\[1\]=0: expected a finite number greater than 0; leave out"),
        ([-1, 1], r"weights\[0\]=-1"),
        ([1, float("nan")], r"weights\[1\]=nan"),
        ([float("inf"), 1], r"weights\[0\]=inf"),
        ([True, 1], r"weights\[0\]=True"),
        (["3", 1], r"weights\[0\]='3'"),
        ([1, None], r"weights\[1\]=None"),
        ([0.0001, 1], r"weights\[0\]=0.0001: .*a denominator up to 1000; give whole numbers"),
        ([1, 2**0.5], r"weights\[1\]=1.414.*give whole numbers"),
        ([0.333, 0.66666], r"weights\[1\]=0.66666"),
        ([1_000_000, 1], r"weights=\[1000000, 1\]: .* after 1000001 records only, expected at most 1000000; give"),
        ([2**70 + 1, 2**70], "records only"),
    ],
)
def test_bad_weights_are_refused_by_name(weights, message):
    with pytest.raises(ArgumentError, match=message):
        mixed(sources_of(10, 10), weights)


def test_lengths_that_make_a_long_period_are_refused_with_a_remedy():
    with pytest.raises(ArgumentError, match=r"weights=None: .*by their lengths.* after 2000001 records.*give rounder"):
        mixed(sources_of(2_000_000, 1))


def test_the_longest_period_works():
    mixture = mixed([Numbers(999_999), Numbers(5, -5)], [999_999, 1])
    assert len(mixture) == 1_000_000
    assert values(sliced(mixture, 499_998, 500_002)) == [499_998, 499_999, -5, 500_000]


def test_a_shorter_mixture_is_the_beginning_of_the_longest():
    sources = sources_of(6, 4)
    assert values(mixed(sources, [3, 1], num_records=np.int64(5))) == values(mixed(sources, [3, 1]))[:5]


@pytest.mark.parametrize(
    ("num_records", "message"),
    [
        (9, r"num_records=9: sources\[0\] is used up after 8 records of the mixture; use at most 8"),
        (0, "num_records=0: must be at least 1"),
        (-1, "num_records=-1"),
        (2.0, "num_records=2.0"),
        (True, "num_records=True"),
    ],
)
def test_bad_lengths_are_refused_with_the_most_there_can_be(num_records, message):
    with pytest.raises(ArgumentError, match=message):
        mixed(sources_of(6, 4), [3, 1], num_records)


@pytest.mark.parametrize("index", [-1, 8])
def test_indices_outside_are_refused(index):
    with pytest.raises(RecordIndexError, match=f"index={index}: expected an integer from 0 to 7"):
        mixed(sources_of(6, 2))[index]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"idx": apg.ArraySpec((3,), "int32", ("mic",))}, r"'idx' has the shape \(3,\), not \(\); 'idx' has the axes"),
        ({"idx": apg.ArraySpec((), "float32", ())}, "'idx' has the dtype 'float32', not 'int32'"),
        ({"idx": apg.ArraySpec((), "int32", (), "Pa")}, "'idx' has the unit 'Pa', not '1'"),
        (INDEX_SPEC | {"loc": apg.ArraySpec((), "float32", ())}, "'loc' is not expected"),
        ({"loc": apg.ArraySpec((), "float32", ())}, "'idx' is missing; 'loc' is not expected"),
    ],
)
def test_sources_of_other_elements_are_refused_with_the_difference(spec, message):
    with pytest.raises(
        ArgumentError, match=rf"sources\[1\]: its elements differ from those of sources\[0\]: {message}"
    ):
        mixed([Numbers(5), Numbers(5, spec=spec)])


@pytest.mark.parametrize("tables", [{}, {"files": ["b", "a"]}, {"files": ["a"]}, {"files": ["a", "b"], "labels": []}])
def test_sources_of_other_tables_are_refused_by_name(tables):
    name = "labels" if "labels" in tables else "files"
    with pytest.raises(ArgumentError, match=rf"sources\[1\]: its tables differ.*: {name}\. Numbers"):
        mixed([Numbers(5, tables={"files": ["a", "b"]}), Numbers(5, tables=tables)])


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ([], "at least one"),
        (Numbers(5), "expected a list of data sources"),
        ([Numbers(5), [1, 2]], r"sources\[1\]: source=list: not a data source"),
        ([Numbers(5), Numbers(0)], r"sources\[1\]: .*no records"),
    ],
)
def test_what_is_no_list_of_sources_is_refused(sources, message):
    with pytest.raises(ArgumentError, match=message):
        mixed(sources)


OPTIONAL = ("inputs", "compute_batch", "configuration", "read_options", "tables", "batch")


def test_what_the_sources_lack_the_mixture_lacks_too():
    mixture = mixed(sources_of(4, 2))
    assert [name for name in OPTIONAL if hasattr(mixture, name)] == []
    assert mixture.element_spec == INDEX_SPEC
    assert isinstance(mixture, specs.DataSource)


def test_tables_are_those_of_all():
    tables = {"files": ["a", "b"]}
    assert mixed([Numbers(5, tables=tables), Numbers(5, tables={"files": ("a", "b")})]).tables == tables


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([(4, 8), (4, 8)], (4, 8)),
        ([(4, 8), (0, 0)], (0, 0)),
        ([None, (0, 0)], (0, 0)),
        ([(2, 16), (8, 9)], (2, 9)),
    ],
)
def test_nothing_is_read_further_ahead_than_each_source_asks_for(options, expected):
    names = ("num_threads", "prefetch_buffer_size")
    optional = [{} if pair is None else {"read_options": dict(zip(names, pair, strict=True))} for pair in options]
    sources = [Numbers(5, **attributes) for attributes in optional]
    assert mixed(sources).read_options == dict(zip(names, expected, strict=True))


def test_the_configuration_identifies_the_mixture_as_json_where_all_sources_have_one():
    sources = [apg.SceneSource(6), apg.SceneSource(2, seed=1)]
    expected = {
        "class": "mixed",
        "sources": [source.configuration for source in sources],
        "weights": [3, 1],
        "num_records": 8,
    }
    assert json.loads(json.dumps(mixed(sources).configuration)) == json.loads(json.dumps(expected))
    assert not hasattr(mixed([Numbers(3, configuration={"class": "Numbers"}), Numbers(3)]), "configuration")
    assert not mixed([Numbers(3, configuration={"class": "Numbers"}), Numbers(3, configuration={})]).configuration


def test_the_name_tells_sources_weights_and_length():
    assert repr(mixed(sources_of(6, 2), [0.75, 0.25])) == (
        "mixed([Numbers(6, 0), Numbers(2, 1000)], weights=[3, 1], num_records=8)"
    )


def test_mixtures_and_slices_contain_each_other():
    sources = sources_of(8, 8, 8)
    mixture = mixed([mixed(sources[:2]), sliced(sources[2], 4)], [2, 1])
    assert values(mixture) == [0, 2004, 1000, 1, 2005, 1001, 2, 2006, 1002, 3, 2007, 1003, 4]
    assert values(sliced(mixture, 1, None, 3)) == [2004, 2005, 2006, 2007]


def test_threads_read_the_same():
    mixture = mixed(sources_of(300, 100))
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda index: int(mixture[index]["idx"]), range(400))) == values(mixture)


def test_shards_are_disjoint_and_complete():
    mixture = mixed(sources_of(9, 4))
    shards = [batches(apg.make_loader(mixture, 2, shard=(index, 3), drop_remainder=False)) for index in range(3)]
    assert sorted(value for shard in shards for batch in shard for value in batch) == sorted(values(mixture))


def test_restoring_at_every_step_continues_with_the_same_batches():
    loader = apg.make_loader(mixed(sources_of(9, 3)), 3, seed=3, num_epochs=2)
    iterator, states, expected = iter(loader), [], []
    for _ in range(8):
        states.append(iterator.get_state())
        expected.append(next(iterator)["idx"].tolist())
    again = iter(loader)
    for step in reversed(range(8)):
        again.set_state(json.loads(json.dumps(states[step])))
        assert [batch["idx"].tolist() for batch in again] == expected[step:]


def test_the_state_of_another_mixture_is_refused():
    state = iter(apg.make_loader(mixed(sources_of(9, 9), [3, 1]), 2)).get_state()
    with pytest.raises(ArgumentError, match=r"weights=\[3, 1\].*weights=\[1, 3\]"):
        iter(apg.make_loader(mixed(sources_of(9, 9), [1, 3]), 2)).set_state(state)


def test_simulations_mix_with_what_was_stored_of_others(small_setup, tmp_path):
    def simulated(num_records, seed):
        return apg.SyntheticSource(
            num_records, seed=seed, setup=small_setup, signal_length=0.1, f=2000.0, max_nsources=4, features=("loc",)
        )

    apg.export(simulated(2, seed=1), tmp_path / "data", num_workers=0, progress=False)
    sources = [simulated(4, seed=0), apg.ArrayRecordSource(tmp_path / "data")]
    mixture = mixed(sources)
    assert mixture.read_options == {"num_threads": 0, "prefetch_buffer_size": 0}
    (batch,) = apg.make_loader(mixture, 6, shuffle=False)
    assert batch["idx"].tolist() == [0, 0, 1, 2, 1, 3]
    for row, (number, index) in enumerate([(0, 0), (1, 0), (0, 1), (0, 2), (1, 1), (0, 3)]):
        assert np.array_equal(batch["loc"][row], sources[number][index]["loc"])


@pytest.mark.slow
def test_a_mixture_is_picklable_and_a_worker_gives_the_same_batches():
    mixture = mixed([apg.SceneSource(6, max_nsources=3), apg.SceneSource(2, max_nsources=3, seed=1)])
    again = pickle.loads(pickle.dumps(mixture))
    assert repr(again) == repr(mixture)
    assert np.array_equal(again[2]["positions"], mixture[2]["positions"])
    iterator = iter(apg.make_loader(mixture, 4, num_workers=1))
    for batch, expected in zip(iterator, apg.make_loader(mixture, 4), strict=True):
        assert all(np.array_equal(batch[name], expected[name]) for name in expected)
    iterator.close()


def test_an_exported_mixture_reads_back(tmp_path):
    mixture = mixed([Numbers(6, tables={"files": ["a"]}), Numbers(2, 1000, tables={"files": ["a"]})])
    apg.export(mixture, tmp_path / "data", num_workers=0, progress=False)
    stored = apg.ArrayRecordSource(tmp_path / "data")
    assert values(stored) == values(mixture) == [0, 1, 1000, 2, 3, 4, 1001, 5]
    assert stored.tables == {"files": ["a"]}
    apg.verify(tmp_path / "data", deep=True, source=mixture)
