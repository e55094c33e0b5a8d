from itertools import combinations, permutations

import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.metrics import match


def best_of_all(distances, tolerance):
    """(number of pairs, smallest sum of distances) over every one-to-one choice of pairs within the tolerance."""
    num_predicted, num_true = distances.shape
    for size in range(min(num_predicted, num_true), 0, -1):
        sums = []
        for rows in combinations(range(num_predicted), size):
            for columns in permutations(range(num_true), size):
                chosen = distances[list(rows), list(columns)]
                if (chosen <= tolerance).all():
                    sums.append(chosen.sum())
        if sums:
            return size, min(sums)
    return 0, 0.0


def test_the_nearer_pairing_is_taken():
    matches = match([[0.0, 0.0], [1.0, 0.0]], [[0.9, 0.0], [0.2, 0.0]], 0.5)
    assert matches.predicted.tolist() == [0, 1]
    assert matches.true.tolist() == [1, 0]
    np.testing.assert_allclose(matches.distances, [0.2, 0.1])


def test_two_pairs_come_before_one_that_is_nearer():
    # The prediction at 1 is 0.1 from the source at 1.1; taking that leaves the one at 1.9 nothing within 1.
    predicted, true = [[1.0], [1.9]], [[1.1], [0.1]]
    matches = match(predicted, true, 1.0)
    assert matches.true.tolist() == [1, 0]
    np.testing.assert_allclose(matches.distances, [0.9, 0.8])


def test_the_number_of_pairs_is_largest_and_their_sum_smallest():
    rng = np.random.default_rng(3)
    for _ in range(300):
        num_predicted, num_true = rng.integers(1, 5, 2)
        predicted, true = rng.uniform(size=(num_predicted, 2)), rng.uniform(size=(num_true, 2))
        tolerance = rng.choice([0.05, 0.2, 0.5, 2.0])
        matches = match(predicted, true, tolerance)
        distances = np.linalg.norm(predicted[:, None] - true[None], axis=-1)
        size, total = best_of_all(distances, tolerance)
        assert len(matches.predicted) == size
        assert matches.distances.sum() == pytest.approx(total, abs=1e-12)
        assert (matches.distances <= tolerance).all()
        assert len(set(matches.predicted.tolist())) == len(set(matches.true.tolist())) == size


def test_one_more_pair_is_worth_any_distance_also_among_many():
    # A chain: each prediction lies 0.99 below its source and 0.01 above the one before, so all pairs are long ones.
    true = np.arange(40.0)[:, None]
    matches = match(true - 0.99, true, 1.0)
    assert len(matches.predicted) == 40
    assert matches.distances.sum() == pytest.approx(40 * 0.99)


def test_the_tolerance_is_included():
    assert len(match([[0.0, 0.0]], [[3.0, 4.0]], 5.0).predicted) == 1
    assert len(match([[0.0, 0.0]], [[3.0, 4.0]], 4.999).predicted) == 0


def test_everything_at_one_point_is_paired_once():
    matches = match(np.ones((4, 3)), np.ones((2, 3)), 0.1)
    assert sorted(matches.true.tolist()) == [0, 1]
    assert matches.distances.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(("num_predicted", "num_true"), [(0, 0), (0, 3), (3, 0)])
def test_nothing_is_paired_with_nothing(num_predicted, num_true):
    matches = match(np.zeros((num_predicted, 3)), np.zeros((num_true, 3)), 0.1)
    assert [array.shape for array in matches] == [(0,), (0,), (0,)]


@pytest.mark.parametrize(
    ("predicted", "true", "tolerance", "words"),
    [
        ([[np.nan, 0.0]], [[0.0, 0.0]], 0.1, r"predicted\[0, 0\]=nan"),
        ([[0.0, 0.0]], [[0.0, np.inf]], 0.1, r"true\[0, 1\]=inf"),
        ([[0.0, 0.0]], [[0.0, 0.0, 0.0]], 0.1, "predicted"),
        ([0.0, 0.0], [[0.0, 0.0]], 0.1, "predicted"),
        ([[0.0, 0.0]], [[0.0, 0.0]], 0.0, "tolerance"),
        ([[0.0, 0.0]], [[0.0, 0.0]], np.nan, "tolerance"),
    ],
)
def test_what_is_no_position_or_tolerance_is_refused(predicted, true, tolerance, words):
    with pytest.raises(ArgumentError, match=words):
        match(predicted, true, tolerance)
