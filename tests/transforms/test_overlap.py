from itertools import pairwise

import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.transforms.overlap import cross_faded, overlapping_spans, scaled_spans


def pieces_of(array, spans):
    return [array[start:stop] for start, stop in spans]


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (1, [(0, 1)]),
        (5, [(0, 5)]),
        (40, [(0, 40)]),
        (41, [(0, 40), (35, 41)]),
        (75, [(0, 40), (35, 75)]),
        (76, [(0, 40), (35, 75), (70, 76)]),
        (100, [(0, 40), (35, 75), (70, 100)]),
    ],
)
def test_spans_of_forty_that_overlap_by_five(length, expected):
    assert overlapping_spans(length, 40, 5) == expected


def test_all_spans_cover_the_length_and_the_last_has_something_of_its_own():
    for length in range(1, 40):
        for max_length in range(1, 12):
            for overlap in range(max_length // 2 + 1):
                spans = overlapping_spans(length, max_length, overlap)
                assert spans[0][0] == 0
                assert spans[-1][1] == length
                assert all(stop - start == max_length for start, stop in spans[:-1])
                assert all(
                    after[0] == before[1] - overlap and after[1] > before[1] for before, after in pairwise(spans)
                )


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex64])
@pytest.mark.parametrize("overlap", range(21))
def test_ones_in_ones_out(dtype, overlap):
    spans = overlapping_spans(100, 40, overlap)
    whole = cross_faded(pieces_of(np.ones((100, 2), dtype), spans), spans)
    assert whole.dtype == dtype
    assert np.array_equal(whole, np.ones((100, 2)))


def test_pieces_that_agree_are_put_together_bit_by_bit():
    array = np.random.default_rng(0).standard_normal((1000, 3), dtype=np.float32) * 1e3
    spans = overlapping_spans(1000, 37, 18)
    np.testing.assert_array_equal(cross_faded(pieces_of(array, spans), spans), array)


def test_the_end_of_a_piece_fades_linearly_into_the_next():
    whole = cross_faded([np.zeros(5), np.ones(5)], [(0, 5), (2, 7)])
    np.testing.assert_array_equal(whole, [0, 0, 0.25, 0.5, 0.75, 1, 1])


def test_pieces_are_left_as_they_are_and_may_be_of_any_kind_of_array():
    import jax.numpy as jnp

    pieces = [np.zeros(5, np.float32), jnp.ones(5)]
    pieces[0].flags.writeable = False
    assert cross_faded(pieces, [(0, 5), (2, 7)])[3] == 0.5
    assert not pieces[0].any()


def test_one_piece_is_the_whole():
    piece = np.arange(12.0).reshape(4, 3)
    whole = cross_faded([piece], [(0, 4)])
    np.testing.assert_array_equal(whole, piece)
    assert not np.shares_memory(whole, piece)


def test_spans_of_frames_are_scaled_to_samples():
    spans = overlapping_spans(100, 40, 5)
    assert scaled_spans(spans, 80) == [(0, 3200), (2800, 6000), (5600, 8000)]
    samples = np.random.default_rng(1).standard_normal(8000)
    at_samples = scaled_spans(spans, 80)
    np.testing.assert_array_equal(cross_faded(pieces_of(samples, at_samples), at_samples), samples)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 40, 5), "length=0: must be at least 1"),
        ((100, 0, 0), "max_length=0: must be at least 1"),
        ((100, 40, -1), "overlap=-1: must be at least 0"),
        ((100, 40, 21), "overlap=21: must be at most half of max_length=40, 20"),
        ((100.0, 40, 5), "length=100.0: expected an integer"),
    ],
)
def test_wrong_spans_are_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        overlapping_spans(*arguments)
    with pytest.raises(ArgumentError, match="factor=0"):
        scaled_spans([(0, 1)], 0)


@pytest.mark.parametrize(
    ("pieces", "spans", "message"),
    [
        ([], [], r"pieces: there are 0, for 0 spans"),
        ([np.ones(5)], [(0, 5), (2, 7)], r"pieces: there are 1, for 2 spans"),
        (
            [np.ones(5), np.ones(4)],
            [(0, 5), (2, 7)],
            r"pieces\[1\]: has the shape \(4,\), expected \(5,\) for its span",
        ),
        ([np.ones((5, 2)), np.ones((5, 3))], [(0, 5), (2, 7)], r"pieces\[1\]: .*expected \(5, 2\)"),
        (
            [np.ones(5), np.ones(5, np.float32)],
            [(0, 5), (2, 7)],
            r"pieces\[1\]: has dtype float32, pieces\[0\] float64",
        ),
        ([np.ones(5, np.int32)], [(0, 5)], r"pieces\[0\]: has dtype int32; expected NumPy's floating-point"),
        ([np.ones(5)], [(1, 6)], r"spans\[0\]=\(1, 6\): must begin between 0 and 0"),
        ([np.ones(5)] * 2, [(0, 5), (6, 11)], r"spans\[1\]=\(6, 11\): must begin between 0 and 5"),
        ([np.ones(5)] * 2, [(0, 5), (0, 5)], r"spans\[1\]=\(0, 5\)"),
        ([np.ones(5)] * 3, [(0, 5), (3, 8), (4, 9)], r"spans\[2\]=\(4, 9\): must begin between 5 and 8"),
    ],
)
def test_what_does_not_fit_is_named(pieces, spans, message):
    with pytest.raises(ArgumentError, match=message):
        cross_faded(pieces, spans)
