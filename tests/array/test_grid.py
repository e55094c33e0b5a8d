import acoular
import numpy as np
import pytest

from acoupipe_grain import RectGrid
from acoupipe_grain.errors import ArgumentError


def test_the_default_grid_has_64_by_64_points_over_the_aperture():
    grid = RectGrid.default(2.0)
    assert grid.shape == (64, 64)
    assert (grid.x_min, grid.x_max, grid.z) == (-1.0, 1.0, 1.0)


def test_positions_are_acoulars():
    grid = RectGrid(-0.3, 0.3, -0.2, 0.4, 0.7, 0.1)
    theirs = acoular.RectGrid(x_min=-0.3, x_max=0.3, y_min=-0.2, y_max=0.4, z=0.7, increment=0.1)
    assert grid.shape == (theirs.nxsteps, theirs.nysteps) == (7, 7)
    np.testing.assert_allclose(grid.positions, theirs.pos, atol=1e-15)


def test_maps_are_indexed_x_then_y():
    grid = RectGrid(0, 2, 0, 1, 0.5, (1.0, 0.5))
    assert grid.shape == (3, 3)
    x = grid.positions[0].reshape(grid.shape)
    assert np.array_equal(x[:, 0], [0, 1, 2])
    assert np.array_equal(grid.positions[1].reshape(grid.shape)[0], [0, 0.5, 1])


def test_nearest_rounds_halves_up_and_stays_on_the_grid():
    grid = RectGrid(0, 2, 0, 1, 0.5, 1.0)
    points = np.array([[0.49, 0.5], [0.5, 0.49], [9.0, -9.0]])
    assert grid.nearest(points).tolist() == [[0, 1], [1, 0], [2, 0]]


def test_distance_is_to_the_rectangle():
    grid = RectGrid(0, 1, 0, 1, 0, 0.5)
    points = np.array([[0.2, 0.3, 0.0], [0.2, 0.3, 2.0], [4.0, 0.5, 4.0]]).T
    np.testing.assert_allclose(grid.distance(points), [0, 2, 5])


def test_a_grid_may_be_a_line_or_a_point():
    assert RectGrid(0, 1, 0, 0, 1, 0.5).shape == (3, 1)
    assert RectGrid(0, 0, 0, 0, 1, 0.5).shape == (1, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"increment": 0.3}, "nearest increment that fits is 0.33"),
        ({"increment": 0}, "greater than 0"),
        ({"increment": (0.1, 0.1, 0.1)}, "a pair"),
        ({"x_max": -1}, "x_max"),
        ({"z": "near"}, "grid.z"),
        ({"y_min": float("nan")}, "grid.y_min"),
    ],
)
def test_bad_values_are_refused_by_name(change, message):
    values = {"x_min": 0, "x_max": 1, "y_min": 0, "y_max": 1, "z": 1, "increment": 0.1} | change
    with pytest.raises(ArgumentError, match=message):
        RectGrid(**values)
