import math
from itertools import permutations

import numpy as np
import pytest

from acoupipe_grain.errors import ArgumentError
from acoupipe_grain.training.metrics import direction_scores, position_scores


def on_horizon(*degrees):
    """Directions by azimuth."""
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles), np.zeros(len(degrees))], axis=-1)


def test_angles_of_an_example():
    scores = direction_scores(on_horizon(10.0, 350.0, 100.0), on_horizon(0.0, 95.0))
    # 10° or 350° belongs to 0°, both 10° off; 100° to 95°.
    assert scores.error.sum == pytest.approx(15.0)
    assert scores.error.num_values == 2
    assert scores.recall == (2, 2)


def test_pairs_are_made_however_far_apart():
    scores = direction_scores(on_horizon(180.0), on_horizon(0.0, 90.0))
    assert scores.error.sum == pytest.approx(90.0)
    assert scores.recall == (1, 2)
    opposite = direction_scores(on_horizon(180.0), on_horizon(0.0))
    assert opposite.error.mean == pytest.approx(180.0)


def test_small_angles_are_exact():
    scores = direction_scores(on_horizon(1e-6), on_horizon(0.0))
    assert scores.error.mean == pytest.approx(1e-6, rel=1e-6)


def test_the_sum_is_the_smallest_of_all_pairings():
    rng = np.random.default_rng(5)
    for _ in range(20):
        predicted, true = rng.normal(size=(2, 4, 3))
        unit = [vectors / np.linalg.norm(vectors, axis=1, keepdims=True) for vectors in (predicted, true)]
        angles = np.degrees(np.arccos(np.clip(unit[0] @ unit[1].T, -1, 1)))
        smallest = min(sum(angles[i, j] for i, j in enumerate(order)) for order in permutations(range(4)))
        assert direction_scores(predicted, true).error.sum == pytest.approx(smallest)


def test_directions_are_seen_from_the_centre():
    center = np.array([1.0, -2.0, 0.5])
    true, farther, above = np.array([[[0.0, 0.0, 2.0]], [[0.0, 0.0, 9.0]], [[0.0, 3.0, 3.0]]]) + center
    assert direction_scores(above, true, center).error.mean == pytest.approx(45.0)
    assert direction_scores(farther, true, center).error.mean == pytest.approx(0.0)


def test_positions_in_their_own_unit():
    scores = position_scores([[0.0, 0.0], [1.0, 0.0]], [[1.0, 2.0], [0.0, 1.0], [8.0, 8.0]])
    assert scores.error == (3.0, 2)
    assert scores.recall == (2, 3)


def test_empty_items():
    nothing = np.zeros((0, 3))
    for score in (position_scores, direction_scores):
        both = score(nothing, nothing)
        assert both.error == both.recall == (0, 0)
        assert math.isnan(both.error.mean)
        missed = score(nothing, np.ones((2, 3)))
        assert missed.error == (0, 0)
        assert missed.recall == (0, 2)
        extra = score(np.ones((2, 3)), nothing)
        assert extra.error == extra.recall == (0, 0)


def test_scores_of_items_add_up():
    together = position_scores([[0.0]], [[3.0]]) + position_scores([[0.0], [9.0]], [[1.0]])
    assert together.error == (4.0, 2)
    assert together.recall == (2, 2)


def test_what_has_no_direction_is_refused():
    with pytest.raises(ArgumentError, match=r"true\[1\]: lies at the centre"):
        direction_scores([[1.0, 0.0, 0.0]], [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    with pytest.raises(ArgumentError, match="predicted"):
        direction_scores([[1.0, 0.0]], [[1.0, 0.0, 0.0]])
    with pytest.raises(ArgumentError, match="nan"):
        position_scores([[np.nan]], [[1.0]])
