import numpy as np
import pytest

from acoupipe_grain.statistics.moments import Moments
from acoupipe_grain.statistics.row_buffer import RowBuffer


def moments_of(values, above=None, counts=None, pieces=1):
    buffer = RowBuffer(values.shape[1], above, counts is not None)
    for rows in np.array_split(np.arange(len(values)), pieces):
        buffer.add(values[rows], None if counts is None else counts[rows])
    return buffer.moments()


@pytest.mark.parametrize("num_columns", [1, 2, 3, 100, 511, 513, 4096, 20_000])
@pytest.mark.parametrize("num_values", [1, 7, 150_000])
def test_moments_are_those_of_numpy_for_wide_and_narrow_rows(num_columns, num_values):
    num_rows = max(num_values // num_columns, num_values % 10)
    values = np.random.default_rng(num_columns).normal(3, 2, (num_rows, num_columns)).astype(np.float32)
    moments = moments_of(values, pieces=3)
    exact = values.astype(np.float64)
    assert np.array_equal(moments.count, np.full(num_columns, num_rows))
    np.testing.assert_allclose(moments.mean, exact.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(moments.m2 / num_rows, exact.var(axis=0), rtol=1e-11, atol=1e-30)


def test_a_small_deviation_about_a_large_mean_keeps_all_but_the_last_digits():
    values = 1e6 + 1e-3 * np.random.default_rng(0).standard_normal((200_000, 2))
    longer = values.astype(np.longdouble)
    exact = np.sqrt(((longer - longer.mean(axis=0)) ** 2).mean(axis=0)).astype(np.float64)
    parts = [moments_of(part) for part in np.array_split(values, 7)]
    merged = parts[0]
    for part in parts[1:]:
        merged = merged.merged_with(part)
    for moments in (moments_of(values), merged):
        np.testing.assert_allclose(np.sqrt(moments.m2 / len(values)), exact, rtol=1e-13)
        np.testing.assert_allclose(moments.mean, longer.mean(axis=0).astype(np.float64), rtol=1e-15)
    sums_of_squares = (values**2).mean(axis=0) - values.mean(axis=0) ** 2
    assert np.all(np.abs(sums_of_squares - exact**2) > exact**2)


@pytest.mark.parametrize("constant", [0.1, 1e12, 3.3e38, -1e-30])
def test_what_is_constant_has_no_deviation_at_all(constant):
    values = np.full((300_001, 1), constant, np.float32)
    moments = moments_of(values, pieces=11).merged_with(moments_of(values[:12345]))
    assert moments.m2 == 0
    assert moments.mean == np.float64(np.float32(constant))


@pytest.mark.parametrize("num_columns", [1, 5, 700])
def test_only_what_counts_counts(num_columns):
    rng = np.random.default_rng(1)
    values = rng.normal(0, 1, (400, num_columns)).astype(np.float32)
    counts = rng.random(values.shape) < 0.6
    above = np.where(np.arange(num_columns) % 2, -np.inf, 0.1)
    expected = counts & (values > above)
    values[~counts] = np.nan
    moments = moments_of(values, above, counts, pieces=4)
    assert np.array_equal(moments.count, expected.sum(axis=0))
    kept = np.ma.array(values.astype(np.float64), mask=~expected)
    np.testing.assert_allclose(moments.mean, kept.mean(axis=0), rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(moments.m2 / moments.count, kept.var(axis=0), rtol=1e-11)


def test_a_column_of_which_nothing_counts_has_the_moments_of_nothing():
    moments = moments_of(np.array([[1.0, -1.0], [2.0, np.nan]]), above=np.zeros(2))
    assert [moments.count.tolist(), moments.mean.tolist(), moments.m2.tolist()] == [[2, 0], [1.5, 0.0], [0.5, 0.0]]


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_noticed_unless_it_does_not_count(wrong):
    values = np.array([[1.0, 2.0], [3.0, wrong]])
    assert not moments_of(values).is_finite
    assert not moments_of(values, above=np.array([0.0, -np.inf])).is_finite
    assert moments_of(values, counts=np.array([[True, True], [True, False]])).is_finite


def test_moments_of_nothing_change_nothing():
    some = moments_of(np.random.default_rng(2).normal(size=(9, 4)))
    for both in (some.merged_with(Moments.of_nothing(4)), Moments.of_nothing(4).merged_with(some)):
        assert [both.count.tolist(), both.mean.tolist(), both.m2.tolist()] == [
            some.count.tolist(),
            some.mean.tolist(),
            some.m2.tolist(),
        ]


def test_a_buffer_begins_anew_after_each_call():
    buffer = RowBuffer(1)
    buffer.add(np.ones((3, 1), np.float32))
    assert buffer.moments().count == 3
    assert buffer.moments().count == 0
