import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.sampling import MAX_ATTEMPTS, place_points


def closer_than(distance):
    return lambda previous, point: np.linalg.norm(previous - point, axis=2) < distance


def seeded_draw(num_points, calls=None):
    def draw(rows, attempt):
        if calls is not None:
            calls.append(attempt)
        return np.stack([np.random.default_rng([int(row), attempt]).uniform(size=(num_points, 2)) for row in rows])

    return draw


def test_required_distances_are_kept():
    counts = np.array([6, 2, 1, 5])
    points = place_points(seeded_draw(6), counts, closer_than(0.3), "distance 0.3")
    for record, count in zip(points, counts, strict=True):
        gaps = np.linalg.norm(record[:count, None] - record[None, :count], axis=2)[np.triu_indices(count, 1)]
        assert np.all(gaps >= 0.3)


def test_a_record_does_not_depend_on_the_others():
    counts = np.array([6, 6, 6])
    together = place_points(seeded_draw(6), counts, closer_than(0.25), "distance")
    alone = place_points(seeded_draw(6), counts[:1], closer_than(0.25), "distance")
    assert np.array_equal(together[0], alone[0])


def test_points_that_fit_at_once_are_not_redrawn():
    calls = []
    place_points(seeded_draw(3, calls), np.array([3, 3]), closer_than(0.0), "distance")
    assert calls == [0]


def test_an_impossible_request_ends_with_an_error_that_says_what_cannot_be_met():
    calls = []
    with pytest.raises(ArgumentError, match=r"distance 3 m: point 2 of 2 found no place"):
        place_points(seeded_draw(2, calls), np.array([2]), closer_than(3.0), "distance 3 m")
    assert max(calls) <= MAX_ATTEMPTS
