"""Points of a measurement: the grid they make, the nearest of them, and rows of tables about them."""

import pickle

import numpy as np
import pytest

import acoupipe_grain as apg
from acoupipe_grain.array.locations import as_locations
from acoupipe_grain.array.measured_locations import MeasuredLocations
from acoupipe_grain.array.remembered_rows import RememberedRows
from acoupipe_grain.array.responses.measured_grid import grid_of
from acoupipe_grain.seeding import Streams


class TestGrid:
    def test_points_in_any_order_make_their_grid(self):
        grid = apg.RectGrid(-0.5, 0.7, -0.2, 0.2, 0.734, (0.3, 0.1))
        points = grid.positions[:, np.random.default_rng(0).permutation(grid.size)]
        found = grid_of(points)
        assert found.shape == (5, 5)
        np.testing.assert_allclose(found.positions, grid.positions, atol=1e-12)

    def test_small_errors_of_position_do_not_matter(self):
        grid = apg.RectGrid(-0.7, 0.7, -0.7, 0.7, 0.734, 1.4 / 63)
        points = grid.positions + np.random.default_rng(0).uniform(-1e-4, 1e-4, (3, grid.size))
        assert grid_of(points).shape == (64, 64)

    @pytest.mark.parametrize(
        "change",
        [
            lambda points: points[:, :-1],  # one is missing
            lambda points: np.concatenate([points[:, :-1], points[:, :1]], axis=1),  # one is there twice
            lambda points: points * np.array([[1.0], [1.0], [1.0]]) + np.array([[0.0], [0.0], [1.0]]) * points[:1],
            lambda points: np.sign(points) * np.abs(points) ** 1.5,  # unequal steps
            lambda points: points[:, :5],  # a line
            lambda points: points[:, :1],
        ],
        ids=["missing", "twice", "tilted", "unequal", "line", "single"],
    )
    def test_other_points_make_none(self, change):
        points = apg.RectGrid(-0.4, 0.4, -0.4, 0.4, 0.5, 0.2).positions
        assert grid_of(change(points)) is None


class TestLocations:
    @pytest.fixture
    def setup(self):
        grid = {"x_min": -0.4, "x_max": 0.4, "y_min": -0.4, "y_max": 0.4, "z": 0.5, "increment": 0.2}
        return apg.MeasurementSetup(grid=grid)

    def test_sources_are_drawn_as_often_as_positions_are_nearest(self, setup):
        points = setup.grid.positions.T
        locations = MeasuredLocations(setup, as_locations(None, setup, 1), points)
        records = np.arange(20_000)
        counts = np.ones(20_000, dtype=int)
        drawn = locations.candidates(Streams(3, "training"), records, counts, 0)[:, 0]
        share = np.mean(np.all(np.abs(drawn - [0.0, 0.0, 0.5]) < 1e-9, axis=1))
        # A normal variable of 0.1688 m, truncated to 0.4 m, is within 0.1 m of the centre in x and in y.
        from scipy.stats import norm

        one = (2 * norm.cdf(0.1 / 0.1688) - 1) / (2 * norm.cdf(0.4 / 0.1688) - 1)
        assert share == pytest.approx(one**2, abs=4 * np.sqrt(one**2 * (1 - one**2) / 20_000))

    def test_positions_beyond_the_grid_are_redrawn_and_not_moved_to_its_edge(self, setup):
        given = as_locations({"dist": "uniform", "loc": -2.0, "scale": 4.0}, setup, 1)
        locations = MeasuredLocations(setup, given, setup.grid.positions.T)
        drawn = locations.candidates(Streams(3, "training"), np.arange(500), np.ones(500, dtype=int), 0)[:, 0]
        beyond = np.any(np.abs(drawn[:, :2]) > 0.4 + 1e-9, axis=1)
        assert 0.9 < np.mean(beyond) < 0.99
        np.testing.assert_array_equal(locations.outside(drawn), beyond)

    def test_sources_nearer_than_half_the_smallest_distance_share_a_point(self, setup):
        points = np.array([[0.0, 0.0, 0.5], [0.3, 0.0, 0.5], [0.3, 0.05, 0.5]])
        locations = MeasuredLocations(setup, as_locations(None, setup, 1), points)
        assert locations.least_distance == pytest.approx(0.025)

    def test_a_single_point_is_enough_for_a_single_source(self, setup):
        locations = MeasuredLocations(setup, as_locations(None, setup, 1), np.array([[0.1, 0.0, 0.5]]))
        assert locations.least_distance > 0
        assert locations.on_plane


class TestRememberedRows:
    def test_rows_are_computed_once_when_they_are_asked_for(self):
        asked = []

        def squares(numbers):
            asked.append(numbers.tolist())
            return (numbers**2)[:, None] * np.ones(3)

        rows = RememberedRows(squares, 10, (3,), "float64")
        np.testing.assert_array_equal(rows[np.array([3, 1, 3])][:, 0], [9, 1, 9])
        np.testing.assert_array_equal(rows[np.array([1, 4])][:, 0], [1, 16])
        assert asked == [[1, 3], [4]]

    def test_what_is_returned_can_be_changed(self):
        rows = RememberedRows(lambda numbers: numbers[:, None] * np.ones(2), 5, (2,), "float32")
        rows[np.array([2])][:] = 7
        np.testing.assert_array_equal(rows[np.array([2])], [[2, 2]])

    def test_a_pickled_table_is_empty_and_computes_again(self):
        rows = RememberedRows(np.square, 100_000, (), "float64")
        assert rows[np.array([7])] == [49]
        stored = pickle.dumps(rows)
        assert len(stored) < 1000
        assert pickle.loads(stored)[np.array([7, 8])].tolist() == [49, 64]
