import numpy as np
import pytest

from acoupipe_grain.audio.excerpts import Excerpt, SaliencyParams, as_saliency, find_excerpt, num_tries
from acoupipe_grain.errors import ArgumentError

UNIFORMS = [0.9, 0.1, 0.5, 0.3, 0.7, 0.2, 0.6, 0.4]
LAST, LENGTH = 1000, 100


def found(loudness_of, saliency, last=LAST, uniforms=UNIFORMS):
    """Return the chosen start, and all that were tried."""
    tried = []

    def read(start):
        tried.append(start)
        return Excerpt(np.zeros((1, LENGTH), np.float32), start, loudness_of(start))

    return find_excerpt(read, last, LENGTH, uniforms, saliency).start, tried


def test_without_a_search_an_excerpt_begins_anywhere():
    for saliency in (None, SaliencyParams(enabled=False)):
        assert found(lambda start: -70.0, saliency) == (900, [900])
        assert num_tries(saliency) == 1


def test_the_first_one_that_is_loud_enough_is_taken():
    assert found(lambda start: -20.0 if start < 600 else -50.0, SaliencyParams()) == (100, [900, 100])
    assert found(lambda start: -20.0, SaliencyParams()) == (900, [900])


def test_loud_enough_is_louder_than_the_cutoff():
    assert found(lambda start: -40.0, SaliencyParams(num_tries=2))[1] == [900, 100]
    assert found(lambda start: -30.0, SaliencyParams(loudness_cutoff=-31.0))[1] == [900]


def test_otherwise_the_loudest_one_is_and_of_equal_ones_the_first():
    start, tried = found(lambda start: -60.0 + start / 100, SaliencyParams(num_tries=8))
    assert tried == [900, 100, 500, 300, 700, 200, 600, 400]
    assert start == 900
    assert found(lambda start: -70.0, SaliencyParams(num_tries=5))[0] == 900
    assert found(lambda start: -41.0 - abs(start - 300), SaliencyParams(num_tries=5))[0] == 300


def test_tries_near_the_beginning_shrink_evenly_to_one_length():
    _, tried = found(lambda start: -70.0, SaliencyParams(num_tries=4, search_function="bias_early"), uniforms=[1.0] * 4)
    assert tried == [1000, 700, 400, 100]
    _, tried = found(lambda start: -70.0, SaliencyParams(num_tries=1, search_function="bias_early"), uniforms=[1.0])
    assert tried == [1000]
    _, tried = found(lambda start: -70.0, SaliencyParams(num_tries=3, search_function="bias_early"), 30, [1.0] * 3)
    assert tried == [30, 30, 30]


def test_where_there_is_one_excerpt_only_it_is_read_once():
    assert found(lambda start: -70.0, SaliencyParams(), last=0) == (0, [0])


def test_every_start_is_equally_likely():
    uniforms = (np.arange(1100) + 0.5) / 1100
    starts = [found(lambda start: 0.0, None, 10, [uniform])[0] for uniform in uniforms]
    assert np.bincount(starts).tolist() == [100] * 11
    assert found(lambda start: 0.0, None, 10, [1 - 2.0**-53])[0] == 10


@pytest.mark.parametrize("prefix", ["", "search_", "SaliencyParams.search_"])
@pytest.mark.parametrize("name", ["uniform", "bias_early"])
def test_audiotrees_names_of_search_functions_mean_the_same(prefix, name):
    assert SaliencyParams(search_function=prefix + name) == SaliencyParams(search_function=name)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"search_function": "unifrom"}, "unknown search_function 'unifrom'; did you mean 'uniform'"),
        ({"search_function": "__import__('os').system('true')"}, "unknown search_function"),
        ({"search_function": min}, "unknown search_function"),
        ({"num_tries": 0}, "num_tries=0: must be at least 1"),
        ({"num_tries": 2.5}, "num_tries=2.5"),
        ({"enabled": 1}, "enabled=1: expected true or false"),
        ({"loudness_cutoff": "-40"}, "loudness_cutoff='-40'.*LUFS"),
        ({"loudness_cutoff": None}, "loudness_cutoff=None"),
    ],
)
def test_values_are_checked(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        SaliencyParams(**arguments)


def test_parameters_may_be_a_mapping():
    assert as_saliency({"num_tries": 3}) == SaliencyParams(num_tries=3)
    assert as_saliency(SaliencyParams(num_tries=3).to_json()) == SaliencyParams(num_tries=3)
    assert as_saliency(None) is None
    with pytest.raises(ArgumentError, match="unknown argument of saliency_params 'num_try'; did you mean 'num_tries'"):
        as_saliency({"num_try": 3})
    with pytest.raises(ArgumentError, match="saliency_params=True: expected SaliencyParams"):
        as_saliency(True)
