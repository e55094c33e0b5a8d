"""Paths by themselves: positions, velocities and speeds of lines, circles and cubic pieces."""

import numpy as np
import pytest

from acoupipe_grain.array.trajectories import CircularPath, LinearPath, PiecewiseCubicPath
from acoupipe_grain.array.trajectories.function import interpolated

LINE = LinearPath(np.array([1.0, 2.0, 0.5]), np.array([3.0, -4.0, 0.0]))
CIRCLE = CircularPath(np.array([0.1, 0.2, 0.5]), np.array([0.3, 0.0, 0.0]), np.array([0.0, 0.0, 0.3]), 20.0)
CUBIC = interpolated(np.random.default_rng(3).uniform(-0.5, 0.5, (3, 12)), 2.0)
PATHS = {"line": LINE, "circle": CIRCLE, "cubic": CUBIC}
AROUND = np.linspace(-0.3, 2.4, 5001)


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_velocities_are_the_derivative_of_positions_also_before_and_after_the_recording(path):
    step = 1e-6
    # Away from the times at which pieces meet: there the second derivative may jump.
    measured = (path.positions(AROUND + step) - path.positions(AROUND - step)) / (2 * step)
    np.testing.assert_allclose(path.velocities(AROUND), measured, atol=1e-4)


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_states_are_positions_and_velocities(path):
    positions, velocities = path.states(AROUND)
    assert positions.shape == velocities.shape == (3, AROUND.size)
    assert positions.dtype == velocities.dtype == np.float64
    assert np.array_equal(positions, path.positions(AROUND))
    assert np.array_equal(velocities, path.velocities(AROUND))


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS)
def test_no_speed_exceeds_the_top_speed(path):
    speeds = np.linalg.norm(path.velocities(AROUND), axis=0)
    assert speeds.max() <= path.top_speed * (1 + 1e-12)
    assert speeds.max() > 0.7 * path.top_speed


def test_a_circle_returns_after_a_revolution():
    period = 2 * np.pi / 20.0
    start, quarter, half, whole = CIRCLE.positions(period * np.array([0.0, 0.25, 0.5, 1.0])).T
    np.testing.assert_allclose(start, [0.4, 0.2, 0.5], atol=1e-15)
    np.testing.assert_allclose(quarter, [0.1, 0.2, 0.8], atol=1e-15)
    np.testing.assert_allclose(half, [-0.2, 0.2, 0.5], atol=1e-15)
    np.testing.assert_allclose(whole, start, atol=1e-15)


def test_interpolation_goes_through_the_positions_and_straight_on_beyond_them():
    given = np.random.default_rng(3).uniform(-0.5, 0.5, (3, 12))
    np.testing.assert_allclose(CUBIC.positions(np.linspace(0, 2, 12)), given, atol=1e-14)
    for end, beyond in ((0.0, -0.2), (2.0, 0.2)):
        at_end = CUBIC.positions(np.array([end])) + CUBIC.velocities(np.array([end])) * beyond
        np.testing.assert_allclose(CUBIC.positions(np.array([end + beyond])), at_end, atol=1e-13)


def test_a_smooth_path_is_interpolated_to_the_stated_error():
    times = np.linspace(0.0, 1.0, 1001)
    path = interpolated(np.stack([np.cos(30 * times), np.sin(30 * times), times]), 1.0)
    between = np.linspace(0.05, 0.95, 777)
    error = path.positions(between) - np.stack([np.cos(30 * between), np.sin(30 * between), between])
    assert np.abs(error).max() <= 1.01 * 1e-12 / 384 * 30**4


def test_a_single_piece_is_a_path():
    coefficients = np.zeros((4, 3, 1))
    coefficients[1, 0] = 2.0
    path = PiecewiseCubicPath(coefficients, 1.0)
    np.testing.assert_allclose(path.positions(np.array([-1.0, 0.0, 0.5, 1.0, 2.0]))[0], [-2, 0, 1, 2, 4])
    assert path.top_speed == 2.0
