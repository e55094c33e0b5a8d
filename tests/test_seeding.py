import hashlib
import pickle

import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.seeding import GENERATOR_VERSION, Streams


def test_rows_of_a_batch_are_the_words_of_single_draws():
    streams = Streams(5, "training")
    indices = [3, 0, 2**31, 3, 17]
    batch = streams.words("strengths", indices, 7)
    for row, index in zip(batch, indices, strict=True):
        assert np.array_equal(row, streams.words("strengths", [index], 7)[0])


def test_more_words_of_an_index_begin_with_the_same_words():
    streams = Streams(0, "test")
    assert np.array_equal(streams.words("a", [4], 40)[0, :9], streams.words("a", [4], 9)[0])


def test_words_are_philox_at_the_index_in_counter_word_three():
    streams = Streams(1, "validation")
    expected = streams.generator("a", 12).bit_generator.random_raw(6)
    assert np.array_equal(streams.words("a", [12], 6)[0], expected)


@pytest.mark.parametrize(
    "other",
    [
        (Streams(1, "training"), "a", 0, 0),
        (Streams(0, "validation"), "a", 0, 0),
        (Streams(2**32, "training"), "a", 0, 0),
        (Streams(0, "training"), "b", 0, 0),
        (Streams(0, "training"), "a", 1, 0),
        (Streams(0, "training"), "a", 0, 1),
    ],
)
def test_seed_split_stream_index_and_attempt_each_give_other_words(other):
    streams, name, index, attempt = other
    words = Streams(0, "training").words("a", [0], 64)
    assert not np.intersect1d(words, streams.words(name, [index], 64, attempt)).size


def test_seed_zero_shifted_by_one_is_not_seed_one():
    shifted = Streams(0, "training").words("a", range(1, 50), 4)
    assert not np.intersect1d(shifted, Streams(1, "training").words("a", range(50), 4)).size


def test_golden_words():
    # A change here changes every data set: raise GENERATOR_VERSION with it.
    assert GENERATOR_VERSION == 2
    words = Streams(0, "training").words("num_sources", [0, 1, 10**6], 5)
    digest = hashlib.sha256(words.astype("<u8").tobytes()).hexdigest()
    assert digest == "0727b957d7a2b01058d4426eff1bc918f312f4996df4279d71bd84e402f2a890"


def test_uniforms_lie_inside_the_unit_interval_and_fill_it():
    values = Streams(0, "training").uniforms("a", range(4000), 10)
    assert 0 < values.min() < 1e-3
    assert 1 - 1e-3 < values.max() < 1
    assert abs(values.mean() - 0.5) < 5 * np.sqrt(1 / 12 / values.size)


def test_the_smallest_and_largest_word_give_uniforms_inside_the_unit_interval(monkeypatch):
    extremes = np.array([[0, 2**64 - 1]], dtype=np.uint64)
    monkeypatch.setattr(Streams, "words", lambda *args: extremes)
    assert np.array_equal(Streams(0, "test").uniforms("a", [0], 2), [[2.0**-53, 1 - 2.0**-53]])


def test_identity_holds_seed_split_version_and_index():
    row = Streams(2**32 + 7, "test").identity([2**31 - 1])[0]
    assert row.tolist() == [7, 1, 2, GENERATOR_VERSION, 2**31 - 1, 0]


def test_streams_survive_pickling():
    streams = Streams(3, "test")
    assert pickle.loads(pickle.dumps(streams)) == streams


@pytest.mark.parametrize("seed", [-1, 2**64, 1.0, "1", True, None])
def test_bad_seeds_are_refused_by_name(seed):
    with pytest.raises(ArgumentError, match="seed="):
        Streams(seed, "training")


def test_an_unknown_split_is_refused_with_the_nearest_name():
    with pytest.raises(ArgumentError, match="did you mean 'training'"):
        Streams(0, "train")
